#pragma once
/// What the server says on an RTMP connection, as messages in chunks. Pure: it decides nothing.
/// Spec: Adobe RTMP 1.0, sections 5.4 and 7.
#include <cstdint>
#include <string>
#include <utility>

#include "base/buffer.h"
#include "base/bytes.h"
#include "flv/amf.h"
#include "rtmp/command.h"
#include "rtmp/protocol.h"

namespace st::rtmp {

/// Why a play ends that was to last so long and no longer.
constexpr char kPlayComplete[] = "played as long as was asked";

class AnswerWriter {
 public:
    /// What goes before the first message: the handshake.
    Buffer& output() { return output_; }
    Buffer take_output() { return std::exchange(output_, Buffer()); }

    void send_u32(MessageType type, std::uint32_t value);
    void send_user_control(UserControl event, std::uint32_t value);
    /// Of connect; announces `window_bytes` and our chunk size, which is in force from then on.
    void accept_connect(double transaction, double object_encoding, bool offers_four_cc,
                        std::uint32_t window_bytes);
    void refuse_connect(double transaction, const std::string& code,
                        const std::string& description);
    /// Nothing if the command wants no answer.
    void send_result(const Command& command, const flv::AmfValue& value);
    /// "_error": there is no such command. Nothing if it wants no answer.
    void send_unknown(const Command& command);
    void send_status(std::uint32_t stream_id, const char* level, const std::string& code,
                     const std::string& description);
    /// "onFCPublish" and the like, about the stream that the command names.
    void send_courtesy(const char* name, const char* code, const Command& command);
    void send_data_start(std::uint32_t stream_id);
    /// "onPlayStatus": all that was asked for has been played.
    void send_play_complete(std::uint32_t stream_id, double seconds);

 private:
    void send(MessageType type, std::uint32_t stream_id, std::uint8_t chunk_stream, Bytes payload);

    Buffer output_;
    std::size_t chunk_bytes_ = kDefaultChunkBytes;
};

}  // namespace st::rtmp
