#pragma once
/// What both directions of RTMP name alike. Spec: Adobe RTMP 1.0 (2012), sections 5.4, 7.1.
#include <cstddef>
#include <cstdint>

namespace st::rtmp {

/// Message types. On the wire; never renumber. Audio, video and script data are flv::TagType.
enum class MessageType : std::uint8_t {
    set_chunk_size = 1,
    abort = 2,
    acknowledgement = 3,
    user_control = 4,
    window_ack_size = 5,
    set_peer_bandwidth = 6,
    audio = 8,
    video = 9,
    amf3_data = 15,
    amf3_shared_object = 16,
    amf3_command = 17,
    data = 18,
    shared_object = 19,
    command = 20,
    aggregate = 22,
};

/// User control events, section 7.1.7.
enum class UserControl : std::uint16_t {
    stream_begin = 0,
    stream_eof = 1,
    stream_dry = 2,
    set_buffer_length = 3,
    stream_is_recorded = 4,
    ping_request = 6,
    ping_response = 7,
};

/// Until the sender sets another.
constexpr std::size_t kDefaultChunkBytes = 128;
/// What we set: large pictures in few chunks, and no client that we know of balks at it.
constexpr std::size_t kOutChunkBytes = 60'000;
/// The message stream that the first createStream of a connection gets, and nearly all use.
constexpr std::uint32_t kFirstStreamId = 1;

/// Chunk streams we send on; a receiver keeps the state of one for each.
constexpr std::uint8_t kControlChunkStream = 2;
constexpr std::uint8_t kCommandChunkStream = 3;
constexpr std::uint8_t kAudioChunkStream = 4;
constexpr std::uint8_t kDataChunkStream = 5;
constexpr std::uint8_t kVideoChunkStream = 6;

constexpr std::uint32_t kExtendedTimestamp = 0xFF'FFFF;

}  // namespace st::rtmp
