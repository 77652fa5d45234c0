#include "capture/camera_clock.h"

#include <string>

#include "base/clock.h"

namespace st::capture {
namespace {

/// A picture older than that is no news: it waited for a connection.
constexpr std::int64_t kLateUs = 2'000'000;
/// Live streams count milliseconds.
constexpr std::int64_t kMillisecondUs = 1000;

/// Worth an event: half or twice of what was told last.
bool is_other_bound(std::int64_t told_us, std::int64_t now_us) {
    return told_us == 0 || now_us * 2 <= told_us || now_us >= told_us * 2;
}

}  // namespace

bool CameraClock::begin(const camera::ClockAbilities& abilities) {
    unit_ = abilities.unit;
    exchanges_.begin(abilities);
    return abilities.has_exchange;
}

std::optional<clock::Exchange> CameraClock::on_reply(const camera::ClockReply& reply,
                                                     std::int64_t now_ns) {
    const auto exchange = exchanges_.on_reply(reply, now_ns);
    if (exchange) latest_ = clock::latest_standing(exchanges_.clock());
    return exchange;
}

ClockTold CameraClock::standing() const {
    return {clock::latest_standing(exchanges_.clock()), unit_};
}

bool CameraClock::has_news() const {
    return exchanges_.clock().jumps() != jumps_told_ ||
           is_other_bound(bound_told_us_, latest_.bound_us);
}

Happened CameraClock::tell(const std::string& camera) {
    const std::uint64_t jumps = exchanges_.clock().jumps();
    const bool has_jumped = jumps != jumps_told_;
    bound_told_us_ = latest_.bound_us;
    jumps_told_ = jumps;
    return {"camera.clock",
            {{"camera", camera},
             {"method", std::string(clock::to_string(latest_.method))},
             {"bound_us", static_cast<std::uint64_t>(latest_.bound_us)},
             {"rtt_us", static_cast<std::uint64_t>(latest_.rtt_us.value_or(0))},
             {"exchanges", latest_.exchanges},
             {"jumps", jumps}},
            has_jumped ? LogLevel::warning : LogLevel::info};
}

std::optional<CameraClock::Instant> CameraClock::instant_of(std::uint64_t timestamp,
                                                            std::int64_t arrival_ns) const {
    if (latest_.method != clock::Method::exchange) return std::nullopt;
    const std::int64_t monotonic_to_wall = wall_us() - arrival_ns / 1000;
    return Instant{
        static_cast<std::int64_t>(to_ms(timestamp)) * 1000 + latest_.offset_us + monotonic_to_wall,
        latest_.bound_us + kMillisecondUs};
}

bool CameraClock::is_late(std::uint64_t timestamp, std::int64_t arrival_ns) const {
    if (exchanges_.awaits_first()) return true;
    const auto now = exchanges_.device_time(arrival_ns);
    return now && camera::to_us(timestamp, unit_) + kLateUs < camera::to_us(*now, unit_);
}

}  // namespace st::capture
