#pragma once
/// Random bytes that nobody can guess, of the kernel.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace st {

/// Throws std::system_error if there are none.
void fill_random(std::span<std::uint8_t> bytes);

template <std::size_t N>
std::array<std::uint8_t, N> random_bytes() {
    std::array<std::uint8_t, N> bytes{};
    fill_random(bytes);
    return bytes;
}

}  // namespace st
