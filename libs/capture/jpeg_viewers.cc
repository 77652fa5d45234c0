#include "capture/jpeg_viewers.h"

#include <array>

#include "base/clock.h"
#include "capture/jpeg_feed.h"
#include "capture/parts.h"
#include "http/response.h"
#include "httpd/answers.h"
#include "ws/encode.h"
#include "ws/frame.h"

namespace st::capture {
namespace {

constexpr std::size_t kCommandBytesMax = 4 * 1024;
constexpr const char* kBoundary = "picture";

std::string name_of(const httpd::Request& request) {
    const std::string* name = request.target.find("name");
    return name == nullptr ? std::string() : *name;
}

}  // namespace

// ---- both --------------------------------------------------------------------------------------

void JpegViewer::post(std::function<void(JpegViewer&)> task) {
    net_.loop().post([weak = weak_from_this(), run = std::move(task)] {
        if (const auto self = weak.lock()) run(*self);
    });
}

void JpegViewer::on_picture(const SharedBuffer& jpeg) {
    if (posted_.load() >= kPostedMax) return;
    posted_.fetch_add(1);
    post([jpeg](JpegViewer& self) {
        self.posted_.fetch_sub(1);
        self.send_picture(jpeg);
    });
}

void JpegViewer::on_words(const std::string& text) {
    post([text](JpegViewer& self) { self.send_words(text); });
}

void JpegViewer::on_camera_gone() {
    post([](JpegViewer& self) { self.end(); });
}

// ---- /dev --------------------------------------------------------------------------------------

JpegConsole::JpegConsole(const Parts& parts, httpd::Handover handover,
                         const httpd::Request& request)
    : JpegViewer(handover.net),
      parts_(parts),
      ticket_(std::move(handover.ticket)),
      facts_(request.facts),
      name_(name_of(request)) {
    const auto times = parts.http_options.get();
    if (!handover.upgrade_answer.empty()) handover.transport->send(handover.upgrade_answer);
    socket_ = std::make_unique<httpd::WebSocket>(
        std::move(handover.transport), ws::Limits{0, kCommandBytesMax},
        httpd::WebSocket::Times{times->ping_interval, times->ping_timeout}, parts.http_counters,
        parts.log.with("console").with("peer", request.peer.text), *this);
}

void JpegConsole::start(const std::string& pending) {
    const auto self = std::static_pointer_cast<JpegConsole>(shared_from_this());
    if (!parts_.jpegs.watch(name_, self, true)) {
        send_words(console_line(wall_us(), "server", "error: no camera"));
    }
    socket_->start(as_bytes(pending));
}

/// The console's words are the camera's commands: whoever may only watch is told so.
void JpegConsole::on_text(const std::string& text) {
    const auto policy = parts_.policy.get();
    if (const auto may = auth::check_access(*policy, auth::Role::control, facts_); !may) {
        return send_words(console_line(wall_us(), "server", "error: " + may.error().message));
    }
    if (!parts_.jpegs.command(name_, text)) {
        return send_words(console_line(wall_us(), "server", "error: no camera"));
    }
}

void JpegConsole::send_picture(const SharedBuffer& jpeg) {
    if (!socket_ || socket_->is_over() || socket_->queued_bytes() > 0) return;
    const SharedBuffer frame = share(ws::encode_frame(ws::Opcode::binary, jpeg->bytes()));
    socket_->send_wires({&frame, 1});
}

void JpegConsole::send_words(const std::string& text) {
    constexpr std::size_t kQueuedMax = std::size_t{1} << 20;
    if (socket_ && socket_->queued_bytes() < kQueuedMax) socket_->send_text(text);
}

/// Another camera may come; this one's pictures are over.
void JpegConsole::end() { send_words(console_line(wall_us(), "server", "the camera is gone")); }

void JpegConsole::shut_down() {
    if (socket_) socket_->close(ws::kCloseGoingAway, "server shutting down");
}

void JpegConsole::on_over(std::uint16_t /*code*/, const std::string& /*reason*/) {}

void JpegConsole::on_gone() {
    net_.loop().retire(std::shared_ptr<httpd::WebSocket>(std::move(socket_)));
    net_.remove(*this);
}

// ---- /mjpeg/<name> -----------------------------------------------------------------------------

MultipartViewer::MultipartViewer(httpd::Handover handover)
    : JpegViewer(handover.net),
      ticket_(std::move(handover.ticket)),
      stream_(std::move(handover.transport)) {
    stream_->set_handler(*this);
}

void MultipartViewer::start(JpegStreams& streams, const std::string& name) {
    const auto self = std::static_pointer_cast<MultipartViewer>(shared_from_this());
    if (!streams.watch(name, self, false)) {
        stream_->send(http::encode_response(
            httpd::error_response(404, "no JPEG camera is connected as " + name), false, {}));
        return stream_->finish(httpd::kClosePatience);
    }
    stream_->send(std::string("HTTP/1.1 200 OK\r\n"
                              "Content-Type: multipart/x-mixed-replace; boundary=") +
                  kBoundary +
                  "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                  "Connection: close\r\n\r\n--" +
                  kBoundary + "\r\n");
    stream_->resume_reading();
}

void MultipartViewer::send_picture(const SharedBuffer& jpeg) {
    if (!stream_ || stream_->queued_bytes() > 0) return;
    stream_->send("Content-Type: image/jpeg\r\nContent-Length: " + std::to_string(jpeg->size()) +
                  "\r\n\r\n");
    // The boundary behind it tells a browser that it is whole.
    const std::string end = std::string("\r\n--") + kBoundary + "\r\n";
    const std::array<SharedBuffer, 2> rest{jpeg, share(Buffer(as_bytes(end)))};
    stream_->send(rest);
}

void MultipartViewer::end() {
    if (stream_) stream_->finish(httpd::kClosePatience);
}

void MultipartViewer::on_end(std::string_view /*error*/) {
    net_.loop().retire(std::shared_ptr<loop::Transport>(std::move(stream_)));
    net_.remove(*this);
}

}  // namespace st::capture
