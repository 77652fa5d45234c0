#include "capture/camera_connection.h"

#include "base/clock.h"
#include "base/text.h"
#include "camera/frame.h"
#include "control/refusals.h"
#include "httpd/token_message.h"
#include "ws/frame.h"

namespace st::capture {
namespace {

/// How a connection ended, for people. `words`: the reason that came with the code.
std::string end_of_connection(std::uint16_t code, const std::string& words) {
    constexpr std::uint16_t kWithoutCode = 1005;  // RFC 6455, 7.4.1: neither is ever sent
    constexpr std::uint16_t kBroken = 1006;
    if (!words.empty()) return words + " (code " + std::to_string(code) + ")";
    if (code == kBroken) return "the connection broke";
    if (code == ws::kCloseNormal || code == ws::kCloseGoingAway || code == kWithoutCode)
        return "it closed the connection";
    return "closed with code " + std::to_string(code);
}

/// It tells the camera what to do, and would undo a capture that it is about to go on with.
bool is_order(const ToConnection& message) {
    return std::holds_alternative<StartOrder>(message) ||
           std::holds_alternative<StopOrder>(message) ||
           std::holds_alternative<PreviewOrder>(message) ||
           std::holds_alternative<PreviewEnd>(message);
}

}  // namespace

CameraConnection::CameraConnection(Uses uses, loop::Timers& timers, LinkPtr link,
                                   httpd::Admission::Ticket ticket)
    : uses_(std::move(uses)),
      timers_(timers),
      ticket_(std::move(ticket)),
      link_(std::move(link)),
      may_be_renamed_(link_->may_be_renamed),
      name_(link_->name),
      log_(uses_.log.with("camera").with("peer", link_->peer).with_field("camera", name_)),
      recording_(uses_.open_session, timers,
                 [this](std::string_view payload) { socket_->send_ping(payload); }),
      answers_(*link_, recording_),
      clock_(timers,
             [this](std::uint32_t id) { socket_->send_text(camera::encode_clock_request(id)); }),
      meter_(uses_.counters, *link_),
      live_(uses_.hub, timers_, link_, clock_, [this] { return socket_->is_caught_up(); }),
      payloads_(*link_),
      held_(timers, [this](std::size_t bytes) { socket_->hold({.whole = bytes}); }),
      resumption_(
          timers, [this](const std::string& text) { socket_->send_text(text); },
          [this] { return safe_seq(); }),
      start_(
          timers, clock_,
          [this](const camera::StartParameters& asked, bool is_streaming) {
              if (!is_streaming) resumption_.begin_capture();
              socket_->send_text(camera::encode_start(asked, resumption_.capture()));
          },
          [this] { on_start_timeout(); }),
      stop_(
          timers, clock_, [this] { return delay_of_stop(); },
          [this] { apply(camera::Input::stop_timeout); }) {}

CameraConnection::~CameraConnection() {
    // Only when the loop itself ends: nobody is left to end the session in good order.
    if (recording_.is_open()) recording_.end({camera::EndReason::shutdown, close_});
}

void CameraConnection::set_socket(std::unique_ptr<httpd::MessageSocket> socket,
                                  std::function<void()> on_gone) {
    socket_ = std::move(socket);
    on_gone_ = std::move(on_gone);
}

// ---- frames ------------------------------------------------------------------------------------

void CameraConnection::on_input() {
    arrival_ns_ = timers_.clock_ns();
    link_->last_seen_us.store(wall_us(), std::memory_order_relaxed);
    if (!is_probed_) return;
    is_probed_ = false;
    link_->report(Alive{});
}

void CameraConnection::on_binary(Buffer received) {
    if (resumption_.is_asking()) return resumption_.put_off(std::move(received));
    const auto frame = camera::decode_frame(received.bytes());
    if (!frame) return count_bad(frame.error().message);
    stop_.note_frame(frame->timestamp_ms, arrival_ns_);
    if (!resumption_.take_seq(frame->seq)) return;
    const SeenPayload seen = payloads_.look_into(
        {received.data() + camera::kHeaderBytes, frame->payload.size()}, frame->timestamp_ms);
    SharedBuffer message = share(std::move(received));  // its bytes stay where they are
    join();
    if (seen.form == media::PayloadForm::lengths && !std::exchange(lengths_told_, true)) {
        log_.info("camera=" + name_ + " sends NAL units behind lengths; converting them");
    }
    meter_.count(*frame, seen.peek, arrival_ns_);
    if (resumption_.is_catching_up()) {
        const bool is_late = clock_.is_late(frame->timestamp_ms, arrival_ns_);
        recording_.note(resumption_.count(is_late), arrival_ns_);
    }
    show(*frame, message, seen);
    const bool begins = entries_.begins(seen.peek);
    entries_.note(seen.peek);
    if (recording_.is_open() && begins &&
        recording_.is_older_than(uses_.options->max_session, arrival_ns_)) {
        apply(camera::Input::max_session);
    }
    if (begins && state_ == camera::State::starting && start_.may_begin_at(frame->timestamp_ms)) {
        held_.forget();
        held_.take_dropped();  // they were the preview's
        apply(camera::Input::preview_entry);
    }
    keep(std::move(message), seen);
}

/// To whoever watches.
void CameraConnection::show(const camera::Frame& frame, const SharedBuffer& message,
                            const SeenPayload& seen) {
    if (!seen.is_understood()) {
        count_undecodable(frame.payload.size());
    } else if (!resumption_.is_catching_up() && !link_->is_jpeg) {
        live_.feed(name_, frame, message, seen.peek, arrival_ns_);
    }
    if (log_.enabled(LogLevel::debug)) {
        log_.debug("[Frame]: " + name_ + " seq=" + std::to_string(frame.seq) +
                   " timestamp=" + std::to_string(clock_.to_ms(frame.timestamp_ms)) +
                   "ms size=" + std::to_string(frame.payload.size()) + " bytes");
    }
}

/// Into the recording, or for one that may begin.
void CameraConnection::keep(SharedBuffer message, const SeenPayload& seen) {
    switch (camera::transition(state_, camera::Input::frame).actions.front()) {
        case camera::Action::watch_frame:
            held_.remember(message->bytes(), arrival_ns_, seen.peek);
            return note_streaming();
        case camera::Action::write_frame:
            if (recording_.is_open()) return write(std::move(message), seen);
            [[fallthrough]];  // it opens when the camera's name is settled
        case camera::Action::hold_frame:
            return held_.hold(std::move(message), arrival_ns_, seen.peek);
        default:
            return;  // gone
    }
}

void CameraConnection::count_bad(const std::string& what) {
    recording_.count_bad();
    if (!meter_.count_bad(arrival_ns_)) return;
    log_.warning("camera=" + name_ + " dropped a message: " + what +
                 " bad=" + std::to_string(link_->bad.load()));
}

/// Recorded all the same, for whoever finds out what it is; and said at once, because what is being
/// recorded cannot be played.
void CameraConnection::count_undecodable(std::size_t payload_bytes) {
    recording_.count_undecodable();
    if (!meter_.count_undecodable(arrival_ns_)) return;
    const std::uint64_t count = link_->undecodable.load();
    happened("camera.bad_payload",
             {{"camera", name_},
              {"session", recording_.id()},
              {"undecodable", count},
              {"bytes", std::uint64_t{payload_bytes}}},
             LogLevel::warning);
    if (!wants_warnings_) return;
    socket_->send_text(
        camera::encode_warning("the payload of " + std::to_string(count) +
                               " messages is not H.264 in Annex B form: it cannot be played"));
}

void CameraConnection::write(SharedBuffer message, const SeenPayload& seen) {
    if (auto sets = held_.remember(message->bytes(), arrival_ns_, seen.peek)) {
        recording_.add_sets(std::move(*sets));
    }
    if (!recording_.add(std::move(message), seen.peek, arrival_ns_, seen.is_understood()) &&
        !is_stalled_) {
        stop_reading();
    }
}

void CameraConnection::stop_reading() {
    is_stalled_ = true;
    socket_->pause_reading();
    uses_.counters.stalls_total.fetch_add(1, std::memory_order_relaxed);
    happened(
        "camera.stalled",
        {{"camera", name_}, {"queued_bytes", std::uint64_t{recording_.session()->queued_bytes()}}},
        LogLevel::warning);
}

void CameraConnection::read_again() {
    if (!std::exchange(is_stalled_, false)) return;
    socket_->resume_reading();
}

// ---- texts -------------------------------------------------------------------------------------

void CameraConnection::happened(std::string type, EventFields fields, LogLevel level) {
    link_->report(Happened{std::move(type), std::move(fields), level});
}

void CameraConnection::on_text(const std::string& text) {
    if (resumption_.is_asking()) return resumption_.put_off(text);
    std::visit([&](const auto& message) { on(message, text); }, camera::decode_message(text));
}

/// An answer to nothing that was asked says as much as any other text.
void CameraConnection::on(const camera::ClockReply& reply, const std::string& text) {
    const auto exchange = clock_.on_reply(reply, arrival_ns_);
    if (!exchange) return on(camera::Other{}, text);
    recording_.note(*exchange, arrival_ns_);
    link_->report(clock_.standing());
    if (clock_.has_news() && quota_.take(1, arrival_ns_)) link_->report(clock_.tell(name_));
    start_.on_clock();
}

void CameraConnection::on(const camera::Other&, const std::string& text) {
    // Nobody asked for it: it came in the request, or cameras need none.
    if (httpd::read_token_message(text)) return;
    if (!quota_.take(1, arrival_ns_)) return;
    happened("camera.text", {{"camera", name_}, {"text", shown(text)}}, LogLevel::debug);
}

void CameraConnection::on(const camera::Ready&, const std::string&) {
    apply(camera::Input::ready);
    join();
}

void CameraConnection::on(const camera::Capabilities& capabilities, const std::string&) {
    if (capabilities_ != capabilities.json) {
        capabilities_ = capabilities.json;
        recording_.note(camera::encode_capabilities_note(capabilities_), arrival_ns_);
    }
    wants_warnings_ = capabilities.takes_warnings;
    live_.set_paced(capabilities.is_paced);
    start_.set_takes_instants(capabilities.starts_at);
    resumption_.set_able(capabilities.resumes && uses_.options->resume_for.count() > 0);
    if (capabilities.battery && quota_.take(1, arrival_ns_)) {
        camera::Health health;
        health.battery = capabilities.battery;
        link_->report(HealthTold{health});
    }
    if (clock_.begin(capabilities.clock)) link_->report(clock_.standing());
    if (!capabilities.device_model.empty() && quota_.take(1, arrival_ns_)) {
        if (may_be_renamed_) awaits_name_ = true;
        link_->report(Described{shown(capabilities.device_model)});
    }
    join();
}

void CameraConnection::on(const camera::Health& health, const std::string&) {
    if (quota_.take(1, arrival_ns_)) link_->report(HealthTold{health});
}

void CameraConnection::on(const camera::CameraError& error, const std::string&) {
    const std::string why =
        error.message.empty() ? "the camera reports an error" : shown(error.message);
    if (quota_.take(1, arrival_ns_)) log_.warning("camera=" + name_ + " error: " + why);
    answers_.set_refusal(why);
    apply(camera::Input::camera_error);
}

void CameraConnection::on(const camera::CaptureStarted&, const std::string&) {
    // Said twice before a frame: the session that is open is the one that is meant.
    // Nor does a camera restart many times a second: a session costs a folder and an MP4.
    if (recording_.is_open() && (recording_.is_fresh() || !quota_.take(1, arrival_ns_))) return;
    const bool is_answer = state_ == camera::State::starting || state_ == camera::State::previewing;
    if (!is_answer) resumption_.count_anew();
    if (!is_preview_ending()) apply(camera::Input::capture_started);
    join();
}

void CameraConnection::on(const camera::CaptureStopped&, const std::string&) {
    // It answers a stop of before the preview.
    const bool is_preview = state_ == camera::State::previewing;
    if (is_preview && !is_streaming_ && !is_preview_ending()) return;
    // Frames without a session that came before it belong to the capture that ends.
    if (!awaits_name_) held_.forget();
    const bool is_recorded =
        state_ == camera::State::recording || state_ == camera::State::stopping;
    if (is_preview) resumption_.tell_all_received();
    apply(camera::Input::capture_stopped);
    if (!is_recorded) return;
    tell_when_written();
    resumption_.count_anew();
}

void CameraConnection::join() {
    if (standing_ != Standing::newcomer) return;
    standing_ = Standing::camera;
    link_->report(Joined{});
}

// ---- from the control loop ---------------------------------------------------------------------

void CameraConnection::on_message(const ToConnection& message) {
    if (resumption_.is_asking() && is_order(message)) return orders_put_off_.push_back(message);
    std::visit([this](const auto& order) { on(order); }, message);
}

void CameraConnection::on(const StartOrder& order) {
    if (standing_ == Standing::left) {
        return answers_.give(CameraAnswer::Kind::disconnected, "the camera disconnected",
                             order.request);
    }
    if (state_ == camera::State::previewing) return start_from_preview(order);
    const bool sends = camera::transition(state_, camera::Input::start_requested).actions.front() ==
                       camera::Action::send_start;
    if (state_ == camera::State::starting && order.given && order.request != 0 &&
        order_->parameters != order.parameters) {
        return answers_.give(CameraAnswer::Kind::refused,
                             "it is being started with other parameters", order.request);
    }
    if (sends) {
        order_ = order;
        start_.plan(order.parameters, order.begin_ns, order.timeout);
        link_->report(StartSent{order});
    }
    answers_.set_refusal("");
    apply(camera::Input::start_requested);
}

void CameraConnection::on(const StopOrder& order) {
    // What was meant has ended meanwhile, and somebody else has begun another recording.
    if (order.owner != 0 && order_ && order_->owner != order.owner) return;
    if (next_ && (order.owner == 0 || next_->owner == order.owner)) {
        answers_.give(CameraAnswer::Kind::refused, control::kStoppedBefore, next_->request);
        next_.reset();
    }
    if (stopped_by_.empty()) stopped_by_ = order.stopped_by;
    if (order.keeps_preview) previewed_by_ = "viewer";
    apply(order.keeps_preview ? camera::Input::recording_over : camera::Input::stop_requested);
}

// ---- preview -----------------------------------------------------------------------------------

bool CameraConnection::is_preview_ending() const {
    return state_ == camera::State::previewing && stop_.is_running();
}

void CameraConnection::on(const PreviewOrder& order) {
    if (standing_ == Standing::left) {
        return answers_.give(CameraAnswer::Kind::disconnected, "the camera disconnected");
    }
    if (is_preview_ending()) {
        next_preview_ = order;
        return;
    }
    const bool sends =
        camera::transition(state_, camera::Input::preview_requested).actions.front() ==
        camera::Action::send_start;
    if (sends) {
        start_.plan(order.parameters, std::nullopt, order.timeout);
        previewed_by_ = order.asked_by;
        is_streaming_ = false;
    }
    answers_.set_refusal("");
    const bool streams = state_ == camera::State::previewing && is_streaming_;
    apply(camera::Input::preview_requested);
    if (streams) answers_.give(CameraAnswer::Kind::previewing);
}

void CameraConnection::on(const PreviewEnd&) {
    next_preview_.reset();
    if (!is_preview_ending()) apply(camera::Input::preview_over);
}

/// With the same parameters the camera streams on; with others it is stopped first.
void CameraConnection::start_from_preview(const StartOrder& order) {
    camera::StartParameters wanted = order.parameters;
    wanted.start_at = start_.asked().start_at;
    const bool differs = order.given && wanted != start_.asked();
    if (differs || is_preview_ending()) {
        next_ = order;
        next_preview_.reset();
        if (!is_preview_ending()) apply(camera::Input::preview_over);
        return;
    }
    order_ = order;
    order_->parameters = start_.asked();
    order_->parameters.start_at = order.parameters.start_at;
    start_.plan(order_->parameters, order.begin_ns, order.timeout);
    link_->report(StartSent{*order_});
    answers_.set_refusal("");
    apply(camera::Input::start_requested);
}

void CameraConnection::note_streaming() {
    if (std::exchange(is_streaming_, true)) return;
    start_.cancel_timeout();
    answers_.give(CameraAnswer::Kind::previewing);
}

/// The camera has stopped streaming: what waits for that can begin.
void CameraConnection::leave_preview() {
    live_.end("preview stopped");
    if (uses_.shutting_down) return;
    const auto preview = std::exchange(next_preview_, std::nullopt);
    if (const auto start = std::exchange(next_, std::nullopt)) return on(*start);
    if (preview) on(*preview);
}

void CameraConnection::on_start_timeout() {
    if (!start_.begins_at_entry() || state_ != camera::State::starting) {
        return apply(camera::Input::start_timeout);
    }
    // It streams on, as before.
    answers_.set_refusal("no key frame came from the camera in time");
    apply(camera::Input::recording_over);
}

void CameraConnection::on(const Probe&) {
    if (standing_ == Standing::left) return;
    // What is not read cannot be heard, and that is not the camera's fault.
    if (is_stalled_) return link_->report(Alive{});
    is_probed_ = true;
    socket_->send_ping("name");
}

void CameraConnection::on(const Replace&) {
    close(ws::kCloseGoingAway, "replaced", camera::Input::replaced);
}

void CameraConnection::on(const Watched&) { live_.give_kept(timers_.clock_ns()); }

void CameraConnection::on(const Kick& kick) {
    kicked_by_ = kick.by;
    if (stopped_by_.empty()) stopped_by_ = kick.by;
    close(ws::kClosePolicy, hub::kicked_text(kick.by), camera::Input::disconnected);
}

void CameraConnection::on(const Named& named) {
    name_ = named.name;
    log_ = log_.with_field("camera", name_);
    if (on_named) on_named(name_);
    if (!std::exchange(awaits_name_, false)) return;
    const bool has_waited = state_ == camera::State::recording || state_ == camera::State::stopping;
    if (has_waited && !recording_.is_open()) open_session();
}

/// The recorder goes on in another recording when a file is full.
void CameraConnection::follow_session() {
    if (recording_.follow() && order_) order_->part = recording_.session()->start().part;
}

void CameraConnection::on(const SessionNews& news) {
    follow_session();
    const bool is_open = recording_.is_open(news.serial);
    const bool has_ended = recording_.is_last_ended(news.serial);
    const bool is_last = has_ended && !recording_.is_open();
    switch (news.kind) {
        case SessionNews::Kind::opened:
            if (!is_open && !has_ended) return;
            if (is_open) {
                recording_.opened(news.text);
                link_->report(StateChanged{state_, recording_.id()});
            }
            return answers_.opened(news.text);
        case SessionNews::Kind::failed:
            if (!is_open && !is_last) return;
            answers_.set_refusal(news.text);
            return is_last ? answers_.refuse_at_opening() : apply(camera::Input::session_failed);
        case SessionNews::Kind::has_room:
            // It may be of a session that ended meanwhile; a full one sends its own.
            if (!is_open && recording_.is_open() && recording_.session()->wants_room()) return;
            return read_again();
        case SessionNews::Kind::finished:
            if (!has_ended) return;  // an earlier one: the last is being made
            recording_.finished();
            return apply(camera::Input::finalised);
    }
}

// ---- resuming ----------------------------------------------------------------------------------

/// A connection that was closed in good order was not lost.
bool CameraConnection::will_resume() const {
    const bool is_orderly =
        close_ && (close_->code == ws::kCloseNormal ||
                   (close_->code == ws::kCloseGoingAway && close_->reason.empty()));
    return resumption_.can_go_on() && recording_.is_open() && kicked_by_.empty() && !is_orderly &&
           !uses_.shutting_down;
}

void CameraConnection::keep_session() {
    if (const auto offered = resumption_.take_offered()) return link_->report(*offered);
    follow_session();
    recording_.note(resumption_.take_note(), arrival_ns_);
    Suspended kept;
    recording_.keep(kept);
    resumption_.keep(kept);
    kept.order = order_;
    kept.asked = start_.asked();
    kept.close = close_;
    kept.heard_ns = arrival_ns_;
    kept.is_stopping = state_ == camera::State::stopping;
    kept.stopped_by = stopped_by_;
    link_->report(std::move(kept));
}

/// What comes behind its question waits for the answer.
void CameraConnection::on(const camera::Resume& resume, const std::string& text) {
    const bool may_ask = state_ == camera::State::idle || state_ == camera::State::starting ||
                         state_ == camera::State::previewing;
    if (!resumption_.is_able() || !may_ask) return on(camera::Other{}, text);
    join();
    // With start_capture of another name it has been told that this one is over.
    if (resumption_.has_begun()) return link_->report(ResumeRefused{resume.capture});
    // No start_capture may go out meanwhile.
    start_.leave();
    start_.cancel_timeout();
    resumption_.ask();
    socket_->pause_reading();
    link_->report(ResumeAsked{resume.capture});
}

void CameraConnection::on(const Resumed& resumed) {
    resumption_.answered(resumed);
    if (resumed.what) {
        apply(camera::Input::resumed);
        if (state_ == camera::State::recording && resumed.what->is_stopping) {
            stopped_by_ = resumed.what->stopped_by;
            apply(camera::Input::stop_requested);
        }
    } else if (state_ == camera::State::idle) {
        socket_->send_text(camera::encode_stop());  // that capture is over; a start says it as well
    } else if (state_ == camera::State::starting) {
        start_.send(false);
    }
    for (const auto& order : std::exchange(orders_put_off_, {})) on_message(order);
    if (standing_ == Standing::left) return;
    for (auto& message : resumption_.take_unread()) {
        if (auto* frame = std::get_if<Buffer>(&message))
            on_binary(std::move(*frame));
        else
            on_text(std::get<std::string>(message));
    }
    if (!is_stalled_ && !resumption_.is_asking()) socket_->resume_reading();
}

void CameraConnection::take_session() {
    const auto kept = resumption_.take_offered();
    recording_.take(*kept);
    order_ = kept->order;
    start_.plan(kept->asked, std::nullopt, {});
    awaits_name_ = false;
    arrival_ns_ = timers_.clock_ns();
    const auto away = resumption_.go_on(*kept);
    for (const auto& exchange : clock_.recent()) recording_.note(exchange, arrival_ns_);
    happened("camera.resumed", {{"camera", name_},
                                {"session", recording_.id()},
                                {"away_ms", static_cast<std::uint64_t>(away.count()) / 1000}});
}

/// What is in the file; of a preview all that came, once the recording before it is written.
std::optional<std::uint32_t> CameraConnection::safe_seq() {
    follow_session();
    if (recording_.is_open()) return recording_.session()->written_seq();
    if (state_ != camera::State::previewing) return std::nullopt;
    const record::SessionPtr& before = recording_.last_ended();
    if (before && before->queued_bytes() > 0) return std::nullopt;
    return resumption_.last_seq();
}

/// The recording has just ended; the writer may not have got to its end.
void CameraConnection::tell_when_written() {
    const record::SessionPtr& ended = recording_.last_ended();
    if (!ended) return;
    resumption_.tell_all_when_safe([ended]() -> std::optional<std::uint32_t> {
        const record::SessionPtr latest = ended->latest();
        return latest->failed() ? std::nullopt : latest->written_seq();
    });
}

// ---- life of the connection --------------------------------------------------------------------

/// The reason has to be known before the socket says that it is over.
void CameraConnection::close(std::uint16_t code, const std::string& reason, camera::Input why) {
    over_because_ = why;
    socket_->close(code, reason);
}

void CameraConnection::on_over(std::uint16_t code, const std::string& reason) {
    standing_ = Standing::left;
    clock_.stop();
    resumption_.stop_telling();
    live_.end("camera disconnected");
    const std::string words = shown(reason);
    close_ = record::CloseCode{code, words};
    apply(will_resume() ? camera::Input::suspended : over_because_);
    Left left{end_of_connection(code, words),
              recording_.is_finishing() || resumption_.is_suspended(),
              {},
              kicked_by_};
    if (resumption_.is_suspended()) left.awaited = uses_.options->resume_for;
    link_->report(std::move(left));
}

void CameraConnection::shut_down() {
    constexpr const char* kReason = "server shutting down";
    close_ = record::CloseCode{ws::kCloseGoingAway, kReason};
    apply(camera::Input::shutdown);  // now: the camera is still there to be told to stop
    close(ws::kCloseGoingAway, kReason, camera::Input::disconnected);
}

// ---- the table's actions -----------------------------------------------------------------------

void CameraConnection::apply(camera::Input input) {
    const camera::Transition& transition = camera::transition(state_, input);
    const camera::State before = state_;
    const std::string stopped_by = stopped_by_;
    for (const camera::Action action : transition.actions) act(action, transition.reason);
    state_ = transition.next;
    const bool is_preview = state_ == camera::State::previewing;
    if (state_ != camera::State::starting && (!is_preview || is_streaming_)) {
        start_.cancel_timeout();
    }
    if (state_ != camera::State::stopping && !is_preview) {
        stop_.cancel();
    }
    if (state_ != camera::State::starting) start_.leave();
    const bool is_sending =
        is_preview || state_ == camera::State::recording || state_ == camera::State::stopping;
    if (standing_ != Standing::left) resumption_.set_telling(is_sending);
    clock_.set_streaming(is_sending);
    if (state_ != before) after_change(input, before, stopped_by);
}

/// What names the camera and, once its folder is there, its recording.
EventFields CameraConnection::event_fields() const {
    EventFields fields{{"camera", name_}};
    if (!recording_.id().empty()) fields.emplace_back("session", recording_.id());
    return fields;
}

void CameraConnection::after_change(camera::Input input, camera::State before,
                                    const std::string& stopped_by) {
    if (state_ == camera::State::finalising) {
        live_.end("capture stopped");
        order_.reset();
    }
    if (state_ == camera::State::recording && input != camera::Input::resumed) {
        EventFields fields = event_fields();
        if (order_ && !order_->take.empty()) fields.emplace_back("take", order_->take);
        if (order_ && !order_->started_by.empty()) {
            fields.emplace_back("started_by", order_->started_by);
        }
        happened("camera.started", std::move(fields));
    }
    if (state_ == camera::State::previewing) {
        EventFields fields{{"camera", name_}};
        if (!previewed_by_.empty()) fields.emplace_back("by", previewed_by_);
        happened("camera.previewing", std::move(fields));
    }
    if (input == camera::Input::capture_stopped || input == camera::Input::recording_over) {
        EventFields fields = event_fields();
        if (!stopped_by.empty()) fields.emplace_back("stopped_by", stopped_by);
        happened("camera.stopped", std::move(fields));
    }
    if (state_ == camera::State::previewing) {
        order_.reset();
        if (before == camera::State::recording) is_streaming_ = true;
    } else if (state_ != camera::State::starting && state_ != camera::State::recording) {
        is_streaming_ = false;
    }
    link_->report(StateChanged{state_, recording_.id()});
    if (before == camera::State::previewing && state_ == camera::State::idle) leave_preview();
    if (state_ == camera::State::finalising && before != state_ && !recording_.is_finishing()) {
        apply(camera::Input::finalised);  // there was nothing to record
    }
}

void CameraConnection::act(camera::Action action, camera::EndReason reason) {
    switch (action) {
        case camera::Action::none:
        case camera::Action::hold_frame:
        case camera::Action::write_frame:
        case camera::Action::drop_frame:
        case camera::Action::watch_frame:
            return;  // on_binary() has the frame
        case camera::Action::open_session:
            return awaits_name_ ? void() : open_session();
        case camera::Action::end_session:
            return end_session(reason);
        case camera::Action::send_start:
            return send_start();
        case camera::Action::send_stop:
            return send_stop();
        case camera::Action::answer_started:
            return answers_.give_at_opening(CameraAnswer::Kind::started,
                                            order_ ? order_->request : 0);
        case camera::Action::answer_already_recording:
            return answers_.give_at_opening(CameraAnswer::Kind::already_recording, 0);
        case camera::Action::answer_refused:
            return answers_.refuse();
        case camera::Action::answer_start_timeout:
            return answers_.give(CameraAnswer::Kind::start_timeout);
        case camera::Action::answer_stopped:
            // Stops get their files when the session finishes; this is for those without one.
            if (recording_.is_open()) return;
            [[fallthrough]];
        case camera::Action::answer_not_recording:
            stopped_by_.clear();
            return answers_.give(CameraAnswer::Kind::not_recording);
        case camera::Action::answer_previewing:
            return state_ == camera::State::previewing
                       ? note_streaming()
                       : answers_.give(CameraAnswer::Kind::previewing);
        case camera::Action::keep_session:
            return keep_session();
        case camera::Action::take_session:
            return take_session();
        case camera::Action::answer_disconnected:
            return answers_.give(CameraAnswer::Kind::disconnected, "the camera disconnected");
    }
}

void CameraConnection::open_session() {
    if (uses_.shutting_down) return;
    record::SessionStart start = to_session_start(name_, link_, order_);
    start.capabilities = capabilities_;
    std::vector<camera::HeldMessage> held = held_.take(arrival_ns_);
    if (!held.empty()) start.first_held_ns = held.front().arrival_ns;
    recording_.begin(std::move(start), arrival_ns_);
    stopped_by_.clear();
    for (camera::HeldMessage& message : held) {
        const Bytes payload = message.message->bytes().subspan(camera::kHeaderBytes);
        recording_.add_held(std::move(message), payloads_.peek(payload));
    }
    for (const auto& exchange : clock_.recent()) recording_.note(exchange, arrival_ns_);
}

void CameraConnection::end_session(camera::EndReason reason) {
    // It was to open under the camera's new name, and ends before that is known.
    if (!recording_.is_open() && std::exchange(awaits_name_, false)) open_session();
    if (!recording_.is_open()) return;
    recording_.note(resumption_.take_note(), arrival_ns_);
    record::SessionEnd end;
    end.reason = reason;
    end.close = close_;
    end.dropped.before_start = held_.take_dropped();
    end.stopped_by = std::exchange(stopped_by_, {});
    end.capabilities = capabilities_;
    recording_.end(std::move(end));
    // Over before its folder was there: those who wait for the start are told when it is.
    if (reason == camera::EndReason::disk) answers_.refuse_at_opening();
    read_again();
}

void CameraConnection::send_start() {
    answers_.set_refusal("");
    const bool is_streaming = state_ == camera::State::previewing;
    // What is held is of an earlier capture.
    if (!is_streaming && state_ != camera::State::starting) {
        held_.forget();
        meter_.forget_size();
    }
    start_.send(is_streaming);
}

void CameraConnection::send_stop() {
    socket_->send_text(camera::encode_stop());
    stop_.begin(uses_.options->stop_timeout);
}

StopAttempt::Delay CameraConnection::delay_of_stop() const {
    if (is_stalled_) return StopAttempt::Delay::unread;
    return state_ == camera::State::stopping && resumption_.can_go_on()
               ? StopAttempt::Delay::the_rest
               : StopAttempt::Delay::none;
}

}  // namespace st::capture
