#pragma once
/// What the tests of RTMP share: bytes written by hand, and what was made of them.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/bytes.h"
#include "flv/body.h"
#include "rtmp/chunk_reader.h"
#include "rtmp/chunk_writer.h"
#include "support/pieces.h"

namespace st::rtmp {

using Wire = std::vector<std::uint8_t>;

inline Wire operator+(Wire a, const Wire& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

inline Wire wire(Bytes bytes) { return {bytes.begin(), bytes.end()}; }
inline Wire wire(const Buffer& buffer) { return wire(buffer.bytes()); }
inline Wire wire(const flv::Body& body) {
    return wire(Bytes(body.head).first(body.head_bytes)) + wire(body.payload.bytes());
}

/// Bytes 0, 1, 2, ... from `first` on.
inline Wire counting(std::size_t size, std::uint8_t first = 0) {
    Wire bytes;
    for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::uint8_t>(first + i));
    return bytes;
}

inline Wire be32(std::uint32_t value) {
    Wire bytes(4);
    store_be32(bytes.data(), value);
    return bytes;
}

struct Decoded {
    std::vector<Message> messages;
    std::string error;
};

inline Decoded decode(ChunkReader& reader, Bytes bytes, std::size_t step) {
    Decoded decoded;
    const auto error = test::feed_in_steps(reader, bytes, step, [&](Message&& message) {
        decoded.messages.push_back(std::move(message));
    });
    if (error) decoded.error = error->message;
    return decoded;
}

inline Decoded decode(const Wire& bytes, ChunkLimits limits = {}) {
    ChunkReader reader(limits);
    return decode(reader, bytes, bytes.size());
}

}  // namespace st::rtmp
