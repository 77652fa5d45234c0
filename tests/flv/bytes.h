#pragma once
/// What the tests of FLV share: bytes written by hand, and what was made of them.
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "flv/body.h"
#include "media/packet.h"

namespace st::flv {

using Wire = std::vector<std::uint8_t>;

inline Wire operator+(Wire a, const Wire& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

inline Wire wire(Bytes bytes) { return {bytes.begin(), bytes.end()}; }
inline Wire wire(std::string_view text) { return wire(as_bytes(text)); }

/// A body put together again.
inline Wire wire(const Body& body) {
    return wire(Bytes(body.head).first(body.head_bytes)) + wire(body.payload.bytes());
}

/// 320x180, baseline and high profile: parameter sets made by x264.
const Wire kSps = {0x67, 0x42, 0xC0, 0x0C, 0xD9, 0x01, 0x41, 0x9F, 0x9F, 0x01, 0x10, 0x00, 0x00,
                   0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xF1, 0x42, 0xA4, 0x80};
const Wire kPps = {0x68, 0xCB, 0x83, 0xCB, 0x20};
const Wire kHighSps = {0x67, 0x64, 0x00, 0x0C, 0xAC, 0xD9, 0x41, 0x41, 0x9F,
                       0x9F, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00,
                       0x00, 0x03, 0x03, 0x20, 0xF1, 0x42, 0x99, 0x60};
const Wire kHighPps = {0x68, 0xEB, 0xE3, 0xCB, 0x22, 0xC0};

const Wire kAvcConfig =
    Wire{
        0x01,              // configurationVersion
        0x42, 0xC0, 0x0C,  // profile, constraints, level, as in the SPS
        0xFF,              // 6 reserved ones, lengths of 4 bytes
        0xE1,              // 3 reserved ones, 1 SPS
        0x00, 0x19,        // its length
    } +
    kSps +
    Wire{
        0x01,        // 1 PPS
        0x00, 0x05,  // its length
    } +
    kPps;

}  // namespace st::flv
