#pragma once
/// The publisher of the fan-out load: FLV by POST, H.264-shaped pictures of a steady bit rate, each
/// with its number inside, and the time at which each was sent.
#include <cstdint>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/fd.h"

namespace st::bench {

struct Feed {
    double fps = 30;
    double mbit = 2;
    std::uint32_t gop = 60;
};

/// The time stamp of a picture.
inline std::uint32_t picture_ms(std::uint32_t index, double fps) {
    return static_cast<std::uint32_t>(static_cast<double>(index) * 1000.0 / fps + 0.5);
}

/// A picture's number where its slice header would be: 7 bits a byte, so that no start code can
/// come of it, and every slice begins at macroblock 0.
inline void store_index(std::uint8_t* at, std::uint32_t index) {
    for (int i = 0; i < 4; ++i) at[i] = static_cast<std::uint8_t>(0x80 | index >> (7 * (3 - i)));
}
inline std::uint32_t load_index(const std::uint8_t* at) {
    std::uint32_t index = 0;
    for (int i = 0; i < 4; ++i) index = index << 7 | (at[i] & 0x7FU);
    return index;
}

class FanoutPublisher {
 public:
    /// Connects (blocking) and sends the head, the metadata and the sequence header. `path`:
    /// "/app/name". Throws std::system_error.
    FanoutPublisher(const std::string& path, std::uint16_t port, Feed feed);

    /// Sends the next picture, blocking while the server does not read. Throws when it takes
    /// nothing for 5 s, or has closed.
    void send_picture();
    std::uint32_t pictures() const { return next_; }
    /// CLOCK_MONOTONIC before the first byte of that picture was sent.
    std::int64_t sent_ns(std::uint32_t index) const { return sent_ns_[index]; }
    int fd() const { return socket_.get(); }
    const Feed& feed() const { return feed_; }

 private:
    std::size_t picture_bytes(std::uint32_t index) const;
    void send_tag(std::uint8_t type, std::uint32_t timestamp_ms, Bytes body);
    void send_all(Bytes bytes);

    const Feed feed_;
    Fd socket_;
    Buffer body_;  ///< of a picture; noise that is written once
    Buffer chunk_;
    std::uint32_t next_ = 0;
    std::vector<std::int64_t> sent_ns_;
};

}  // namespace st::bench
