#include "auth/address.h"

#include <arpa/inet.h>

#include <algorithm>

namespace st::auth {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr int kMappedBits = 96;

}  // namespace

bool Address::is_v4() const {
    return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin());
}

bool Address::is_loopback() const {
    if (is_v4()) return bytes[12] == 127;
    return bytes[15] == 1 &&
           std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t byte) { return byte == 0; });
}

Result<Address> parse_address(std::string_view text) {
    const std::string plain(text.substr(0, text.find('%')));
    Address address;
    if (inet_pton(AF_INET6, plain.c_str(), address.bytes.data()) == 1) return address;
    std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin());
    if (plain.size() == text.size() &&
        inet_pton(AF_INET, plain.c_str(), address.bytes.data() + kMappedPrefix.size()) == 1) {
        return address;
    }
    return Error{"address: \"" + std::string(text) + "\" is no IPv4 or IPv6 address"};
}

bool Range::contains(const Address& other) const {
    const auto whole = static_cast<std::size_t>(prefix_bits / 8);
    if (!std::equal(address.bytes.begin(), address.bytes.begin() + whole, other.bytes.begin())) {
        return false;
    }
    if (prefix_bits % 8 == 0) return true;
    const int shift = 8 - prefix_bits % 8;
    return address.bytes[whole] >> shift == other.bytes[whole] >> shift;
}

std::string to_text(const Address& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const bool is_v4 = address.is_v4();
    ::inet_ntop(is_v4 ? AF_INET : AF_INET6, address.bytes.data() + (is_v4 ? 12 : 0), text.data(),
                text.size());
    return text.data();
}

Result<Range> parse_range(std::string_view text) {
    const auto slash = text.find('/');
    auto address = parse_address(text.substr(0, slash));
    if (!address) return address.error();
    if (text.find('%') != std::string_view::npos) {
        return Error{"address range: \"" + std::string(text) + "\" names a zone"};
    }
    Range range{*address, 128};
    if (slash == std::string_view::npos) return range;
    // A mapped address written as IPv6 counts its own 128 bits.
    const bool is_v4 = text.substr(0, slash).find(':') == std::string_view::npos;
    const int most = is_v4 ? 32 : 128;
    const std::string_view digits = text.substr(slash + 1);
    int bits = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9' || digits.size() > 3) bits = most + 1;
        if (bits <= most) bits = bits * 10 + (c - '0');
    }
    if (digits.empty() || bits > most) {
        return Error{"address range: prefix \"" + std::string(digits) + "\", expected 0 to " +
                     std::to_string(most)};
    }
    range.prefix_bits = is_v4 ? bits + kMappedBits : bits;
    for (int bit = range.prefix_bits; bit < 128; ++bit) {
        const auto byte = range.address.bytes[static_cast<std::size_t>(bit / 8)];
        if ((byte >> (7 - bit % 8) & 1) != 0) {
            return Error{"address range: \"" + std::string(text) +
                         "\" has bits set behind its prefix"};
        }
    }
    return range;
}

bool is_in(const std::vector<Range>& ranges, const Address& address) {
    return std::any_of(ranges.begin(), ranges.end(),
                       [&](const Range& range) { return range.contains(address); });
}

}  // namespace st::auth
