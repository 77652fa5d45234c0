#include "ws/digest.h"

#include <bit>

namespace st::ws {
namespace {

constexpr std::size_t kBlockBytes = 64;
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void add_block(std::array<std::uint32_t, 5>& state, const std::uint8_t* block) {
    std::array<std::uint32_t, 80> words{};
    for (std::size_t i = 0; i < 16; ++i) words[i] = load_be32(block + 4 * i);
    for (std::size_t i = 16; i < words.size(); ++i) {
        words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    }
    auto [a, b, c, d, e] = state;
    for (std::size_t i = 0; i < words.size(); ++i) {
        std::uint32_t mix = b ^ c ^ d;
        std::uint32_t constant = i < 20 ? 0x5A827999U : 0x6ED9EBA1U;
        if (i < 20) {
            mix = (b & c) | (~b & d);
        } else if (i >= 40 && i < 60) {
            mix = (b & c) | (b & d) | (c & d);
            constant = 0x8F1BBCDCU;
        } else if (i >= 60) {
            constant = 0xCA62C1D6U;
        }
        const std::uint32_t next = std::rotl(a, 5) + mix + e + constant + words[i];
        e = d;
        d = c;
        c = std::rotl(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

}  // namespace

Sha1 sha1(Bytes bytes) {
    std::array<std::uint32_t, 5> state{0x67452301U, 0xEFCDAB89U, 0x98BADCFEU, 0x10325476U,
                                       0xC3D2E1F0U};
    const std::uint64_t bits = std::uint64_t{bytes.size()} * 8;
    for (; bytes.size() >= kBlockBytes; bytes = bytes.subspan(kBlockBytes)) {
        add_block(state, bytes.data());
    }
    std::array<std::uint8_t, 2 * kBlockBytes> tail{};
    if (!bytes.empty()) std::memcpy(tail.data(), bytes.data(), bytes.size());
    tail[bytes.size()] = 0x80;
    const std::size_t tail_bytes = bytes.size() + 9 <= kBlockBytes ? kBlockBytes : 2 * kBlockBytes;
    store_be64(tail.data() + tail_bytes - 8, bits);
    for (std::size_t at = 0; at < tail_bytes; at += kBlockBytes) {
        add_block(state, tail.data() + at);
    }
    Sha1 digest{};
    for (std::size_t i = 0; i < state.size(); ++i) store_be32(digest.data() + 4 * i, state[i]);
    return digest;
}

std::string base64_encode(Bytes bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const Bytes three = bytes.subspan(at, std::min<std::size_t>(3, bytes.size() - at));
        std::uint32_t bits = std::uint32_t{three[0]} << 16;
        if (three.size() > 1) bits |= std::uint32_t{three[1]} << 8;
        if (three.size() > 2) bits |= three[2];
        for (std::size_t i = 0; i < 4; ++i) {
            text += i <= three.size() ? kAlphabet[(bits >> (18 - 6 * i)) & 0x3F] : '=';
        }
    }
    return text;
}

std::optional<std::vector<std::uint8_t>> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && !text.empty() && text.back() == '=') {
        text.remove_suffix(1);
        ++padding;
    }
    std::vector<std::uint8_t> bytes;
    bytes.reserve(text.size() / 4 * 3 + 3);
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
        const auto value = kAlphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        bits = (bits << 6) | static_cast<std::uint32_t>(value);
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes.push_back(static_cast<std::uint8_t>(bits >> held));
        }
    }
    return bytes;
}

}  // namespace st::ws
