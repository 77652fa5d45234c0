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

/// Sixteen bytes at once in one register; both compilers know this type on every CPU.
using Lane = std::uint64_t __attribute__((vector_size(16)));

Lane load_lane(const std::uint8_t* from) {
    Lane lane;
    std::memcpy(&lane, from, sizeof lane);
    return lane;
}

void store_lane(std::uint8_t* to, Lane lane) { std::memcpy(to, &lane, sizeof lane); }

void xor_bytes(std::uint8_t* to, const std::uint8_t* from, std::size_t size, std::uint64_t key) {
    const Lane wide = {key, key};
    std::size_t at = 0;
    for (; at + 64 <= size; at += 64) {
        const Lane a = load_lane(from + at) ^ wide;
        const Lane b = load_lane(from + at + 16) ^ wide;
        const Lane c = load_lane(from + at + 32) ^ wide;
        const Lane d = load_lane(from + at + 48) ^ wide;
        store_lane(to + at, a);
        store_lane(to + at + 16, b);
        store_lane(to + at + 32, c);
        store_lane(to + at + 48, d);
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

}  // namespace st::ws
