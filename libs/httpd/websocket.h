#pragma once
/// A WebSocket of ours on its network loop: decoding, pings, the closing handshake. Whoever owns it
/// gets whole messages and says what to send. RFC 6455.
#include <memory>
#include <string>

#include "base/log.h"
#include "httpd/counters.h"
#include "httpd/input_account.h"
#include "httpd/message_socket.h"
#include "httpd/options.h"
#include "loop/transport.h"
#include "ws/codec.h"

namespace st::httpd {

/// What the owner of a WebSocket is told.
class WebSocketHandler {
 public:
    virtual ~WebSocketHandler() = default;
    virtual void on_binary(Buffer message) = 0;
    virtual void on_text(const std::string& text) = 0;
    virtual void on_pong(const std::string& /*payload*/) {}
    /// Bytes came, before anything is decoded from them.
    virtual void on_input() {}
    /// Everything handed to send() is out, after it had to wait.
    virtual void on_drained() {}
    /// The conversation is over: no message comes any more and none can be sent. Once. `code` and
    /// `reason` are of the close frame that came or, if none came, was sent; else 1006.
    virtual void on_over(std::uint16_t code, const std::string& reason) = 0;
    /// The socket is closed, after on_over(): destroy the WebSocket with EventLoop::retire().
    virtual void on_gone() = 0;
};

class WebSocket final : public MessageSocket, public loop::StreamHandler {
 public:
    struct Times {
        std::chrono::milliseconds ping_interval;  ///< silence after which a ping goes out
        std::chrono::milliseconds
            ping_timeout;  ///< silence after that ping which ends the connection
    };

    /// Takes over a stream whose upgrade has been answered.
    WebSocket(std::unique_ptr<loop::Transport> stream, ws::Limits limits, Times times,
              Counters& counters, Log log, WebSocketHandler& handler);
    ~WebSocket() override;

    void start(Bytes pending) override;

    void send_text(std::string_view text) override;
    /// Frames made before, by ws/encode.h, for whoever else gets the same.
    void send_wires(std::span<const SharedBuffer> frames) {
        if (!over_) stream_->send(frames);
    }
    void send_ping(std::string_view payload) override;
    void close(std::uint16_t code, const std::string& reason) override;
    bool is_over() const { return over_; }

    void pause_reading() override { account_.pause(); }
    void resume_reading() override { account_.resume(); }
    bool is_caught_up() const override {
        return account_.is_read() && decoder_.is_between_messages();
    }
    void hold(const InputAccount::Held& held) override;
    std::size_t queued_bytes() const { return stream_->queued_bytes(); }
    std::uint64_t bytes_taken() const { return stream_->bytes_out(); }

 private:
    void on_data(std::span<std::uint8_t> bytes) override;
    void on_end(std::string_view error) override;
    void on_hang_up(bool is_reset) override;
    void on_drained() override;
    void decode(Bytes bytes);
    void deliver(ws::Event& event);
    void finish(std::uint16_t sent_code, const std::string& sent_reason, std::uint16_t code,
                const std::string& reason);
    void be_over(std::uint16_t code, const std::string& reason);
    void account();
    void arm_idle_timer(std::chrono::milliseconds after);
    void on_idle_timer();

    std::unique_ptr<loop::Transport> stream_;
    ws::Decoder decoder_;
    const Times times_;
    Counters& counters_;
    Log log_;
    WebSocketHandler& handler_;
    bool over_ = false;
    InputAccount::Held kept_;  ///< by the owner
    InputAccount account_;
    std::int64_t pinged_ns_ = 0;  ///< 0: no ping is out
    loop::TimerId idle_timer_ = 0;
};

}  // namespace st::httpd
