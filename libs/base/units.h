#pragma once
/// Durations, sizes, bit rates and numbers as people type them. The whole text must be used.
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace st {

/// "500ms", "10s", "2m", "1h", "3d", "2w", "1.5s"; a bare number is seconds. Never negative; at
/// most 10 years.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// "64K", "8M", "1G" (1024-based); a bare number is bytes.
Result<std::uint64_t> parse_size(std::string_view text);

/// "4M", "2500k", "4" (a bare number is Mbit/s), in bits per second, at least 1, 1000-based.
Result<std::uint64_t> parse_bitrate(std::string_view text);

/// Decimal digits only, at most `max`.
Result<std::uint64_t> parse_number(std::string_view text, std::uint64_t max);

/// The shortest form parse_duration reads back: "0s", "500ms", "10s", "2m", "6h", "30d".
std::string format_duration(std::chrono::milliseconds duration);

/// The shortest exact form parse_size reads back: "0", "1000", "64K", "16M".
std::string format_size(std::uint64_t bytes);

/// With so many decimals, rounded: "29.97".
std::string fixed(double value, int decimals);

/// At most so many decimals: "29.97", "30".
std::string fixed_short(double value, int decimals_max);

/// For people: "812 B", "1.4 MB", "3.2 GB" (1000-based).
std::string human_bytes(std::uint64_t bytes);

}  // namespace st
