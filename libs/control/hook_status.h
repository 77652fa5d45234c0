#pragma once
/// hooks.*: whom the server tells what happens, and how that goes. Pure: values and their JSON.
/// Spec: docs/hooks.md. GET /api/v1/hooks.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/error.h"

namespace st::control {

/// `ended`: the target answered 410; a reload or restart tries again. `broken`: its journal cannot
/// be opened.
enum class HookState : std::uint8_t { idle, sending, waiting, ended, broken };

struct HookStatus {
    /// Of its journal, for as long as there is that; none: it could not be opened so far.
    std::optional<std::string> id;
    std::string url;  ///< without passwords and path
    std::string format;
    std::vector<std::string> events;
    HookState state = HookState::idle;
    std::uint64_t queued = 0;  ///< messages that wait, the one under way included
    std::uint64_t queued_bytes = 0;
    std::optional<std::string> oldest_at;      ///< when the oldest of those happened
    std::uint64_t attempts = 0;                ///< in vain, for the oldest
    std::optional<std::string> next_at;        ///< when it is tried again
    std::optional<std::string> last_error;     ///< the target's, at the last attempt
    std::optional<std::string> journal_error;  ///< the disk's, at the last write
    std::uint64_t delivered = 0;               ///< since the server's start
    std::uint64_t dropped = 0;   ///< likewise: never queued, since the journal was full
    std::uint64_t given_up = 0;  ///< likewise: after the last attempt
    std::uint64_t failed = 0;    ///< given up, kept for a replay
    bool operator==(const HookStatus&) const = default;
};
std::string encode(const HookStatus& status);
Decoded<HookStatus> decode_hook_status(std::string_view body);

/// hooks.failed: a message that was given up.
struct FailedHook {
    std::string id;
    std::string url;
    std::string type;
    std::string time;
    std::uint64_t attempts = 0;
    std::string error;
    bool operator==(const FailedHook&) const = default;
};
std::string encode(const FailedHook& failed);
Decoded<FailedHook> decode_failed_hook(std::string_view body);

/// How long the server waits for the target of hooks.test: notify::HttpPost's time-out.
constexpr std::chrono::milliseconds kHookPatience{15'000};

/// hooks.test: one message sent at once, past the queue.
struct HookTestRequest {
    std::string url;  ///< as it is configured or listed, or the target's id
    std::string client;
};
Decoded<HookTestRequest> decode_hook_test_request(std::string_view body);
std::string encode(const HookTestRequest& request);

struct HookTestReply {
    bool ok = false;
    std::uint64_t status = 0;          ///< HTTP status; 0: no answer
    std::optional<std::string> error;  ///< why there was none
    std::uint64_t took_ms = 0;
};
std::string encode(const HookTestReply& reply);
Decoded<HookTestReply> decode_hook_test_reply(std::string_view body);

std::string_view to_text(HookState state);

}  // namespace st::control
