#pragma once
/// Tag bodies, as FLV files and RTMP messages carry them alike <-> media::Packet. Pure. Spec: Adobe
/// Flash Video File Format 10.1, annex E.4; Enhanced RTMP v2 (FourCC video and audio).
///
///     video, AVC   u4 frame type, u4 codec id 7, u8 packet type, s24 composition time, data
///     audio, AAC   u4 sound format 10, u4 ignored, u8 packet type, data
///     script       AMF0 values
#include <array>
#include <cstdint>
#include <optional>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/result.h"
#include "media/packet.h"

namespace st::flv {

/// Also the RTMP message types of the same content. Never renumber.
enum class TagType : std::uint8_t { audio = 8, video = 9, script = 18 };

/// A body's size is a field of 24 bits.
constexpr std::size_t kBodyBytesMax = 0xFF'FFFF;

/// A decoder configuration, or colours, of more than this is refused: those of codecs in use have a
/// few hundred bytes, and they are kept for each stream and sent to each viewer. AAC's has less
/// even with a program_config_element.
constexpr std::size_t kConfigBytesMax = 64 * 1024;
constexpr std::size_t kAacConfigBytesMax = 512;

/// The longest head: AVC's. AAC has 2 bytes, everything else none.
constexpr std::size_t kHeadBytesMax = 5;

/// One body, in two parts so that the coded picture or sound lies in a buffer of its own and needs
/// no second copy: the head is what to_packet() takes away.
struct Body {
    std::array<std::uint8_t, kHeadBytesMax> head{};
    std::size_t head_bytes = 0;
    Buffer payload;  ///< what follows the head

    std::size_t size() const { return head_bytes + payload.size(); }
};

/// Collects one body from the pieces in which it arrives. Memory grows with what really came, not
/// with what was announced.
class BodyAssembler {
 public:
    /// Memory taken at first for a body that announces more.
    static constexpr std::size_t kFirstBytes = 64 * 1024;

    /// `type` is a TagType or any other RTMP message type, which has no head. The caller has
    /// checked `body_bytes` against its limit.
    void begin(std::uint8_t type, std::size_t body_bytes);
    std::size_t missing_bytes() const { return body_bytes_ - body_.size(); }
    bool has_begun() const { return body_.size() != 0; }
    /// At most missing_bytes().
    void append(Bytes bytes);
    /// The whole body, after which begin() is due.
    Body take();
    /// Memory held for the unfinished body.
    std::size_t held_bytes() const { return body_.payload.capacity(); }

 private:
    std::uint8_t type_ = 0;
    std::size_t body_bytes_ = 0;
    std::size_t head_bytes_ = 0;  ///< the head's length, known from the first byte on
    Body body_;
};

/// What a body carries for the stream; nullopt for what carries nothing: end of sequence, video
/// commands, empty bodies, script data meant for the server. dts_ms becomes `timestamp_ms` as it
/// is, 0..2^32-1; making a time line of it is the receiver's work.
///
/// H.264 and AAC (both spellings, classic and FourCC) lose their heads. H.264 in Annex B form is
/// put into lengths of 4 bytes. A picture that holds an IDR slice is a key whatever its head says.
/// A configuration of H.264 is taken as it is, see given_config.h.
/// Metadata is checked, loses "@setDataFrame" and is written anew; the tracks it speaks of are
/// noted. Other script data (onTextData, onCuePoint, ...) keeps its values as they are and is
/// passing. Any other codec becomes Codec::flv with its whole body; is_config and is_key are then
/// its head's word. So does a FourCC body with colour information, also of H.264.
///
/// A configuration over kConfigBytesMax is an Error.
///
/// An Error is about this body only: the stream goes on without it.
Result<std::optional<media::Packet>> to_packet(TagType type, std::uint32_t timestamp_ms, Body body);

/// The same from a body in one piece, which is copied.
Result<std::optional<media::Packet>> to_packet(TagType type, std::uint32_t timestamp_ms,
                                               Bytes body);

/// The type of tag or RTMP message that carries the packet.
TagType tag_type(const media::Packet& packet);

/// Size of the packet's body, over kBodyBytesMax if no tag can carry it.
std::size_t body_bytes(const media::Packet& packet);

/// The first bytes of the packet's body; its payload is the rest.
struct BodyHead {
    std::array<std::uint8_t, kHeadBytesMax> bytes{};
    std::size_t size = 0;
};
BodyHead body_head(const media::Packet& packet);

/// Writes the whole body to `out`, which has room for body_bytes(). Returns one past its end.
std::uint8_t* write_body(const media::Packet& packet, std::uint8_t* out);

}  // namespace st::flv
