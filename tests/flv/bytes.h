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
#include "media/wire.h"

namespace st::flv {

using media::kAvcConfig;
using media::kHighPps;
using media::kHighSps;
using media::kPps;
using media::kSps;
using media::operator+;
using media::wire;
using media::Wire;

inline Wire wire(std::string_view text) { return wire(as_bytes(text)); }

/// A body put together again.
inline Wire wire(const Body& body) {
    return wire(Bytes(body.head).first(body.head_bytes)) + wire(body.payload.bytes());
}

}  // namespace st::flv
