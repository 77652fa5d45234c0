#pragma once
/// Numbers as MCAP, protobuf, Thrift and Parquet write them. Pure.
#include <cstddef>
#include <cstdint>
#include <string>

namespace st::takes {

/// Little-endian.
template <class Number>
void put(std::string& out, Number value) {
    for (std::size_t i = 0; i < sizeof value; ++i)
        out += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFF);
}

/// Seven bits a byte, the lowest ones first; all bytes but the last have the top bit set.
inline void put_varint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    out += static_cast<char>(value);
}

}  // namespace st::takes
