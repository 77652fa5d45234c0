#include "capture/camera_connection.h"

#include "base/clock.h"
#include "base/event_sink.h"
#include "base/text.h"
#include "capture/cameras.h"
#include "media/nal_peek.h"
#include "record/recorder.h"
#include "ws/frame.h"

namespace st::capture {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
/// Events and log lines that a camera's texts may cause in a second.
constexpr int kReportsPerSecond = 20;

}  // namespace

CameraConnection::CameraConnection(const Parts& parts, httpd::NetLoop& net,
                                   httpd::Admission::Ticket ticket, LinkPtr link,
                                   std::unique_ptr<loop::Transport> stream)
    : parts_(parts),
      net_(net),
      ticket_(std::move(ticket)),
      link_(std::move(link)),
      name_(link_->name),
      log_(parts.log.with("camera").with(link_->peer)),
      socket_(std::make_unique<httpd::WebSocket>(
          std::move(stream),
          ws::Limits{parts.options->frame_bytes_max + camera::kHeaderBytes, camera::kTextBytesMax},
          httpd::WebSocket::Times{parts.http_options->ping_interval,
                                  parts.http_options->ping_timeout},
          parts.http_counters, log_, *this)),
      trip_(net.loop(), *socket_),
      meter_(parts.counters, *link_),
      live_(parts.hub, link_) {}

CameraConnection::~CameraConnection() {
    net_.loop().cancel(start_timer_);
    net_.loop().cancel(stop_timer_);
    // Only when the loop itself ends: nobody is left to end the session in good order.
    if (session_) session_->end(camera::EndReason::shutdown, close_);
}

void CameraConnection::start(Bytes pending) { socket_->start(pending); }

// ---- messages in -----------------------------------------------------------------------------

void CameraConnection::on_input() {
    arrival_ns_ = monotonic_ns();
    link_->last_seen_us.store(wall_us(), std::memory_order_relaxed);
    if (!probing_) return;
    probing_ = false;
    parts_.control.post([&cameras = parts_.cameras, link = link_] { cameras.alive(link); });
}

void CameraConnection::count_bad(const std::string& what) {
    link_->bad.fetch_add(1, std::memory_order_relaxed);
    parts_.counters.frames_bad_total.fetch_add(1, std::memory_order_relaxed);
    if (session_) ++bad_in_session_;
    if (arrival_ns_ - bad_logged_ns_ < kSecond && bad_logged_ns_ != 0) return;
    bad_logged_ns_ = arrival_ns_;
    log_.warning("camera=" + name_ + " dropped a message: " + what +
                 " bad=" + std::to_string(link_->bad.load()));
}

void CameraConnection::on_binary(Buffer message) {
    const auto frame = camera::decode_frame(message.bytes());
    if (!frame) return count_bad(frame.error().message);
    if (!is_camera_) join();
    const media::NalPeek peek = media::peek_nals(frame->payload);
    meter_.count(*frame, peek, arrival_ns_);
    camera::Frame in_ms = *frame;
    in_ms.timestamp_ms = camera::to_ms(frame->timestamp_ms, unit_);
    live_.feed(name_, in_ms, peek, arrival_ns_);
    if (log_.enabled(LogLevel::debug)) {
        log_.debug("[Frame]: " + name_ + " seq=" + std::to_string(frame->seq) +
                   " timestamp=" + std::to_string(in_ms.timestamp_ms) +
                   "ms size=" + std::to_string(frame->payload.size()) + " bytes");
    }
    if (session_ && peek.starts_idr() &&
        arrival_ns_ - session_began_ns_ >=
            std::chrono::nanoseconds(parts_.options->max_session).count()) {
        apply(camera::Input::max_session);
    }
    const camera::Transition& next = camera::transition(state_, camera::Input::frame);
    switch (next.actions.front()) {
        case camera::Action::write_frame:
            if (session_) return write_frame(std::move(message), peek);
            [[fallthrough]];
        case camera::Action::hold_frame:
            return holdback_.hold(std::move(message), arrival_ns_, peek);
        default:
            return;  // gone
    }
}

void CameraConnection::write_frame(Buffer message, const media::NalPeek& peek) {
    if (auto sets = holdback_.remember(message.bytes(), arrival_ns_, peek)) {
        session_->push(std::move(sets->message), sets->arrival_ns);
    }
    ++messages_in_session_;
    if (session_->push(std::move(message), arrival_ns_) || stalled_) return;
    stalled_ = true;
    socket_->pause_reading();
    parts_.counters.stalls_total.fetch_add(1, std::memory_order_relaxed);
    parts_.control.post([&events = parts_.events, name = name_, queued = session_->queued_bytes()] {
        events.add("camera.stalled", {{"camera", name}, {"queued_bytes", queued}},
                   LogLevel::warning);
    });
}

void CameraConnection::on_room(std::uint64_t serial) {
    // The room may be that of a session that ended meanwhile; a full one gives its own word.
    if (!stalled_ || (session_ && session_->serial() != serial && session_->over_budget())) return;
    stalled_ = false;
    socket_->resume_reading();
}

bool CameraConnection::may_report() {
    if (arrival_ns_ - reports_since_ns_ >= kSecond) {
        reports_since_ns_ = arrival_ns_;
        reports_ = 0;
    }
    return ++reports_ <= kReportsPerSecond;
}

void CameraConnection::on_text(const std::string& text) {
    const camera::Message message = camera::decode_message(text);
    if (std::holds_alternative<camera::Other>(message)) {
        if (!may_report()) return;
        parts_.control.post([&events = parts_.events, name = name_, text = shown(text)] {
            events.add("camera.text", {{"camera", name}, {"text", text}}, LogLevel::debug);
        });
        return;
    }
    if (const auto* capabilities = std::get_if<camera::Capabilities>(&message)) {
        on_capabilities(*capabilities);
        return join();
    }
    if (std::holds_alternative<camera::Ready>(message)) {
        apply(camera::Input::ready);
        return join();
    }
    if (const auto* error = std::get_if<camera::CameraError>(&message)) {
        refusal_ = error->message.empty() ? "the camera reports an error" : error->message;
        if (may_report()) log_.warning("camera=" + name_ + " error: " + refusal_);
        return apply(camera::Input::camera_error);
    }
    if (std::holds_alternative<camera::CaptureStarted>(message)) {
        // Said twice before a frame: the session that is open is the one that is meant.
        // Nor does a camera restart many times a second: a session costs a folder and an MP4.
        if (session_ && (messages_in_session_ == 0 || !may_report())) return;
        apply(camera::Input::capture_started);
        return join();
    }
    holdback_.forget_frames();  // what comes before it was of the capture that ends
    apply(camera::Input::capture_stopped);
}

void CameraConnection::on_capabilities(const camera::Capabilities& capabilities) {
    capabilities_ = capabilities.json;
    unit_ = capabilities.clock.unit;
    if (capabilities.device_model.empty() || !may_report()) return;
    parts_.control.post([&cameras = parts_.cameras, link = link_,
                         model = capabilities.device_model] { cameras.set_model(link, model); });
}

void CameraConnection::join() {
    if (is_camera_ || left_) return;
    is_camera_ = true;
    parts_.control.post([&cameras = parts_.cameras, link = link_] { cameras.joined(link); });
}

// ---- life of the connection ------------------------------------------------------------------

void CameraConnection::probe() {
    if (left_) return;
    if (stalled_) {  // we are the reason it is not heard
        parts_.control.post([&cameras = parts_.cameras, link = link_] { cameras.alive(link); });
        return;
    }
    probing_ = true;
    socket_->send_ping("name");
}

/// `why` it is over is known before the socket says that it is.
void CameraConnection::close(std::uint16_t code, const std::string& reason, camera::Input why) {
    over_because_ = why;
    socket_->close(code, reason);
}

void CameraConnection::on_over(std::uint16_t code, const std::string& reason) {
    left_ = true;
    live_.end("camera disconnected");
    close_ = record::CloseCode{code, reason};
    apply(over_because_);
    const std::string text = "code " + std::to_string(code) + (reason.empty() ? "" : " " + reason);
    // A session that is being finished answers who waits for the stop; without one, nothing would.
    const bool has_session = ended_serial_ != 0;
    parts_.control.post([&parts = parts_, link = link_, text, has_session] {
        parts.cameras.left(link, text);
        parts.captures.left(link, has_session);
    });
}

void CameraConnection::on_gone() { net_.remove(*this); }

void CameraConnection::replace() {
    close(ws::kCloseGoingAway, "replaced", camera::Input::replaced);
}

void CameraConnection::kick() { close(ws::kClosePolicy, "kicked", camera::Input::disconnected); }

void CameraConnection::shut_down() {
    constexpr const char* kReason = "server shutting down";
    close_ = record::CloseCode{ws::kCloseGoingAway, kReason};
    apply(camera::Input::shutdown);  // now: the camera is still there to be told to stop
    close(ws::kCloseGoingAway, kReason, camera::Input::disconnected);
}

}  // namespace st::capture
