#include <algorithm>

#include "cli/terminal.h"
#include "commands.h"

namespace st::streamctl {
namespace {

/// A server that says nothing for so long is asked for a sign of life; as long again, and it is
/// gone.
constexpr std::chrono::seconds kSilence{20};

/// Calls `on_event` until it returns false, the time is up (75) or Ctrl-C came (130).
template <class OnEvent>
int follow(Door& door, std::optional<milliseconds> timeout, Talk& talk, OnEvent on_event) {
    Link& link = door.link();
    const auto end = timeout ? Clock::now() + *timeout : Clock::time_point::max();
    bool asked = false;
    for (;;) {
        while (const auto event = link.take_event()) {
            asked = false;
            if (!on_event(*event)) return cli::kDone;
        }
        if (const auto lost = link.take_lost()) {
            talk.trouble(std::to_string(lost) + " events were left out: they came too fast");
        }
        const auto next_doubt = link.heard() + kSilence * (asked ? 2 : 1);
        switch (link.wait(std::min<Clock::time_point>(end, next_doubt))) {
            case Wire::Woke::news:
                asked = false;
                continue;
            case Wire::Woke::interrupted:
                return cli::kInterrupted;
            case Wire::Woke::time:
                if (Clock::now() >= end) return cli::kNoAnswer;
                if (std::exchange(asked, true)) throw link.no_answer();
                link.ping();
        }
    }
}

}  // namespace

int run_events(const Options& options, Door& door, Talk& talk) {
    door.subscribe({options.events.types, options.events.since});
    std::uint64_t left = options.events.count;
    return follow(door, options.timeout, talk, [&](const RpcEvent& event) {
        talk.result(event.json);
        cli::flush_output();
        return std::cout && (options.events.count == 0 || --left > 0);
    });
}

int run_wait(const Options& options, Door& door, Talk& talk) {
    const std::string& type = options.events.types.front();
    door.subscribe({{type}, std::nullopt});
    const int exit_code = follow(door, options.timeout, talk, [&](const RpcEvent& event) {
        talk.result(event.json);
        return false;
    });
    if (exit_code == cli::kNoAnswer) {
        throw Failed(cli::kNoAnswer, type + ": did not happen within " +
                                         std::to_string(options.timeout->count()) + " ms");
    }
    return exit_code;
}

}  // namespace st::streamctl
