#pragma once
/// How a camera's clock stands against the server's, in the whole numbers that people and programs
/// are told. Pure.
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "clock/exchange.h"

namespace st::clock {

enum class Method : std::uint8_t {
    none,      ///< nothing is known
    arrival,   ///< by when messages came in: what the network and the camera add is partly assumed
    exchange,  ///< by questions that the camera answered
};
std::string_view to_string(Method method);

/// server time = device time + offset_us + drift_ppm / 10^6 * (device time - origin), to
/// +-bound_us.
struct Standing {
    Method method = Method::none;
    std::int64_t offset_us = 0;
    std::int64_t drift_ppm = 0;  ///< above 0: the device's clock is slow
    std::int64_t bound_us = 0;
    std::optional<std::int64_t> rtt_us;  ///< the least round trip
    std::uint64_t exchanges = 0;
};

/// At the last exchange, which is the origin. Method::none before the first.
Standing latest_standing(const ExchangeClock& clock);

/// A moment by both clocks.
struct Moment {
    std::int64_t device_us = 0;
    std::int64_t about_us = 0;  ///< ours, by when it came in
};

/// One line for all of `moments`, which rise by our time; the first one's device time is the
/// origin. The bound is that of this line, its rounding to whole ppm included, at all of them and
/// between two that have the same ExchangeClock::Witnesses and are not more than a minute apart.
/// Method::none without moments or exchanges.
Standing standing_over(const ExchangeClock& clock, std::span<const Moment> moments);

}  // namespace st::clock
