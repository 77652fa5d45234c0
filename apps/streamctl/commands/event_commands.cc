#include <algorithm>

#include "base/units.h"
#include "cli/terminal.h"
#include "streamctl/commands/commands.h"

namespace st::streamctl {
namespace {

/// A server that says nothing for so long is asked for a sign of life; as long again, and it is
/// gone.
constexpr std::chrono::seconds kSilence{20};

/// Calls `on_event` until it returns false, the time is up (75) or Ctrl-C came (130).
template <class OnEvent>
int follow(ApiClient& client, std::optional<milliseconds> timeout, Console& console,
           OnEvent on_event) {
    RpcConnection& connection = client.connection();
    const auto end = timeout ? Clock::now() + *timeout : Clock::time_point::max();
    bool asked = false;
    for (;;) {
        while (const auto event = connection.take_event()) {
            asked = false;
            if (!on_event(*event)) return cli::kDone;
        }
        if (const auto lost = connection.take_lost()) {
            console.trouble(std::to_string(lost) +
                            " events were lost: they came faster than they were read");
        }
        const auto next_doubt = connection.heard() + kSilence * (asked ? 2 : 1);
        switch (connection.wait(std::min<Clock::time_point>(end, next_doubt))) {
            case Connection::Woke::news:
                asked = false;
                continue;
            case Connection::Woke::interrupted:
                return cli::kInterrupted;
            case Connection::Woke::time:
                if (Clock::now() >= end) return cli::kNoAnswer;
                if (std::exchange(asked, true)) throw connection.no_answer();
                connection.ping();
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
