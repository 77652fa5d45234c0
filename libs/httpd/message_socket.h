#pragma once
/// What the owner of a WebSocket does with it. Implemented by WebSocket, and by tests.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "httpd/input_account.h"

namespace st::httpd {

class MessageSocket {
 public:
    virtual ~MessageSocket() = default;
    /// `pending`: bytes that came behind the upgrade request.
    virtual void start(Bytes pending) = 0;
    virtual void send_text(std::string_view text) = 0;
    virtual void send_ping(std::string_view payload) = 0;
    /// Sends a close frame; then WebSocketHandler::on_over(), and on_gone() once the peer has it.
    virtual void close(std::uint16_t code, const std::string& reason) = 0;
    /// Back-pressure. A peer that is not read is not expected to answer pings.
    virtual void pause_reading() = 0;
    virtual void resume_reading() = 0;
    /// It is read, and no message is on its way: silence is the peer's own.
    virtual bool is_caught_up() const = 0;
    /// What the owner keeps of what came, now: the peer is held responsible for it (see
    /// InputAccount), beside the message that is not whole yet.
    virtual void hold(const InputAccount::Held& held) = 0;
};

}  // namespace st::httpd
