#pragma once
/// FLV: a byte stream <-> tags. Pure: no socket, clock or thread; one thread at a time.
/// Spec: Adobe Flash Video File Format 10.1, annex E.2 to E.4. Integers are big-endian.
///
///      0  "FLV"  u8 version  u8 flags (4 audio, 1 video)  u32 DataOffset = 9
///      9  u32 PreviousTagSize0 = 0
///     then for each tag
///      0  u2 reserved, u1 encrypted, u5 type
///      1  u24 body_bytes
///      4  u24 timestamp_ms, low bits    7  u8 timestamp_ms, high bits
///      8  u24 stream id = 0
///     11  body
///         u32 PreviousTagSize = 11 + body_bytes
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/result.h"
#include "flv/body.h"
#include "media/packet.h"

namespace st::flv {

constexpr std::size_t kFileHeaderBytes = 13;  ///< with PreviousTagSize0
constexpr std::size_t kTagHeaderBytes = 11;
constexpr std::size_t kPreviousTagSizeBytes = 4;

/// What stands before a tag's body.
struct TagHead {
    TagType type = TagType::script;  ///< or any other number of 5 bits
    std::uint32_t body_bytes = 0;
    std::uint32_t timestamp_ms = 0;  ///< wraps
};

/// Of at least kTagHeaderBytes.
TagHead read_tag_head(Bytes tag);

/// Writes the time into the head, of at least kTagHeaderBytes.
void set_tag_time(std::span<std::uint8_t> tag, std::uint32_t timestamp_ms);

/// The first byte of its body marks a tag of video as a key picture; a header of video is marked
/// so, too.
bool is_key_picture(TagType type, std::uint8_t first_of_body);

struct Tag {
    TagType type = TagType::video;
    std::uint32_t timestamp_ms = 0;  ///< as it stands there; wraps
    Body body;
};

struct TagLimits {
    std::size_t body_bytes_max = 8 * 1024 * 1024;
    std::size_t data_offset_max = 64 * 1024;  ///< how far behind the header the first tag may lie
};

/// Cuts tags out of a stream that may be split anywhere. Tolerant where publishers differ: header
/// flags, version, stream ids and PreviousTagSize are not believed (wrong sizes are counted),
/// unknown and encrypted tags are passed over and counted, a further FLV header between two tags (a
/// second file sent after the first) begins anew. Not tolerant of what shows that it lost its
/// place.
class TagReader {
 public:
    explicit TagReader(TagLimits limits = {}) : limits_(limits) {}

    /// Borrows `bytes` until next() returned nullopt or an Error; call next() until it does.
    void feed(Bytes bytes);

    /// The next tag, as soon as its last body byte is there; nullopt = feed me more. A tag that
    /// announces too much is refused from its header. An Error is final: there is no marker to find
    /// the next tag by.
    Result<std::optional<Tag>> next();

    /// Nothing but perhaps the size after the last tag is missing: a stream that ends here is
    /// whole.
    bool is_between_tags() const;

    std::uint64_t tags() const { return tags_; }
    std::uint64_t skipped_tags() const { return skipped_tags_; }
    std::uint64_t wrong_previous_sizes() const { return wrong_previous_sizes_; }
    std::uint64_t headers() const { return headers_; }  ///< FLV headers so far
    std::size_t held_bytes() const { return assembler_.held_bytes(); }
    /// Of the tag that is not whole yet; 0 before its header is.
    std::size_t missing_bytes() const {
        return state_ == State::body ? assembler_.missing_bytes() : 0;
    }

 private:
    enum class State : std::uint8_t { header, offset, previous_size, tag, body, skip, failed };

    Error fail(const std::string& message);
    bool take_fixed(std::size_t want);
    bool take_skipped();
    Result<bool> read_header();
    bool read_previous_size();
    Result<bool> read_tag_header();
    bool read_body();
    Tag finish_tag();

    const TagLimits limits_;
    State state_ = State::header;
    Bytes input_;  ///< borrowed: fed and not yet read
    Error error_;  ///< why, when failed

    std::array<std::uint8_t, kTagHeaderBytes> fixed_{};  ///< a field of known length, so far
    std::size_t fixed_size_ = 0;
    std::size_t skip_bytes_ = 0;           ///< still to pass over
    std::uint32_t expected_previous_ = 0;  ///< what PreviousTagSize should be
    std::uint64_t position_ = 0;           ///< bytes read, for error texts
    TagType type_ = TagType::video;
    std::uint32_t timestamp_ms_ = 0;
    BodyAssembler assembler_;

    std::uint64_t tags_ = 0;
    std::uint64_t skipped_tags_ = 0;
    std::uint64_t wrong_previous_sizes_ = 0;
    std::uint64_t headers_ = 0;
};

/// The 13 bytes before the first tag.
std::array<std::uint8_t, kFileHeaderBytes> encode_header(bool has_audio, bool has_video);

/// Size of the packet as a tag, with PreviousTagSize; 0 if no tag can carry it (over 16 MiB).
std::size_t tag_bytes(const media::Packet& packet);

/// The packet as one tag with its PreviousTagSize, in one allocation. The first `prefix_bytes` of
/// the buffer are left for the caller to write (a WebSocket frame's head; tag_bytes() says the
/// length it is to announce). The timestamp is the low 32 bits of dts_ms. Empty if tag_bytes() is
/// 0.
Buffer encode_tag(const media::Packet& packet, std::size_t prefix_bytes = 0);

}  // namespace st::flv
