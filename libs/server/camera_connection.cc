#include "server/camera_connection.h"

#include "base/clock.h"
#include "media/nal_peek.h"
#include "record/recorder.h"
#include "server/cameras.h"
#include "server/event_log.h"
#include "server/sessions.h"
#include "ws/frame.h"

namespace st::server {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
/// Events and log lines that a camera's texts may cause in a second.
constexpr int kReportsPerSecond = 20;

/// `text` is UTF-8, and so is what stays of it: it goes into JSON.
std::string short_text(const std::string& text) {
    std::size_t end = std::min<std::size_t>(text.size(), 120);
    while (end > 0 && end < text.size() && (text[end] & 0xC0) == 0x80) --end;
    std::string shown;
    for (const char c : text.substr(0, end)) shown += c < ' ' && c >= 0 ? ' ' : c;
    return shown;
}

}  // namespace

CameraConnection::CameraConnection(Services& services, NetLoop& net, Admission::Ticket ticket,
                                   LinkPtr link, std::unique_ptr<loop::Stream> stream)
    : services_(services),
      net_(net),
      ticket_(std::move(ticket)),
      link_(std::move(link)),
      name_(link_->name),
      log_(services.log.with("camera").with(link_->peer)),
      socket_(std::make_unique<WebSocket>(
          std::move(stream),
          ws::Limits{services.options->limits.frame_bytes + camera::kHeaderBytes,
                     camera::kTextBytesMax},
          WebSocket::Times{services.options->camera.ping_interval,
                           services.options->camera.ping_timeout},
          services.metrics, log_, *this)),
      trip_(net.loop(), *socket_),
      meter_(services.metrics, *link_),
      live_(services.live, link_) {}

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
    services_.control.post([&cameras = services_.cameras, link = link_] { cameras.alive(link); });
}

void CameraConnection::count_bad(const std::string& what) {
    link_->bad.fetch_add(1, std::memory_order_relaxed);
    services_.metrics.frames_bad_total.fetch_add(1, std::memory_order_relaxed);
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
    live_.feed(name_, *frame, peek, arrival_ns_);
    if (log_.enabled(LogLevel::debug)) {
        log_.debug("[Frame]: " + name_ + " seq=" + std::to_string(frame->seq) +
                   " timestamp=" + std::to_string(frame->timestamp_ms) +
                   "ms size=" + std::to_string(frame->payload.size()) + " bytes");
    }
    if (session_ && peek.starts_idr() &&
        arrival_ns_ - session_began_ns_ >=
            std::chrono::nanoseconds(services_.options->max_session).count()) {
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
    services_.metrics.stalls_total.fetch_add(1, std::memory_order_relaxed);
    services_.control.post([&events = services_.events, name = name_,
                            queued = session_->queued_bytes()] {
        events.add("camera.stalled", {{"camera", name}, {"queued_bytes", std::to_string(queued)}},
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
        services_.control.post(
            [&events = services_.events, name = name_, shown = short_text(text)] {
                events.add("camera.text", {{"camera", name}, {"text", shown}}, LogLevel::debug);
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
        if (may_report()) log_.warning("camera=" + name_ + " error: " + short_text(refusal_));
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
    if (capabilities.device_model.empty() || !may_report()) return;
    services_.control.post(
        [&cameras = services_.cameras, link = link_,
         model = short_text(capabilities.device_model)] { cameras.set_model(link, model); });
}

void CameraConnection::join() {
    if (is_camera_ || left_) return;
    is_camera_ = true;
    services_.control.post([&cameras = services_.cameras, link = link_] { cameras.joined(link); });
}

// ---- the state table -------------------------------------------------------------------------

void CameraConnection::apply(camera::Input input) {
    const camera::Transition& transition = camera::transition(state_, input);
    const camera::State before = state_;
    for (const camera::Action action : transition.actions) act(action, transition.reason);
    state_ = transition.next;
    if (state_ != camera::State::starting) net_.loop().cancel(std::exchange(start_timer_, 0));
    if (state_ != camera::State::stopping) net_.loop().cancel(std::exchange(stop_timer_, 0));
    if (state_ == camera::State::finalising && before != state_) live_.end("capture stopped");
    if (state_ != before) {
        if (input == camera::Input::capture_started || input == camera::Input::capture_stopped) {
            const bool started = input == camera::Input::capture_started;
            services_.control.post([&events = services_.events, name = name_, started] {
                events.add(started ? "camera.started" : "camera.stopped", {{"camera", name}});
            });
        }
        services_.control.post([&cameras = services_.cameras, link = link_, state = state_,
                                id = session_ ? session_->id() : std::string()] {
            cameras.set_state(link, state, id);
        });
    }
    if (state_ == camera::State::finalising && before != state_ && ended_serial_ == 0) {
        apply(camera::Input::finalised);
    }
}

void CameraConnection::act(camera::Action action, camera::EndReason reason) {
    switch (action) {
        case camera::Action::none:
            return;
        case camera::Action::open_session:
            return open_session();
        case camera::Action::end_session:
            return end_session(reason);
        case camera::Action::send_start:
            return send_start();
        case camera::Action::send_stop:
            return send_stop();
        case camera::Action::hold_frame:
        case camera::Action::write_frame:
        case camera::Action::drop_frame:
            return;  // on_binary's, which has the frame
        case camera::Action::answer_started:
            answer_when_opened_ = true;
            return;
        case camera::Action::answer_already_recording:
            if (session_ && session_->id().empty()) {
                already_when_opened_ = true;
                return;
            }
            return answer(CameraAnswer::Kind::already_recording,
                          already_differs_ ? "records with other parameters" : "",
                          already_differs_);
        case camera::Action::answer_refused:
            return answer(CameraAnswer::Kind::refused,
                          refusal_.empty() ? "the camera is stopping" : refusal_);
        case camera::Action::answer_start_timeout:
            return answer(CameraAnswer::Kind::start_timeout);
        case camera::Action::answer_stopped:
            // Stops get their files when the session finishes; left is who stopped without one.
            if (session_) return;
            [[fallthrough]];
        case camera::Action::answer_not_recording:
            return answer(CameraAnswer::Kind::not_recording);
        case camera::Action::answer_disconnected:
            return answer(CameraAnswer::Kind::disconnected, "the camera disconnected");
    }
}

void CameraConnection::answer(CameraAnswer::Kind kind, const std::string& error, bool differs) {
    answer({kind, session_ ? session_->id() : std::string(), error, differs});
}

void CameraConnection::answer(CameraAnswer made) {
    services_.control.post([&captures = services_.captures, link = link_, made = std::move(made)] {
        captures.answer(link, made);
    });
}

void CameraConnection::open_session() {
    if (services_.shutting_down) return;
    record::SessionStart start;
    start.camera = name_;
    start.peer = link_->peer;
    start.path = link_->path;
    if (order_ && !order_->take.empty()) start.take = order_->take;
    if (order_) start.parameters = order_->parameters;
    start.capabilities = capabilities_;
    start.started_us = wall_us();
    start.started_ns = monotonic_ns();
    std::vector<camera::HeldMessage> held_back = holdback_.take(arrival_ns_);
    if (!held_back.empty()) start.first_held_ns = held_back.front().arrival_ns;
    session_ = services_.recorder.open(std::move(start));
    session_began_ns_ = arrival_ns_;
    trip_.begin();
    bad_in_session_ = 0;
    messages_in_session_ = 0;
    services_.control.post([&sessions = services_.sessions, link = link_, session = session_] {
        sessions.created(link, session);
    });
    for (camera::HeldMessage& held : held_back) {
        session_->push(std::move(held.message), held.arrival_ns);
    }
}

void CameraConnection::end_session(camera::EndReason reason) {
    if (!session_) return;
    session_->end(reason, close_, {holdback_.take_dropped(), bad_in_session_}, trip_.end());
    ended_serial_ = session_->serial();
    session_.reset();
    // Over before its folder was there: who waits for the start is told when it is.
    if (reason == camera::EndReason::disk) refuse_opening();
    if (stalled_) {
        stalled_ = false;
        socket_->resume_reading();
    }
}

void CameraConnection::send_start() {
    refusal_.clear();
    if (state_ != camera::State::starting) holdback_.forget_frames();  // of an earlier capture
    socket_->send_text(camera::encode_start(order_->parameters));
    net_.loop().cancel(start_timer_);
    start_timer_ = net_.loop().after(order_->timeout, [this] {
        start_timer_ = 0;
        apply(camera::Input::start_timeout);
    });
}

void CameraConnection::send_stop() {
    socket_->send_text(camera::encode_stop());
    await_stop();
}

void CameraConnection::await_stop() {
    net_.loop().cancel(stop_timer_);
    stop_timer_ = net_.loop().after(services_.options->camera.stop_timeout, [this] {
        stop_timer_ = 0;
        // Its answer stands behind pictures that we did not read yet: the delay is ours.
        if (stalled_) return await_stop();
        apply(camera::Input::stop_timeout);
    });
}

void CameraConnection::request_start(const StartOrder& order) {
    if (left_) return answer(CameraAnswer::Kind::disconnected, "the camera disconnected");
    already_differs_ = order.given && (!order_ || order_->parameters != order.parameters);
    const bool sends = camera::transition(state_, camera::Input::start_requested).actions.front() ==
                       camera::Action::send_start;
    if (!sends && state_ == camera::State::starting && already_differs_) {
        CameraAnswer made{
            CameraAnswer::Kind::refused, {}, "it is being started with other parameters"};
        made.request = order.request;
        return services_.control.post(
            [&captures = services_.captures, link = link_, made] { captures.answer(link, made); });
    }
    if (sends) {
        order_ = order;
        services_.control.post([&captures = services_.captures, link = link_, order] {
            captures.start_sent(link, order.parameters, order.take);
        });
    }
    refusal_.clear();
    apply(camera::Input::start_requested);
}

void CameraConnection::request_stop() { apply(camera::Input::stop_requested); }

void CameraConnection::on_session_opened(std::uint64_t serial, const std::string& id) {
    const bool is_open = session_ && session_->serial() == serial;
    if (!is_open && serial != ended_serial_) return;
    if (is_open) {
        services_.control.post([&cameras = services_.cameras, link = link_, state = state_, id] {
            cameras.set_state(link, state, id);
        });
    }
    if (std::exchange(answer_when_opened_, false)) answer({CameraAnswer::Kind::started, id, {}});
    if (std::exchange(already_when_opened_, false)) {
        answer({CameraAnswer::Kind::already_recording, id,
                already_differs_ ? "records with other parameters" : "", already_differs_});
    }
}

void CameraConnection::refuse_opening() {
    if (!answer_when_opened_ && !already_when_opened_) return;
    answer_when_opened_ = already_when_opened_ = false;
    answer(CameraAnswer::Kind::refused,
           refusal_.empty() ? "the recording could not begin" : refusal_);
}

void CameraConnection::on_session_failed(std::uint64_t serial, const std::string& error) {
    if (session_ ? session_->serial() != serial : serial != ended_serial_) return;
    refusal_ = error;
    if (!session_) return refuse_opening();
    apply(camera::Input::session_failed);
}

void CameraConnection::on_session_finished(std::uint64_t serial) {
    if (serial != ended_serial_) return;  // an earlier one; the last is still being made
    ended_serial_ = 0;
    apply(camera::Input::finalised);
}

// ---- life of the connection ------------------------------------------------------------------

void CameraConnection::probe() {
    if (left_) return;
    if (stalled_) {  // we are the reason it is not heard
        services_.control.post(
            [&cameras = services_.cameras, link = link_] { cameras.alive(link); });
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
    if (over_because_ == camera::Input::shutdown) apply(camera::Input::disconnected);
    const std::string text =
        "code " + std::to_string(code) + (reason.empty() ? "" : " " + short_text(reason));
    // A session that is being finished answers who waits for the stop; without one, nothing would.
    const bool has_session = ended_serial_ != 0;
    services_.control.post([&services = services_, link = link_, text, has_session] {
        services.cameras.left(link, text);
        services.captures.left(link, has_session);
    });
}

void CameraConnection::on_gone() { net_.remove(*this); }

void CameraConnection::replace() {
    close(ws::kCloseGoingAway, "replaced", camera::Input::replaced);
}

void CameraConnection::kick() { close(ws::kClosePolicy, "kicked", camera::Input::disconnected); }

void CameraConnection::shut_down() {
    close(ws::kCloseGoingAway, "server shutting down", camera::Input::shutdown);
}

}  // namespace st::server
