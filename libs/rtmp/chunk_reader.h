#pragma once
/// RTMP chunks -> messages. Pure: no socket, clock or thread; one thread at a time.
/// Spec: Adobe RTMP 1.0, section 5.3. Integers are big-endian but for the message stream id.
///
///     basic header   u2 fmt, u6 csid: 2..63; 0: csid = 64 + u8; 1: csid = 64 + u16 little-endian
///     fmt 0          u24 timestamp        u24 length  u8 type  u32 stream id, little-endian
///     fmt 1          u24 timestamp delta  u24 length  u8 type
///     fmt 2          u24 timestamp delta
///     fmt 3          nothing: more of a message, or one more like the last
///     extended       u32, where the u24 timestamp is 0xFFFFFF; again in every fmt 3 that follows
///     payload        at most the chunk size
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "flv/body.h"
#include "rtmp/protocol.h"

namespace st::rtmp {

struct Message {
    MessageType type = MessageType::command;  ///< may be a number without a name
    std::uint32_t timestamp_ms = 0;           ///< absolute; wraps
    std::uint32_t stream_id = 0;
    flv::Body body;  ///< in two parts for audio and video alone
};

struct ChunkLimits {
    std::size_t media_bytes_max = 8 * 1024 * 1024;  ///< audio, video, data, aggregates
    std::size_t other_bytes_max = 256 * 1024;       ///< commands and control
    std::size_t chunk_streams_max = 64;
    std::size_t held_bytes_max = 16 * 1024 * 1024;  ///< in unfinished messages, together
};

/// What encoders do differently, and what is made of it:
///   - a chunk stream may begin with fmt 1: its delta counts from 0 (SRS #1538);
///   - one that begins with fmt 2 or 3 refers to nothing: that is an empty message of no type,
///     which is left out. Where no header that can be follows, what was meant cannot be known, and
///     the error says so;
///   - fmt 0, 1 and 2 may stand within a message if they say the same of it as its first header,
///     its time aside;
///   - fmt 3 may begin a message: after fmt 0 the delta is that timestamp, as the spec says and as
///     ffmpeg and GStreamer mean it (MediaMTX PR #4718); an extended field there is the delta;
///   - in fmt 3 within a message the extended field may be missing (older librtmp, ffmpeg): it is
///     there if those four bytes are the field's or the message's timestamp.
class ChunkReader {
 public:
    explicit ChunkReader(ChunkLimits limits = {}) : limits_(limits) {}

    /// Borrows `bytes` until next() returned nullopt or an Error; call next() until it does.
    void feed(Bytes bytes);

    /// The next message; nullopt = feed me more. Set Chunk Size and Abort are obeyed here and not
    /// returned. An Error is final.
    Result<std::optional<Message>> next();

    /// All bytes read, headers too, which acknowledgements count.
    std::uint64_t bytes_read() const { return bytes_read_; }
    std::size_t chunk_bytes() const { return chunk_bytes_; }
    /// Memory held for unfinished messages.
    std::size_t held_bytes() const { return held_bytes_; }
    /// What the one of them that is nearest to its end needs; 0: there is none.
    std::size_t missing_bytes() const;
    /// False: media may be no larger than other messages, and no more may be unfinished.
    void take_media(bool takes_media) { takes_media_ = takes_media; }

 private:
    enum class State : std::uint8_t { basic, header, extended, payload, failed };

    struct ChunkStream {
        std::uint32_t csid = 0;
        MessageType type = MessageType::command;
        std::uint32_t timestamp_ms = 0;  ///< of the last message
        std::uint32_t field = 0;         ///< last timestamp or delta, from either form
        std::uint32_t stream_id = 0;
        std::uint32_t length = 0;
        bool is_extended = false;  ///< the last header's timestamp was
        bool is_open = false;      ///< a message has begun and is not whole
        bool is_named = false;     ///< a header of fmt 0 or 1 has said what it carries
        flv::BodyAssembler body;
    };

    Error fail(const std::string& message);
    bool take_fixed(std::size_t want);
    Result<bool> read_basic();
    Result<bool> read_header();
    bool repeats_header() const;
    Result<bool> read_extended();
    bool is_left_out() const;
    Result<void> check_after_odd();
    /// True: the message is whole.
    Result<bool> read_payload();
    Result<void> append(Bytes bytes);
    /// True: it was for the chunk layer itself.
    Result<bool> obey(const Message& message);
    Result<ChunkStream*> find(std::uint32_t csid, unsigned fmt);

    const ChunkLimits limits_;
    bool takes_media_ = true;
    State state_ = State::basic;
    Bytes input_;  ///< borrowed: fed and not yet read
    Error error_;  ///< why, when failed

    std::array<std::uint8_t, 11> fixed_{};  ///< a field of known length, so far
    std::size_t fixed_size_ = 0;
    /// Read as an extended timestamp that was none: comes again before input_.
    std::array<std::uint8_t, 4> pushed_back_{};
    std::size_t pushed_back_size_ = 0;

    unsigned fmt_ = 0;
    /// A chunk stream that began with fmt 2 or 3, and no message came since: for the error's text.
    std::string odd_beginning_;
    std::vector<std::unique_ptr<ChunkStream>> streams_;
    ChunkStream* current_ = nullptr;
    std::size_t chunk_left_ = 0;  ///< payload of this chunk still to come

    std::size_t chunk_bytes_ = kDefaultChunkBytes;
    std::uint64_t bytes_read_ = 0;
    std::size_t held_bytes_ = 0;
};

}  // namespace st::rtmp
