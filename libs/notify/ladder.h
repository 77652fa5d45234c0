#pragma once
/// When a message is tried again. Pure; any thread.
/// Spec: Standard Webhooks 1.0, "Deliverability and reliability".
#include <chrono>
#include <cstdint>
#include <optional>

namespace st::notify {

/// After `attempts` that failed (1 and more): 5 s, 5 min, 30 min, 2, 5, 10, 14, 20, 24 h, and up to
/// a tenth more by `jitter` (0..1), so that servers which lost one target together do not come back
/// to it together. `retry_after`: what the target asked for, obeyed up to a day. nullopt: it was
/// the last.
std::optional<std::chrono::milliseconds> retry_delay(
    unsigned attempts, double jitter, std::optional<std::chrono::seconds> retry_after);

constexpr std::chrono::milliseconds kRetryDelayMax =
    std::chrono::milliseconds(std::chrono::hours(24)) * 11 / 10;

}  // namespace st::notify
