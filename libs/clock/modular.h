#pragma once
/// Sums and differences modulo 2^64: a clock of 64 bits may stand anywhere, and an overflow is then
/// a small step. Pure.
#include <cstdint>

namespace st::clock {

inline std::int64_t difference(std::uint64_t a, std::uint64_t b) {
    return static_cast<std::int64_t>(a - b);
}

inline std::int64_t difference(std::int64_t a, std::int64_t b) {
    return difference(static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b));
}

inline std::int64_t sum(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

}  // namespace st::clock
