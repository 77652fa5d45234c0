#include "hub/statistics.h"

#include <algorithm>

namespace st::hub {
namespace {

constexpr double kShortestS = 0.5;

std::int64_t second_of(std::int64_t now_ns) { return now_ns / 1'000'000'000; }

}  // namespace

Statistics::Second& Statistics::second_at(std::int64_t now_ns) {
    const std::int64_t number = second_of(now_ns);
    if (first_ns_ < 0) first_ns_ = now_ns;
    Second& second = seconds_[static_cast<std::size_t>(number) % kSeconds];
    if (second.number != number) second = {number, 0, 0};
    return second;
}

void Statistics::add_unseen(std::size_t bytes, bool is_picture, std::int64_t now_ns) {
    Second& second = second_at(now_ns);
    bytes_ += bytes;
    second.bytes += bytes;
    ++packets_;
    if (!is_picture) return;
    ++pictures_;
    ++second.pictures;
}

void Statistics::add(const media::Packet& packet, std::int64_t now_ns) {
    const bool is_picture =
        packet.track == media::Track::video && !packet.is_config && packet.track_id == 0;
    add_unseen(packet.payload.size(), is_picture, now_ns);
    add_key(packet);
}

void Statistics::add_key(const media::Packet& packet) {
    const bool is_key = packet.track == media::Track::video && !packet.is_config && packet.is_key &&
                        packet.track_id == 0;
    if (!is_key) return;
    if (last_key_ms_ >= 0) key_interval_ms_ = packet.dts_ms - last_key_ms_;
    last_key_ms_ = packet.dts_ms;
}

Rates Statistics::rates_since_beginning(std::int64_t now_ns) const {
    const double seconds = static_cast<double>(now_ns - first_ns_) / 1e9;
    if (seconds < kShortestS) return {};
    const double fps = static_cast<double>(pictures_) / seconds;
    const auto bits = static_cast<std::uint64_t>(static_cast<double>(bytes_) * 8 / seconds);
    return {fps, fps, bits, bits};
}

Rates Statistics::rates(std::int64_t now_ns) const {
    Rates rates;
    if (first_ns_ < 0) return rates;
    const std::int64_t now = second_of(now_ns);
    // The second of the beginning is not a whole one.
    const std::int64_t whole = std::min<std::int64_t>(now - second_of(first_ns_) - 1, 10);
    if (whole < 1) return rates_since_beginning(now_ns);
    std::uint64_t bytes_10 = 0;
    std::uint64_t pictures_10 = 0;
    for (const Second& second : seconds_) {
        if (second.number < 0 || second.number >= now || second.number < now - whole) continue;
        bytes_10 += second.bytes;
        pictures_10 += second.pictures;
        if (second.number == now - 1) {
            rates.bits_per_second_1s = second.bytes * 8;
            rates.fps_1s = second.pictures;
        }
    }
    rates.bits_per_second_10s = bytes_10 * 8 / static_cast<std::uint64_t>(whole);
    rates.fps_10s = static_cast<double>(pictures_10) / static_cast<double>(whole);
    return rates;
}

}  // namespace st::hub
