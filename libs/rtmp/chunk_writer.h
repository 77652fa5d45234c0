#pragma once
/// Messages -> RTMP chunks. Pure. Spec: Adobe RTMP 1.0, section 5.3.
///
/// Every message begins with a header of form 0, which says everything, and goes on with form 3, so
/// that its bytes mean the same wherever they stand: one encoding serves all viewers, who may begin
/// and leave out messages where they like. The extended timestamp stands in every chunk of a
/// message.
#include <cstdint>
#include <optional>

#include "base/buffer.h"
#include "base/bytes.h"
#include "media/packet.h"
#include "rtmp/protocol.h"

namespace st::rtmp {

/// Appends one message to `out`. `payload` is at most 0xFFFFFF bytes; `chunk_stream` is 2..63.
void append_message(Buffer& out, MessageType type, std::uint8_t chunk_stream,
                    std::uint32_t timestamp_ms, std::uint32_t stream_id, Bytes payload,
                    std::size_t chunk_bytes);

/// The packet as an audio, video or data message in one allocation; timestamp: the low 32 bits of
/// dts_ms. Empty if no message can carry it (over 16 MiB).
Buffer encode_packet(const media::Packet& packet, std::size_t chunk_bytes = kOutChunkBytes,
                     std::uint32_t stream_id = kFirstStreamId);

/// When it is to be played, if encode_packet() made it of sound or pictures.
std::optional<std::uint32_t> media_time(Bytes encoded);

/// A copy of what encode_packet() made, for a viewer on another message stream.
Buffer readdress(Bytes encoded, std::uint32_t stream_id);

}  // namespace st::rtmp
