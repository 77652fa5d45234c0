#include <algorithm>

#include "base/units.h"
#include "cli/terminal.h"
#include "streamctl/commands/commands.h"
#include "streamctl/console/table.h"

namespace st::streamctl {
namespace {

/// Calls `on_event` until it returns false, the time is up (75) or Ctrl-C came (130).
template <class OnEvent>
int follow(ApiClient& client, std::optional<milliseconds> timeout, Console& console,
           OnEvent on_event) {
    RpcConnection& connection = client.connection();
    const auto end = timeout ? Clock::now() + *timeout : Clock::time_point::max();
    for (;;) {
        while (const auto event = connection.take_event()) {
            if (!on_event(*event)) return cli::kDone;
        }
        if (const auto lost = connection.take_lost()) {
            console.trouble(counted(lost, "event") + (lost == 1 ? " was" : " were") +
                            " lost: they came faster than they were read");
        }
        switch (connection.wait(std::min<Clock::time_point>(end, connection.next_doubt()))) {
            case Connection::Woke::news:
                continue;
            case Connection::Woke::interrupted:
                return cli::kInterrupted;
            case Connection::Woke::time:
                if (Clock::now() >= end) return cli::kNoAnswer;
                connection.doubt();
        }
    }
}

}  // namespace

int run_events(const Options& options, ApiClient& client, Console& console) {
    client.subscribe({options.events.types, options.events.since});
    std::uint64_t left = options.events.count;
    return follow(client, options.timeout, console, [&](const RpcEvent& event) {
        console.body(event.json);
        cli::flush_output();
        return std::cout && (options.events.count == 0 || --left > 0);
    });
}

int run_wait(const Options& options, ApiClient& client, Console& console) {
    const std::string& type = options.events.types.front();
    client.subscribe({{type}, std::nullopt});
    const int exit_code = follow(client, options.timeout, console, [&](const RpcEvent& event) {
        console.body(event.json);
        return false;
    });
    if (exit_code == cli::kNoAnswer) {
        throw Failed(cli::kNoAnswer,
                     type + " did not happen within " + format_duration(*options.timeout));
    }
    return exit_code;
}

}  // namespace st::streamctl
