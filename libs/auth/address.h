#pragma once
/// Peer addresses and ranges of them. IPv4 is held IPv4-mapped, so that 10.0.0.1 and
/// ::ffff:10.0.0.1 are one address. Pure.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace st::auth {

/// 16 bytes in network order.
struct Address {
    std::array<std::uint8_t, 16> bytes{};

    bool is_v4() const;
    /// 127.0.0.0/8 or ::1.
    bool is_loopback() const;
    bool operator==(const Address&) const = default;
};

/// "10.0.0.1", "::1", "::ffff:10.0.0.1", "fe80::1%eth0" (the zone is ignored). Error: what is
/// wrong.
Result<Address> parse_address(std::string_view text);

/// "10.0.0.1", "fd00::7".
std::string to_text(const Address& address);

/// An address with the number of leading bits that count.
struct Range {
    Address address;
    int prefix_bits = 128;  ///< of 128; IPv4 /8 is 104

    bool contains(const Address& other) const;
};

/// "10.0.0.0/8", "fd00::/8", a bare address (itself alone). Error: bad address or prefix, or bits
/// set behind the prefix ("10.0.0.1/8" is a typing error more often than not).
Result<Range> parse_range(std::string_view text);

/// One of them contains it.
bool is_in(const std::vector<Range>& ranges, const Address& address);

}  // namespace st::auth
