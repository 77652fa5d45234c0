/// What the state table has a CameraConnection do: commands to the camera, sessions, and answers to
/// those who asked for a start or a stop.
#include "base/clock.h"
#include "base/event_sink.h"
#include "capture/camera_connection.h"
#include "capture/cameras.h"
#include "capture/sessions.h"
#include "record/recorder.h"

namespace st::capture {

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
            parts_.control.post([&events = parts_.events, name = name_, started] {
                events.add(started ? "camera.started" : "camera.stopped", {{"camera", name}});
            });
        }
        parts_.control.post([&cameras = parts_.cameras, link = link_, state = state_,
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
    parts_.control.post([&captures = parts_.captures, link = link_, made = std::move(made)] {
        captures.answer(link, made);
    });
}

void CameraConnection::open_session() {
    if (parts_.shutting_down) return;
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
    session_ = parts_.recorder.open(std::move(start));
    session_began_ns_ = arrival_ns_;
    trip_.begin();
    bad_in_session_ = 0;
    messages_in_session_ = 0;
    parts_.control.post([&sessions = parts_.sessions, link = link_, session = session_] {
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
    stop_timer_ = net_.loop().after(parts_.options->stop_timeout, [this] {
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
        return parts_.control.post(
            [&captures = parts_.captures, link = link_, made] { captures.answer(link, made); });
    }
    if (sends) {
        order_ = order;
        parts_.control.post([&captures = parts_.captures, link = link_, order] {
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
        parts_.control.post([&cameras = parts_.cameras, link = link_, state = state_, id] {
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

}  // namespace st::capture
