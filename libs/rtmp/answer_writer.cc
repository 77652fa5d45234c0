#include "rtmp/answer_writer.h"

#include <array>

#include "rtmp/chunk_writer.h"

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

void AnswerWriter::send(MessageType type, std::uint32_t stream_id, std::uint8_t chunk_stream,
                        Bytes payload) {
    append_message(output_, type, chunk_stream, 0, stream_id, payload, chunk_bytes_);
}

void AnswerWriter::send_u32(MessageType type, std::uint32_t value) {
    std::array<std::uint8_t, 4> payload{};
    store_be32(payload.data(), value);
    send(type, 0, kControlChunkStream, payload);
}

void AnswerWriter::send_user_control(UserControl event, std::uint32_t value) {
    std::array<std::uint8_t, 6> payload{};
    store_be16(payload.data(), static_cast<std::uint16_t>(event));
    store_be32(payload.data() + 2, value);
    send(MessageType::user_control, 0, kControlChunkStream, payload);
}

void AnswerWriter::send_result(const Command& command, const flv::AmfValue& value) {
    if (command.transaction == 0) return;
    send(MessageType::command, 0, kCommandChunkStream,
         flv::encode_amf0("_result", command.transaction, flv::AmfNull{}, value).bytes());
}

void AnswerWriter::send_status(std::uint32_t stream_id, const char* level, const std::string& code,
                               const std::string& description) {
    send(MessageType::command, stream_id, kDataChunkStream,
         flv::encode_amf0("onStatus", 0.0, flv::AmfNull{}, status_info(level, code, description))
             .bytes());
}

void AnswerWriter::accept_connect(double transaction, double object_encoding, bool offers_four_cc,
                                  std::uint32_t window_bytes) {
    send_u32(MessageType::window_ack_size, window_bytes);
    std::array<std::uint8_t, 5> bandwidth{};
    store_be32(bandwidth.data(), window_bytes);
    bandwidth[4] = kDynamicLimit;
    send(MessageType::set_peer_bandwidth, 0, kControlChunkStream, bandwidth);
    send_u32(MessageType::set_chunk_size, kOutChunkBytes);
    chunk_bytes_ = kOutChunkBytes;
    flv::AmfObject properties;
    properties.add("fmsVer", kServerVersion);
    properties.add("capabilities", kCapabilities);
    properties.add("mode", 1.0);
    if (offers_four_cc) {
        // Codecs with a FourCC are passed through, whichever they are.
        flv::AmfArray any;
        any.items.emplace_back("*");
        properties.add("fourCcList", any);
        properties.add("capsEx", kMultitrack);
    }
    flv::AmfObject info =
        status_info("status", "NetConnection.Connect.Success", "connection accepted");
    info.add("objectEncoding", object_encoding);
    send(MessageType::command, 0, kCommandChunkStream,
         flv::encode_amf0("_result", transaction, properties, info).bytes());
}

void AnswerWriter::refuse_connect(double transaction, const std::string& code,
                                  const std::string& description) {
    send(MessageType::command, 0, kCommandChunkStream,
         flv::encode_amf0("_error", transaction, flv::AmfNull{},
                          status_info("error", code, description))
             .bytes());
}

void AnswerWriter::send_unknown(const Command& command) {
    if (command.transaction == 0) return;
    send(MessageType::command, 0, kCommandChunkStream,
         flv::encode_amf0("_error", command.transaction, flv::AmfNull{},
                          status_info("error", "NetConnection.Call.Failed",
                                      "no such command: " + command.name.substr(0, 64)))
             .bytes());
}

void AnswerWriter::send_courtesy(const char* name, const char* code, const Command& command) {
    send(MessageType::command, 0, kCommandChunkStream,
         flv::encode_amf0(name, 0.0, flv::AmfNull{}, status_info("status", code, command.text(0)))
             .bytes());
}

void AnswerWriter::send_data_start(std::uint32_t stream_id) {
    flv::AmfObject info;
    info.add("code", "NetStream.Data.Start");
    send(MessageType::data, stream_id, kDataChunkStream,
         flv::encode_amf0("onStatus", info).bytes());
}

void AnswerWriter::send_play_complete(std::uint32_t stream_id, double seconds) {
    flv::AmfObject info;
    info.add("level", "status");
    info.add("code", "NetStream.Play.Complete");
    info.add("description", kPlayComplete);
    info.add("duration", seconds);
    send(MessageType::data, stream_id, kDataChunkStream,
         flv::encode_amf0("onPlayStatus", info).bytes());
}

}  // namespace st::rtmp
