#include <array>
#include <cassert>

#include "rtmp/chunk_writer.h"
#include "rtmp/session.h"

namespace st::rtmp {
namespace {

/// What Flash Media Servers call themselves; clients look for digits here.
constexpr const char* kServerVersion = "FMS/3,0,1,123";
constexpr double kCapabilities = 31;
/// Of capsEx (Enhanced RTMP v2): bodies of several tracks are passed through.
constexpr double kMultitrack = 2;
/// Set Peer Bandwidth, section 5.4.5.
constexpr std::uint8_t kDynamicLimit = 2;

flv::AmfObject status_info(const char* level, const std::string& code,
                           const std::string& description) {
    flv::AmfObject info;
    info.add("level", level);
    info.add("code", code);
    info.add("description", description);
    return info;
}

}  // namespace

void Session::send(MessageType type, std::uint32_t stream_id, std::uint8_t chunk_stream,
                   Bytes payload) {
    append_message(output_, type, chunk_stream, 0, stream_id, payload, out_chunk_bytes_);
}

void Session::send_u32(MessageType type, std::uint32_t value) {
    std::array<std::uint8_t, 4> payload{};
    store_be32(payload.data(), value);
    send(type, 0, kControlChunkStream, payload);
}

void Session::send_user_control(UserControl event, std::uint32_t value) {
    std::array<std::uint8_t, 6> payload{};
    store_be16(payload.data(), static_cast<std::uint16_t>(event));
    store_be32(payload.data() + 2, value);
    send(MessageType::user_control, 0, kControlChunkStream, payload);
}

void Session::send_result(const Command& command, const flv::AmfValue& value) {
    if (command.transaction == 0) return;
    send(MessageType::command, 0, kCommandChunkStream,
         flv::encode_amf0("_result", command.transaction, flv::AmfNull{}, value).bytes());
}

void Session::send_status(std::uint32_t stream_id, const char* level, const std::string& code,
                          const std::string& description) {
    send(MessageType::command, stream_id, kDataChunkStream,
         flv::encode_amf0("onStatus", 0.0, flv::AmfNull{}, status_info(level, code, description))
             .bytes());
}

void Session::accept_connect() {
    assert(connect_ == Decision::asked);
    connect_ = Decision::accepted;
    send_u32(MessageType::window_ack_size, kWindowBytes);
    std::array<std::uint8_t, 5> bandwidth{};
    store_be32(bandwidth.data(), kWindowBytes);
    bandwidth[4] = kDynamicLimit;
    send(MessageType::set_peer_bandwidth, 0, kControlChunkStream, bandwidth);
    send_u32(MessageType::set_chunk_size, kOutChunkBytes);
    out_chunk_bytes_ = kOutChunkBytes;
    flv::AmfObject properties;
    properties.add("fmsVer", kServerVersion);
    properties.add("capabilities", kCapabilities);
    properties.add("mode", 1.0);
    if (offers_four_cc_) {
        // Codecs with a FourCC are passed through, whichever they are.
        flv::AmfArray any;
        any.items.emplace_back("*");
        properties.add("fourCcList", any);
        properties.add("capsEx", kMultitrack);
    }
    flv::AmfObject info =
        status_info("status", "NetConnection.Connect.Success", "connection accepted");
    info.add("objectEncoding", object_encoding_);
    send(MessageType::command, 0, kCommandChunkStream,
         flv::encode_amf0("_result", connect_transaction_, properties, info).bytes());
}

void Session::refuse_connect(const std::string& description, const std::string& code) {
    assert(connect_ == Decision::asked);
    connect_ = Decision::refused;
    send(MessageType::command, 0, kCommandChunkStream,
         flv::encode_amf0("_error", connect_transaction_, flv::AmfNull{},
                          status_info("error", code, description))
             .bytes());
}

void Session::accept_publish(std::uint32_t stream_id) {
    NetStream* stream = find(stream_id);
    if (stream == nullptr || stream->use != Use::publish_asked) return;
    stream->use = Use::publishing;
    send_user_control(UserControl::stream_begin, stream_id);
    send_status(stream_id, "status", "NetStream.Publish.Start", "publication accepted");
    for (Media& media : take_kept(stream_id)) events_.emplace_back(std::move(media));
}

void Session::refuse_publish(std::uint32_t stream_id, const std::string& code,
                             const std::string& description) {
    end_publish(stream_id, code, description);
}

void Session::end_publish(std::uint32_t stream_id, const std::string& code,
                          const std::string& description) {
    NetStream* stream = find(stream_id);
    if (stream == nullptr) return;
    if (stream->use != Use::publish_asked && stream->use != Use::publishing) return;
    stream->use = Use::idle;
    take_kept(stream_id);
    send_status(stream_id, "error", code, description);
}

void Session::accept_play(std::uint32_t stream_id) {
    NetStream* stream = find(stream_id);
    if (stream == nullptr || stream->use != Use::play_asked) return;
    stream->use = Use::playing;
    send_user_control(UserControl::stream_begin, stream_id);
    send_status(stream_id, "status", "NetStream.Play.Reset", "begins anew");
    send_status(stream_id, "status", "NetStream.Play.Start", "begins");
    flv::AmfObject info;
    info.add("code", "NetStream.Data.Start");
    send(MessageType::data, stream_id, kDataChunkStream,
         flv::encode_amf0("onStatus", info).bytes());
}

void Session::refuse_play(std::uint32_t stream_id, const std::string& code,
                          const std::string& description) {
    NetStream* stream = find(stream_id);
    if (stream == nullptr || stream->use != Use::play_asked) return;
    stream->use = Use::idle;
    send_status(stream_id, "error", code, description);
}

void Session::end_play(std::uint32_t stream_id, const std::string& description) {
    NetStream* stream = find(stream_id);
    if (stream == nullptr) return;
    if (stream->use == Use::play_asked) {
        return refuse_play(stream_id, "NetStream.Play.Failed", description);
    }
    if (stream->use != Use::playing) return;
    stream->use = Use::idle;
    send_user_control(UserControl::stream_eof, stream_id);
    send_status(stream_id, "status", "NetStream.Play.UnpublishNotify", description);
    send_status(stream_id, "status", "NetStream.Play.Stop", description);
}

void Session::ping(std::uint32_t timestamp_ms) {
    send_user_control(UserControl::ping_request, timestamp_ms);
}

}  // namespace st::rtmp
