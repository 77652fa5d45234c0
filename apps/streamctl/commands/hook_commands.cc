/// Hooks: how their deliveries go, what was given up, tries by hand.

#include "control/hook_status.h"
#include "streamctl/client/printable.h"
#include "streamctl/client/who.h"
#include "streamctl/commands/listing.h"

namespace st::streamctl {
namespace {

/// A disk that loses messages comes before a target that will get them later.
std::string error_of(const control::HookStatus& hook) {
    if (hook.journal_error) return "journal: " + *hook.journal_error;
    return hook.last_error.value_or("-");
}

std::vector<std::string> hook_row(const control::HookStatus& hook) {
    return {printable(hook.id.value_or("-")),
            printable(hook.url),
            std::string(control::to_text(hook.state)),
            std::to_string(hook.queued),
            std::to_string(hook.delivered),
            std::to_string(hook.failed),
            std::to_string(hook.dropped),
            hook.next_at ? local_time(*hook.next_at) : "-",
            printable(error_of(hook))};
}

int list_hooks(ApiClient& client, Console& console) {
    return print_list(client, console,
                      {"hooks.list",
                       {{"ID"},
                        {"URL", false, 4},
                        {"STATE"},
                        {"QUEUED", true},
                        {"DELIVERED", true, 2},
                        {"FAILED", true, 2},
                        {"DROPPED", true, 2},
                        {"NEXT TRY", false, 3},
                        {"LAST ERROR", false, 1}},
                       "no hooks are configured"},
                      control::decode_hook_status, hook_row);
}

int list_failed(ApiClient& client, Console& console) {
    return print_list(
        client, console,
        {"hooks.failed",
         {{"ID"}, {"TYPE"}, {"TIME", false, 2}, {"URL", false, 3}, {"ERROR", false, 1}},
         "no message was given up"},
        control::decode_failed_hook, [](const control::FailedHook& failed) {
            return std::vector{printable(failed.id), printable(failed.type),
                               local_time(failed.time), printable(failed.url),
                               printable(failed.error)};
        });
}

int replay(const std::string& id, ApiClient& client, Console& console) {
    const std::string body = client.ask_as_client("hooks.replay", json::Object{{"id", id}});
    console.json() ? console.body(body) : console.note(printable(id) + ": waits to be sent again");
    return cli::kDone;
}

int test(const std::string& target, ApiClient& client, Console& console) {
    const std::string body =
        client.ask("hooks.test", control::encode(control::HookTestRequest{target, who()}),
                   control::kHookPatience);
    const auto reply = understood(control::decode_hook_test_reply(body));
    if (console.json()) {
        console.body(body);
    } else {
        const std::string what =
            reply.status > 0 ? "HTTP " + std::to_string(reply.status) : reply.error.value_or("");
        console.note("answered after " + std::to_string(reply.took_ms) + " ms: " + printable(what));
    }
    return reply.ok ? cli::kDone : cli::kRefused;
}

}  // namespace

int run_hooks(const Options& options, ApiClient& client, Console& console) {
    const std::string& command = options.command.back();
    if (command == "failed") return list_failed(client, console);
    if (command == "replay") return replay(options.hook, client, console);
    if (command == "test") return test(options.hook, client, console);
    return list_hooks(client, console);
}

}  // namespace st::streamctl
