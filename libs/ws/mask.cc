#include "ws/mask.h"

#include <cstring>

namespace st::ws {
namespace {

/// The key eight bytes wide, turned so that its first byte is the one for `offset`.
std::uint64_t wide_key(MaskKey key, std::uint64_t offset) {
    std::array<std::uint8_t, 8> turned{};
    for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = key[(offset + i) % 4];
    std::uint64_t wide = 0;
    std::memcpy(&wide, turned.data(), sizeof wide);
    return wide;
}

void xor_bytes(std::uint8_t* to, const std::uint8_t* from, std::size_t size, std::uint64_t key) {
    std::size_t at = 0;
    for (; at + 32 <= size; at += 32) {
        std::array<std::uint64_t, 4> lanes;
        std::memcpy(lanes.data(), from + at, sizeof lanes);
        for (std::uint64_t& lane : lanes) lane ^= key;
        std::memcpy(to + at, lanes.data(), sizeof lanes);
    }
    for (; at + 8 <= size; at += 8) {
        std::uint64_t lane = 0;
        std::memcpy(&lane, from + at, sizeof lane);
        lane ^= key;
        std::memcpy(to + at, &lane, sizeof lane);
    }
    std::array<std::uint8_t, 8> key_bytes;
    std::memcpy(key_bytes.data(), &key, sizeof key);
    for (std::size_t i = 0; at < size; ++at, ++i) {
        to[at] = static_cast<std::uint8_t>(from[at] ^ key_bytes[i]);
    }
}

}  // namespace

void copy_masked(std::uint8_t* to, Bytes from, MaskKey key, std::uint64_t offset) {
    xor_bytes(to, from.data(), from.size(), wide_key(key, offset));
}

void apply_mask(std::span<std::uint8_t> bytes, MaskKey key, std::uint64_t offset) {
    xor_bytes(bytes.data(), bytes.data(), bytes.size(), wide_key(key, offset));
}

}  // namespace st::ws
