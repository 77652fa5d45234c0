#include "hub/statistics.h"

#include <algorithm>

namespace st::hub {
namespace {

std::int64_t second_of(std::int64_t now_ns) { return now_ns / 1'000'000'000; }

}  // namespace

Statistics::Second& Statistics::second_at(std::int64_t now_ns) {
    const std::int64_t number = second_of(now_ns);
    if (first_second_ < 0) first_second_ = number;
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
    const bool is_picture = packet.track == media::Track::video && !packet.is_config;
    add_unseen(packet.payload.size(), is_picture, now_ns);
    if (!is_picture) return;
    if (!packet.is_key) return;
    if (last_key_ms_ >= 0) key_interval_ms_ = packet.dts_ms - last_key_ms_;
    last_key_ms_ = packet.dts_ms;
}

Rates Statistics::rates(std::int64_t now_ns) const {
    Rates rates;
    if (first_second_ < 0) return rates;
    const std::int64_t now = second_of(now_ns);
    std::uint64_t bytes_10 = 0;
    std::uint64_t pictures_10 = 0;
    for (const Second& second : seconds_) {
        if (second.number < 0 || second.number >= now || second.number < now - 10) continue;
        bytes_10 += second.bytes;
        pictures_10 += second.pictures;
        if (second.number == now - 1) {
            rates.bits_per_second_1s = second.bytes * 8;
            rates.fps_1s = second.pictures;
        }
    }
    const auto whole =
        static_cast<std::uint64_t>(std::clamp<std::int64_t>(now - first_second_, 1, 10));
    rates.bits_per_second_10s = bytes_10 * 8 / whole;
    rates.fps_10s = static_cast<double>(pictures_10) / static_cast<double>(whole);
    return rates;
}

}  // namespace st::hub
