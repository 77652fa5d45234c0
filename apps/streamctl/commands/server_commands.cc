/// Commands about the server itself.
#include <chrono>

#include "base/clock.h"
#include "base/nearest.h"
#include "base/rough_time.h"
#include "base/units.h"
#include "base/when.h"
#include "control/configuration.h"
#include "control/status.h"
#include "streamctl/commands/commands.h"
#include "streamctl/console/table.h"

namespace st::streamctl {
namespace {

/// "recording" is above "recording.path", "listeners" above "listeners[0].port".
bool is_below(const std::string& key, const std::string& wanted) {
    if (!key.starts_with(wanted)) return false;
    return key.size() == wanted.size() || key[wanted.size()] == '.' || key[wanted.size()] == '[';
}

}  // namespace

int run_status(const Options&, ApiClient& client, Console& console) {
    const std::string body = client.ask("server.status");
    const auto status = understood(control::decode_status(body));
    if (console.json()) {
        console.body(body);
        return cli::kDone;
    }
    console.field("version", status.version);
    console.field("up", clock_text(status.uptime_ms) + ", since " + local_time(status.started_at));
    console.field("cameras", std::to_string(status.cameras_connected) + " connected, " +
                                 std::to_string(status.cameras_recording) + " recording, " +
                                 counted(status.sessions_finalising, "recording") +
                                 " being finished");
    console.field("connections", std::to_string(status.connections));
    console.field("received", counted(status.frames, "message") + ", " + human_bytes(status.bytes) +
                                  ", " + std::to_string(status.bad) + " malformed");
    const bool is_room_known = status.disk_free_bytes && status.disk_total_bytes;
    console.field("recordings",
                  status.recordings_path + ", " +
                      (is_room_known ? human_bytes(*status.disk_free_bytes) + " of " +
                                           human_bytes(*status.disk_total_bytes) + " free"
                                     : "free space unknown: the disk does not answer"));
    if (status.disk_seconds_left) {
        const auto left =
            std::chrono::seconds(static_cast<std::int64_t>(*status.disk_seconds_left));
        console.field("disk lasts", "about " + rough_time(left) + " at the present rate, " +
                                        human_bytes(status.bytes_per_second) + "/s");
    }
    for (const std::string& url : status.urls) console.field("camera url", url);
    for (std::size_t i = 0; i < status.loops.size(); ++i) {
        const control::LoopStatus& loop = status.loops[i];
        console.field("loop " + std::to_string(i),
                      counted(loop.connections, "connection") + ", longest turn " +
                          fixed(static_cast<double>(loop.busy_max_us) / 1000, 1) + " ms");
    }
    return cli::kDone;
}

int run_config(const Options& options, ApiClient& client, Console& console) {
    const std::string body = client.ask("server.config");
    if (console.json() && options.config_keys.empty()) {
        console.body(body);
        return cli::kDone;
    }
    const auto list = understood(control::decode_list(body));
    int exit_code = cli::kDone;
    const auto print = [&](const std::string& wanted) {
        bool found = wanted.empty();
        std::vector<std::string> keys;
        for (const std::string& item : list.items) {
            const auto entry = understood(control::decode_config_entry(item));
            keys.push_back(entry.key);
            if (!wanted.empty() && !is_below(entry.key, wanted)) continue;
            found = true;
            console.json()
                ? console.body(item)
                : console.result(entry.key + " = " + entry.value + "  // " + entry.source);
        }
        if (found) return;
        const std::string near = nearest(wanted, keys);
        console.trouble("there is no configuration key " + wanted +
                        (near.empty() ? "" : "; did you mean " + near + "?"));
        exit_code = cli::kRefused;
    };
    if (options.config_keys.empty()) print("");
    for (const std::string& key : options.config_keys) print(key);
    return exit_code;
}

int run_reload(const Options&, ApiClient& client, Console& console) {
    const std::string body = client.ask_as_client("server.reload", {});
    const auto reply = understood(control::decode_reload_reply(body));
    if (console.json()) {
        console.body(body);
        return cli::kDone;
    }
    for (const std::string& key : reply.changed) console.result(key);
    for (const std::string& key : reply.needs_restart) {
        console.trouble(key + " has changed; the new value takes effect after a restart");
    }
    if (reply.changed.empty() && reply.needs_restart.empty()) console.note("nothing has changed");
    return cli::kDone;
}

}  // namespace st::streamctl
