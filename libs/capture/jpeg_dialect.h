#pragma once
/// What an ESP32 camera speaks, as the camera protocol: bare JPEG pictures and a few words on one
/// side, framed messages and JSON on the other. CameraConnection sees a camera like any other.
/// Lives on the camera's network loop. Spec: docs/camera.md, "JPEG cameras".
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "camera/message.h"
#include "httpd/message_socket.h"
#include "httpd/websocket.h"
#include "loop/timers.h"

namespace st::capture {

/// "start VGA 12" for what is asked: the firmware's size that is nearest.
std::string jpeg_start_words(const camera::StartParameters& parameters);

class JpegDialect final : public httpd::MessageSocket, public httpd::WebSocketHandler {
 public:
    /// Who else wants to know.
    struct Listeners {
        std::function<void(const SharedBuffer& jpeg)> picture;
        std::function<void(const std::string& words)> words;
    };

    /// `camera` and `timers` outlive this.
    JpegDialect(httpd::WebSocketHandler& camera, loop::Timers& timers, Listeners listeners);
    void set_socket(std::unique_ptr<httpd::MessageSocket> socket) { socket_ = std::move(socket); }
    /// To the camera, in its own words.
    void command(std::string_view words) { socket_->send_text(words); }

    // Of the server.
    void start(Bytes pending) override;
    void send_text(std::string_view text) override;
    void send_ping(std::string_view payload) override { socket_->send_ping(payload); }
    void close(std::uint16_t code, const std::string& reason) override {
        socket_->close(code, reason);
    }
    void pause_reading() override { socket_->pause_reading(); }
    void resume_reading() override { socket_->resume_reading(); }
    bool is_caught_up() const override { return socket_->is_caught_up(); }
    void hold(const httpd::InputAccount::Held& held) override { socket_->hold(held); }

    // Of the camera.
    void on_binary(Buffer message) override;
    void on_text(const std::string& text) override;
    void on_pong(const std::string& payload) override { camera_.on_pong(payload); }
    void on_input() override { camera_.on_input(); }
    void on_over(std::uint16_t code, const std::string& reason) override {
        camera_.on_over(code, reason);
    }
    void on_gone() override { camera_.on_gone(); }

 private:
    enum class Phase : std::uint8_t { idle, starting, streaming, stopping };

    httpd::WebSocketHandler& camera_;
    loop::Timers& timers_;
    const Listeners listeners_;
    std::unique_ptr<httpd::MessageSocket> socket_;
    Phase phase_ = Phase::idle;
    std::uint32_t seq_ = 0;
};

}  // namespace st::capture
