#include "capture/camera_connection.h"

#include <sys/random.h>

#include <array>
#include <stdexcept>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/encodings.h"
#include "base/text.h"
#include "camera/frame.h"
#include "capture/jpeg_dialect.h"
#include "capture/jpeg_feed.h"
#include "capture/parts.h"
#include "media/jpeg.h"
#include "media/nal_peek.h"
#include "record/recorder.h"
#include "ws/frame.h"

namespace st::capture {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
/// Events and log lines that a camera's texts may cause in a second.
constexpr int kReportsPerSecond = 20;
/// How often a camera that resumes hears what is safe.
constexpr std::chrono::seconds kReceivedInterval{1};
/// A picture older than that is no news: it waited for a connection.
constexpr std::int64_t kLateUs = 2'000'000;
/// Live streams count milliseconds.
constexpr std::int64_t kMillisecondUs = 1000;

/// Of numbers that may run over.
bool is_after(std::uint32_t last, std::uint32_t seq) {
    return static_cast<std::int32_t>(seq - last) > 0;
}

/// Nobody can guess it: it is what lets another connection go on with a recording.
std::string new_capture_name() {
    std::array<std::uint8_t, 8> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        throw std::runtime_error("getrandom: no random bytes");
    }
    return hex_encode(bytes);
}

/// Worth an event: half or twice of what was told last.
bool is_other_bound(std::int64_t told_us, std::int64_t now_us) {
    return told_us == 0 || now_us * 2 <= told_us || now_us >= told_us * 2;
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
      trip_(timers, [this](std::string_view payload) { socket_->send_ping(payload); }),
      exchanges_(
          timers,
          [this](std::uint32_t id) { socket_->send_text(camera::encode_clock_request(id)); }),
      meter_(uses_.counters, *link_),
      live_(uses_.hub, link_) {}

CameraConnection::~CameraConnection() {
    for (const loop::TimerId timer :
         {start_timer_, stop_timer_, held_timer_, received_timer_, first_answer_timer_}) {
        timers_.cancel(timer);
    }
    // Only when the loop itself ends: nobody is left to end the session in good order.
    if (session_) session_->end({camera::EndReason::shutdown, close_});
}

namespace {

/// What a JPEG camera speaks, with its pictures on their way to files and viewers.
std::unique_ptr<JpegDialect> jpeg_dialect(const Parts& parts, httpd::NetLoop& net,
                                          const LinkPtr& link, CameraConnection& camera) {
    JpegStreams& streams = parts.jpegs;
    auto ring = std::make_shared<ImageRing>(parts.options->images, link->name, parts.disk,
                                            parts.log.with("images"));
    const auto feed = std::make_shared<JpegFeed>(streams, link->id, std::move(ring));
    loop::EventLoop& loop = net.loop();
    auto dialect = std::make_unique<JpegDialect>(
        camera, loop,
        JpegDialect::Listeners{
            [feed, &loop](const SharedBuffer& jpeg) {
                feed->picture(jpeg, loop.clock_ns(), wall_us());
            },
            [feed](const std::string& words) { feed->words(words, wall_us()); }});
    const std::weak_ptr<CameraConnection> weak = camera.weak_from_this();
    streams.open(link->id, link->name, [weak, &loop, self = dialect.get()](std::string_view words) {
        loop.post([weak, self, text = std::string(words)] {
            const auto there = weak.lock();
            if (there && there->state() != camera::State::gone) self->command(text);
        });
    });
    camera.on_named = [&streams, id = link->id](const std::string& name) {
        streams.rename(id, name);
    };
    return dialect;
}

}  // namespace

std::shared_ptr<CameraConnection> CameraConnection::over_stream(
    const Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket, const LinkPtr& link,
    std::unique_ptr<loop::Transport> stream) {
    Uses uses{parts.options,
              parts.log,
              parts.counters,
              parts.shutting_down,
              parts.hub,
              [&recorder = parts.recorder](record::SessionStart start) {
                  return recorder.open(std::move(start));
              }};
    auto camera =
        std::make_shared<CameraConnection>(std::move(uses), net.loop(), link, std::move(ticket));
    const auto make_socket = [&](httpd::WebSocketHandler& handler) {
        return std::make_unique<httpd::WebSocket>(
            std::move(stream),
            ws::Limits{parts.options->frame_bytes_max + camera::kHeaderBytes,
                       camera::kTextBytesMax},
            httpd::WebSocket::Times{parts.http_options->ping_interval,
                                    parts.http_options->ping_timeout},
            parts.http_counters, camera->log_, handler);
    };
    std::unique_ptr<httpd::MessageSocket> socket;
    if (link->is_jpeg) {
        auto dialect = jpeg_dialect(parts, net, link, *camera);
        dialect->set_socket(make_socket(*dialect));
        socket = std::move(dialect);
    } else {
        socket = make_socket(*camera);
    }
    camera->set_socket(std::move(socket), [&net, self = camera.get()] { net.remove(*self); });
    link->connection = camera;
    return camera;
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
    if (is_resuming_) return unread_.emplace_back(std::move(received)), void();
    const auto frame = camera::decode_frame(received.bytes());
    if (!frame) return count_bad(frame.error().message);
    if (resumed_after_ && !is_after(*resumed_after_, frame->seq)) return;  // it had come before
    last_seq_ = frame->seq;
    const auto form = form_of(received, *frame);
    SharedBuffer message = share(std::move(received));  // its bytes stay where they are
    join();
    if (form == media::PayloadForm::lengths && !std::exchange(lengths_told_, true)) {
        log_.info("camera=" + name_ + " sends NAL units behind lengths; converting them");
    }
    const media::NalPeek peek = look_into(frame->payload);
    meter_.count(*frame, peek, arrival_ns_);
    camera::Frame in_ms = *frame;
    in_ms.timestamp_ms = camera::to_ms(frame->timestamp_ms, unit_);
    note_late(*frame);
    if (form == media::PayloadForm::unknown) {
        count_undecodable(frame->payload.size());
    } else if (!catching_up_ && !link_->is_jpeg) {
        live_.feed(name_, in_ms, message, peek, arrival_ns_);
        if (standing_clock_.method == clock::Method::exchange) {
            const std::int64_t monotonic_to_wall = wall_us() - arrival_ns_ / 1000;
            live_.note_instant(in_ms,
                               static_cast<std::int64_t>(in_ms.timestamp_ms) * 1000 +
                                   standing_clock_.offset_us + monotonic_to_wall,
                               standing_clock_.bound_us + kMillisecondUs);
        }
    }
    if (log_.enabled(LogLevel::debug)) {
        log_.debug("[Frame]: " + name_ + " seq=" + std::to_string(frame->seq) +
                   " timestamp=" + std::to_string(in_ms.timestamp_ms) +
                   "ms size=" + std::to_string(frame->payload.size()) + " bytes");
    }
    const bool begins = entries_.begins(peek);
    entries_.note(peek);
    if (session_ && begins &&
        arrival_ns_ - session_began_ns_ >=
            std::chrono::nanoseconds(uses_.options->max_session).count()) {
        apply(camera::Input::max_session);
    }
    if (begins && is_awaited(*frame)) {
        preroll_.forget_frames();
        preroll_.take_dropped();  // they were the preview's
        apply(camera::Input::preview_entry);
    }
    switch (camera::transition(state_, camera::Input::frame).actions.front()) {
        case camera::Action::watch_frame:
            preroll_.remember(message->bytes(), arrival_ns_, peek);
            return note_streaming();
        case camera::Action::write_frame:
            if (session_)
                return write(std::move(message), peek, form != media::PayloadForm::unknown);
            [[fallthrough]];  // it opens when the camera's name is settled
        case camera::Action::hold_frame:
            return hold(std::move(message), peek);
        default:
            return;  // gone
    }
}

/// A JPEG picture is whole by itself, as a key frame is.
media::NalPeek CameraConnection::look_into(Bytes payload) const {
    if (!link_->is_jpeg) return media::peek_nals(payload);
    media::NalPeek whole;
    whole.vcl = whole.idr = whole.starts_picture = true;
    return whole;
}

/// Makes Annex B of NAL units behind lengths.
media::PayloadForm CameraConnection::form_of(Buffer& received, const camera::Frame& frame) {
    if (!link_->is_jpeg) {
        return forms_.normalise({received.data() + camera::kHeaderBytes, frame.payload.size()},
                                frame.timestamp_ms);
    }
    const auto size = media::read_jpeg_size(frame.payload);
    if (!size) return media::PayloadForm::unknown;
    link_->width.store(size->width, std::memory_order_relaxed);
    link_->height.store(size->height, std::memory_order_relaxed);
    return media::PayloadForm::annex_b;
}

void CameraConnection::count_bad(const std::string& what) {
    link_->bad.fetch_add(1, std::memory_order_relaxed);
    uses_.counters.frames_bad_total.fetch_add(1, std::memory_order_relaxed);
    if (session_) ++dropped_.bad;
    if (arrival_ns_ - bad_logged_ns_ < kSecond && bad_logged_ns_ != 0) return;
    bad_logged_ns_ = arrival_ns_;
    log_.warning("camera=" + name_ + " dropped a message: " + what +
                 " bad=" + std::to_string(link_->bad.load()));
}

/// Recorded all the same, for whoever finds out what it is; and said at once, because what is being
/// recorded cannot be played.
void CameraConnection::count_undecodable(std::size_t payload_bytes) {
    const std::uint64_t count = link_->undecodable.fetch_add(1, std::memory_order_relaxed) + 1;
    if (session_) ++dropped_.undecodable;
    if (undecodable_told_ns_ != 0 && arrival_ns_ - undecodable_told_ns_ < kSecond) return;
    undecodable_told_ns_ = arrival_ns_;
    happened("camera.bad_payload",
             {{"camera", name_},
              {"session", session_id_},
              {"undecodable", count},
              {"bytes", std::uint64_t{payload_bytes}}},
             LogLevel::warning);
    if (!wants_warnings_) return;
    socket_->send_text(
        camera::encode_warning("the payload of " + std::to_string(count) +
                               " messages is not H.264 in Annex B form: it cannot be played"));
}

void CameraConnection::hold(SharedBuffer message, const media::NalPeek& peek) {
    preroll_.hold(std::move(message), arrival_ns_, peek);
    account_held();
    if (held_timer_ == 0) expire_held();
}

/// Over its share the camera is not read until held frames expire, two seconds later at most.
void CameraConnection::account_held() { socket_->hold({.whole = preroll_.held_bytes()}); }

/// A camera that falls silent must not keep its frames here: no message of it would drop them.
void CameraConnection::expire_held() {
    held_timer_ = 0;
    const std::int64_t now_ns = timers_.clock_ns();
    preroll_.expire(now_ns);
    account_held();
    const auto due_ns = preroll_.expires_ns();
    if (!due_ns) return;
    held_timer_ =
        timers_.after(std::chrono::nanoseconds(*due_ns - now_ns), [this] { expire_held(); });
}

void CameraConnection::write(SharedBuffer message, const media::NalPeek& peek, bool is_understood) {
    if (auto sets = preroll_.remember(message->bytes(), arrival_ns_, peek)) {
        session_->push(std::move(sets->message), sets->arrival_ns);
    }
    ++messages_in_session_;
    count(message->bytes(), peek, arrival_ns_);
    if (!session_->push(std::move(message), arrival_ns_, is_understood) && !is_stalled_) {
        stop_reading();
    }
}

void CameraConnection::count(Bytes message, const media::NalPeek& peek, std::int64_t arrival_ns) {
    session_->figures().count(load_be32(message.data() + 8), message.size() - camera::kHeaderBytes,
                              peek.starts_picture, arrival_ns);
}

void CameraConnection::stop_reading() {
    is_stalled_ = true;
    socket_->pause_reading();
    uses_.counters.stalls_total.fetch_add(1, std::memory_order_relaxed);
    happened("camera.stalled",
             {{"camera", name_}, {"queued_bytes", std::uint64_t{session_->queued_bytes()}}},
             LogLevel::warning);
}

void CameraConnection::read_again() {
    if (!std::exchange(is_stalled_, false)) return;
    socket_->resume_reading();
}

// ---- texts -------------------------------------------------------------------------------------

bool CameraConnection::may_report() {
    if (arrival_ns_ - reports_since_ns_ >= kSecond) {
        reports_since_ns_ = arrival_ns_;
        reports_ = 0;
    }
    return ++reports_ <= kReportsPerSecond;
}

void CameraConnection::happened(std::string type, EventFields fields, LogLevel level) {
    link_->report(Happened{std::move(type), std::move(fields), level});
}

void CameraConnection::on_text(const std::string& text) {
    if (is_resuming_) return unread_.emplace_back(text), void();
    std::visit([&](const auto& message) { on(message, text); }, camera::decode_message(text));
}

/// An answer to nothing that was asked says as much as any other text.
void CameraConnection::on(const camera::ClockReply& reply, const std::string& text) {
    const auto exchange = exchanges_.on_reply(reply, arrival_ns_);
    if (!exchange) return on(camera::Other{}, text);
    note_exchange(*exchange);
    tell_clock();
    timers_.cancel(std::exchange(first_answer_timer_, 0));
    if (start_waits_) send_start_now();
}

/// Into the recording: whoever reads the dump knows the camera's clock as well as we do.
void CameraConnection::note_exchange(const clock::Exchange& exchange) {
    if (!session_) return;
    session_->push_note(
        camera::encode_note(camera::ExchangeNote{exchange.sent_us, exchange.received_us,
                                                 exchange.replied_us, exchange.returned_us}),
        arrival_ns_);
}

void CameraConnection::tell_clock() {
    const clock::Standing standing = clock::latest_standing(exchanges_.clock());
    standing_clock_ = standing;
    link_->report(ClockTold{standing, unit_});
    const std::uint64_t jumps = exchanges_.clock().jumps();
    const bool has_jumped = jumps != jumps_told_;
    if (!has_jumped && !is_other_bound(bound_told_us_, standing.bound_us)) return;
    if (!may_report()) return;
    bound_told_us_ = standing.bound_us;
    jumps_told_ = jumps;
    happened("camera.clock",
             {{"camera", name_},
              {"method", std::string(clock::to_string(standing.method))},
              {"bound_us", static_cast<std::uint64_t>(standing.bound_us)},
              {"rtt_us", static_cast<std::uint64_t>(standing.rtt_us.value_or(0))},
              {"exchanges", standing.exchanges},
              {"jumps", jumps}},
             has_jumped ? LogLevel::warning : LogLevel::info);
}

void CameraConnection::on(const camera::Other&, const std::string& text) {
    if (!may_report()) return;
    happened("camera.text", {{"camera", name_}, {"text", shown(text)}}, LogLevel::debug);
}

void CameraConnection::on(const camera::Ready&, const std::string&) {
    apply(camera::Input::ready);
    join();
}

void CameraConnection::on(const camera::Capabilities& capabilities, const std::string&) {
    if (capabilities_ != capabilities.json) {
        capabilities_ = capabilities.json;
        if (session_)
            session_->push_note(camera::encode_capabilities_note(capabilities_), arrival_ns_);
    }
    unit_ = capabilities.clock.unit;
    wants_warnings_ = capabilities.takes_warnings;
    live_.set_paced(capabilities.is_paced);
    starts_at_ = capabilities.starts_at;
    resumes_ = capabilities.resumes && uses_.options->resume_for.count() > 0;
    exchanges_.begin(capabilities.clock);
    if (capabilities.clock.has_exchange)
        link_->report(ClockTold{clock::latest_standing(exchanges_.clock()), unit_});
    if (!capabilities.device_model.empty() && may_report()) {
        if (may_be_renamed_) awaits_name_ = true;
        link_->report(Described{shown(capabilities.device_model)});
    }
    join();
}

void CameraConnection::on(const camera::CameraError& error, const std::string&) {
    refusal_ = error.message.empty() ? "the camera reports an error" : shown(error.message);
    if (may_report()) log_.warning("camera=" + name_ + " error: " + refusal_);
    apply(camera::Input::camera_error);
}

void CameraConnection::on(const camera::CaptureStarted&, const std::string&) {
    // Said twice before a frame: the session that is open is the one that is meant.
    // Nor does a camera restart many times a second: a session costs a folder and an MP4.
    if (session_ && (messages_in_session_ == 0 || !may_report())) return;
    if (!is_preview_ending()) apply(camera::Input::capture_started);
    join();
}

void CameraConnection::on(const camera::CaptureStopped&, const std::string&) {
    // All that it sent is in the recording's hands now.
    if (!capture_.empty() && last_seq_) {
        socket_->send_text(camera::encode_received(capture_, *last_seq_));
    }
    // It answers a stop of before the preview.
    const bool is_preview = state_ == camera::State::previewing;
    if (is_preview && !is_streaming_ && !is_preview_ending()) return;
    // Frames without a session that came before it belong to the capture that ends.
    if (!awaits_name_) {
        preroll_.forget_frames();
        account_held();
    }
    apply(camera::Input::capture_stopped);
}

void CameraConnection::join() {
    if (standing_ != Standing::newcomer) return;
    standing_ = Standing::camera;
    link_->report(Joined{});
}

// ---- from the control loop ---------------------------------------------------------------------

void CameraConnection::on_message(const ToConnection& message) {
    std::visit([this](const auto& order) { on(order); }, message);
}

void CameraConnection::on(const StartOrder& order) {
    if (standing_ == Standing::left) {
        return answer(CameraAnswer::Kind::disconnected, "the camera disconnected", order.request);
    }
    if (state_ == camera::State::previewing) return start_from_preview(order);
    const bool sends = camera::transition(state_, camera::Input::start_requested).actions.front() ==
                       camera::Action::send_start;
    if (state_ == camera::State::starting && order.given &&
        order_->parameters != order.parameters) {
        return answer(CameraAnswer::Kind::refused, "it is being started with other parameters",
                      order.request);
    }
    if (sends) {
        order_ = order;
        asked_ = order.parameters;
        begin_ns_ = order.begin_ns;
        start_timeout_ = order.timeout;
        link_->report(StartSent{order});
    }
    refusal_.clear();
    apply(camera::Input::start_requested);
}

void CameraConnection::on(const StopOrder& order) {
    // What was meant has ended meanwhile, and somebody else has begun another recording.
    if (order.owner != 0 && order_ && order_->owner != order.owner) return;
    if (next_ && (order.owner == 0 || next_->owner == order.owner)) {
        answer(CameraAnswer::Kind::refused, "stopped before it began", next_->request);
        next_.reset();
    }
    if (stopped_by_.empty()) stopped_by_ = order.stopped_by;
    if (order.keeps_preview) previewed_by_ = "viewer";
    apply(order.keeps_preview ? camera::Input::recording_over : camera::Input::stop_requested);
}

// ---- preview
// -------------------------------------------------------------------------------------

bool CameraConnection::is_preview_ending() const {
    return state_ == camera::State::previewing && stop_timer_ != 0;
}

void CameraConnection::on(const PreviewOrder& order) {
    if (standing_ == Standing::left) {
        return answer(CameraAnswer::Kind::disconnected, "the camera disconnected");
    }
    if (is_preview_ending()) {
        next_preview_ = order;
        return;
    }
    const bool sends =
        camera::transition(state_, camera::Input::preview_requested).actions.front() ==
        camera::Action::send_start;
    if (sends) {
        asked_ = order.parameters;
        begin_ns_.reset();
        start_timeout_ = order.timeout;
        previewed_by_ = order.asked_by;
        is_streaming_ = false;
    }
    refusal_.clear();
    const bool streams = state_ == camera::State::previewing && is_streaming_;
    apply(camera::Input::preview_requested);
    if (streams) answer(CameraAnswer::Kind::previewing);
}

void CameraConnection::on(const PreviewEnd&) {
    next_preview_.reset();
    if (!is_preview_ending()) apply(camera::Input::preview_over);
}

/// With the same parameters the camera streams on; with others it is stopped first.
void CameraConnection::start_from_preview(const StartOrder& order) {
    camera::StartParameters wanted = order.parameters;
    wanted.start_at = asked_.start_at;
    const bool differs = order.given && wanted != asked_;
    if (differs || is_preview_ending()) {
        next_ = order;
        next_preview_.reset();
        if (!is_preview_ending()) apply(camera::Input::preview_over);
        return;
    }
    order_ = order;
    wanted = asked_;
    wanted.start_at = order.parameters.start_at;
    order_->parameters = asked_ = wanted;
    begin_ns_ = order.begin_ns;
    start_timeout_ = order.timeout;
    link_->report(StartSent{*order_});
    refusal_.clear();
    apply(camera::Input::start_requested);
}

void CameraConnection::note_streaming() {
    if (std::exchange(is_streaming_, true)) return;
    timers_.cancel(std::exchange(start_timer_, 0));
    answer(CameraAnswer::Kind::previewing);
}

/// The camera has stopped streaming: what waits for that can begin.
void CameraConnection::leave_preview() {
    live_.end("preview stopped");
    if (uses_.shutting_down) return;
    const auto preview = std::exchange(next_preview_, std::nullopt);
    if (const auto start = std::exchange(next_, std::nullopt)) return on(*start);
    if (preview) on(*preview);
}

/// A key frame with which the recording that a preview becomes may begin.
bool CameraConnection::is_awaited(const camera::Frame& frame) const {
    return begins_at_entry_ && !start_waits_ && state_ == camera::State::starting &&
           frame.timestamp_ms >= asked_.start_at.value_or(0);
}

void CameraConnection::on_start_timeout() {
    start_timer_ = 0;
    if (!begins_at_entry_ || state_ != camera::State::starting) {
        return apply(camera::Input::start_timeout);
    }
    // It streams on, as before.
    refusal_ = "no key frame came from the camera in time";
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
    if (has_waited && !session_) open_session();
}

/// The recorder goes on in another recording when a file is full.
void CameraConnection::follow_session() {
    if (last_ended_) last_ended_ = last_ended_->latest();
    if (!session_) return;
    const record::SessionPtr latest = session_->latest();
    if (latest == session_) return;
    session_ = latest;
    session_began_ns_ = latest->start().started_ns;
    if (order_) order_->part = latest->start().part;
}

void CameraConnection::on(const SessionNews& news) {
    follow_session();
    const bool is_open = session_ && session_->serial() == news.serial;
    const std::uint64_t ended_serial = last_ended_ ? last_ended_->serial() : 0;
    const bool is_last = !session_ && news.serial == ended_serial;
    switch (news.kind) {
        case SessionNews::Kind::opened:
            if (!is_open && news.serial != ended_serial) return;
            if (is_open) {
                session_id_ = news.text;
                link_->report(StateChanged{state_, session_id_});
            }
            for (CameraAnswer& made : std::exchange(at_opening_, {})) {
                made.session = news.text;
                link_->report(std::move(made));
            }
            return;
        case SessionNews::Kind::failed:
            if (!is_open && !is_last) return;
            refusal_ = news.text;
            return is_last ? refuse_at_opening() : apply(camera::Input::session_failed);
        case SessionNews::Kind::has_room:
            // It may be of a session that ended meanwhile; a full one sends its own.
            if (!is_open && session_ && session_->wants_room()) return;
            return read_again();
        case SessionNews::Kind::finished:
            if (news.serial != ended_serial) return;  // an earlier one: the last is being made
            last_ended_.reset();
            return apply(camera::Input::finalised);
    }
}

// ---- resuming ----------------------------------------------------------------------------------

/// A connection that was closed in good order was not lost.
bool CameraConnection::will_resume() const {
    const bool is_orderly =
        close_ && (close_->code == ws::kCloseNormal ||
                   (close_->code == ws::kCloseGoingAway && close_->reason.empty()));
    return resumes_ && session_ && last_seq_ && !capture_.empty() && kicked_by_.empty() &&
           !is_orderly && !uses_.shutting_down;
}

void CameraConnection::keep_session() {
    if (const auto offered = std::exchange(offered_, nullptr)) return link_->report(*offered);
    follow_session();
    Suspended kept;
    kept.capture = capture_;
    kept.session = std::exchange(session_, nullptr);
    kept.session_began_ns = session_began_ns_;
    kept.order = order_;
    kept.asked = asked_;
    kept.last_seq = *last_seq_;
    kept.dropped = dropped_;
    kept.close = close_;
    kept.heard_ns = arrival_ns_;
    kept.is_stopping = state_ == camera::State::stopping;
    kept.stopped_by = stopped_by_;
    if (catching_up_) kept.session->push_note(camera::encode_note(*catching_up_), arrival_ns_);
    is_suspended_ = true;
    session_id_.clear();
    link_->report(std::move(kept));
}

/// What comes behind its question waits for the answer.
void CameraConnection::on(const camera::Resume& resume, const std::string& text) {
    const bool may_ask = state_ == camera::State::idle || state_ == camera::State::starting ||
                         state_ == camera::State::previewing;
    if (!resumes_ || !may_ask) return on(camera::Other{}, text);
    join();
    is_resuming_ = true;
    socket_->pause_reading();
    link_->report(ResumeAsked{resume.capture});
}

void CameraConnection::on(const Resumed& resumed) {
    is_resuming_ = false;
    offered_ = resumed.what;
    if (offered_) {
        apply(camera::Input::resumed);
        if (state_ == camera::State::recording && resumed.what->is_stopping) {
            stopped_by_ = resumed.what->stopped_by;
            apply(camera::Input::stop_requested);
        }
    } else if (state_ == camera::State::idle) {
        socket_->send_text(camera::encode_stop());  // that capture is over; a start says it as well
    }
    if (standing_ == Standing::left) return;
    if (!resumed.what) {
        std::erase_if(unread_, [](const auto& one) { return std::holds_alternative<Buffer>(one); });
    }
    for (auto& message : std::exchange(unread_, {})) {
        if (auto* frame = std::get_if<Buffer>(&message))
            on_binary(std::move(*frame));
        else
            on_text(std::get<std::string>(message));
    }
    if (!is_stalled_ && !is_resuming_) socket_->resume_reading();
}

void CameraConnection::take_session() {
    const auto kept = std::exchange(offered_, nullptr);
    capture_ = kept->capture;
    session_ = kept->session->latest();
    session_id_ = session_->id();
    session_began_ns_ = kept->session_began_ns;
    order_ = kept->order;
    asked_ = kept->asked;
    dropped_ = kept->dropped;
    last_seq_ = resumed_after_ = kept->last_seq;
    messages_in_session_ = 1;
    awaits_name_ = false;
    arrival_ns_ = timers_.clock_ns();
    const auto away_us = static_cast<std::uint64_t>(arrival_ns_ - kept->heard_ns) / 1000;
    catching_up_ = camera::ResumedNote{away_us, 0};
    socket_->send_text(camera::encode_received(capture_, kept->last_seq));
    trip_.begin();
    for (const clock::Exchange& exchange : exchanges_.recent()) note_exchange(exchange);
    happened("camera.resumed",
             {{"camera", name_}, {"session", session_id_}, {"away_ms", away_us / 1000}});
}

/// By the camera's clock; one that does not answer about that is taken to be up to date.
bool CameraConnection::is_late(const camera::Frame& frame) const {
    if (exchanges_.awaits_first()) return true;
    const auto now = exchanges_.device_time(arrival_ns_);
    return now && camera::to_us(frame.timestamp_ms, unit_) + kLateUs < camera::to_us(*now, unit_);
}

void CameraConnection::note_late(const camera::Frame& frame) {
    if (!catching_up_) return;
    if (is_late(frame))
        ++catching_up_->late;
    else
        end_catching_up();
}

/// Into the recording: it says what came late.
void CameraConnection::end_catching_up() {
    const auto note = std::exchange(catching_up_, std::nullopt);
    if (note && session_) session_->push_note(camera::encode_note(*note), arrival_ns_);
}

void CameraConnection::tell_received() {
    const bool is_preview = state_ == camera::State::previewing;
    if (session_) follow_session();
    const auto seq = session_ ? session_->written_seq() : is_preview ? last_seq_ : std::nullopt;
    if (seq) socket_->send_text(camera::encode_received(capture_, *seq));
}

void CameraConnection::arm_received() {
    const bool is_due = !capture_.empty() && standing_ != Standing::left &&
                        (state_ == camera::State::previewing ||
                         state_ == camera::State::recording || state_ == camera::State::stopping);
    if (!is_due) return timers_.cancel(std::exchange(received_timer_, 0));
    if (received_timer_ != 0) return;
    received_timer_ = timers_.after(kReceivedInterval, [this] {
        received_timer_ = 0;
        tell_received();
        arm_received();
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
    exchanges_.stop();
    live_.end("camera disconnected");
    const std::string words = shown(reason);
    close_ = record::CloseCode{code, words};
    apply(will_resume() ? camera::Input::suspended : over_because_);
    Left left{"code " + std::to_string(code) + (words.empty() ? "" : " " + words),
              last_ended_ != nullptr || is_suspended_,
              {},
              kicked_by_};
    if (is_suspended_) left.awaited = uses_.options->resume_for;
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
    for (const camera::Action action : transition.actions) act(action, transition.reason);
    state_ = transition.next;
    const bool is_preview = state_ == camera::State::previewing;
    if (state_ != camera::State::starting && (!is_preview || is_streaming_)) {
        timers_.cancel(std::exchange(start_timer_, 0));
    }
    if (state_ != camera::State::stopping && !is_preview) {
        timers_.cancel(std::exchange(stop_timer_, 0));
    }
    if (state_ != camera::State::starting) {
        start_waits_ = false;
        timers_.cancel(std::exchange(first_answer_timer_, 0));
    }
    arm_received();
    exchanges_.set_streaming(is_preview || state_ == camera::State::recording ||
                             state_ == camera::State::stopping);
    if (state_ != before) after_change(input, before);
}

void CameraConnection::after_change(camera::Input input, camera::State before) {
    if (state_ == camera::State::finalising) {
        live_.end("capture stopped");
        order_.reset();
    }
    if (state_ == camera::State::recording && input != camera::Input::resumed) {
        EventFields fields{{"camera", name_}};
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
        happened("camera.stopped", {{"camera", name_}});
    }
    if (state_ != camera::State::starting) begins_at_entry_ = false;
    if (state_ == camera::State::previewing) {
        order_.reset();
        if (before == camera::State::recording) is_streaming_ = true;
    } else if (state_ != camera::State::starting && state_ != camera::State::recording) {
        is_streaming_ = false;
    }
    link_->report(StateChanged{state_, session_id_});
    if (before == camera::State::previewing && state_ == camera::State::idle) leave_preview();
    if (state_ == camera::State::finalising && before != state_ && !last_ended_) {
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
            return answer_at_opening(CameraAnswer::Kind::started, order_ ? order_->request : 0);
        case camera::Action::answer_already_recording:
            return answer_at_opening(CameraAnswer::Kind::already_recording, 0);
        case camera::Action::answer_refused:
            return answer(CameraAnswer::Kind::refused,
                          refusal_.empty() ? "the camera is stopping" : refusal_);
        case camera::Action::answer_start_timeout:
            return answer(CameraAnswer::Kind::start_timeout);
        case camera::Action::answer_stopped:
            // Stops get their files when the session finishes; this is for those without one.
            if (session_) return;
            [[fallthrough]];
        case camera::Action::answer_not_recording:
            stopped_by_.clear();
            return answer(CameraAnswer::Kind::not_recording);
        case camera::Action::answer_previewing:
            return state_ == camera::State::previewing ? note_streaming()
                                                       : answer(CameraAnswer::Kind::previewing);
        case camera::Action::keep_session:
            return keep_session();
        case camera::Action::take_session:
            return take_session();
        case camera::Action::answer_disconnected:
            return answer(CameraAnswer::Kind::disconnected, "the camera disconnected");
    }
}

void CameraConnection::answer(CameraAnswer::Kind kind, std::string error, std::uint64_t request) {
    link_->report(CameraAnswer{kind, session_id_, std::move(error), request});
}

void CameraConnection::answer_at_opening(CameraAnswer::Kind kind, std::uint64_t request) {
    CameraAnswer made{kind, session_id_, {}, request};
    // A session opened by this very transition has no folder yet.
    if (kind == CameraAnswer::Kind::already_recording && !session_id_.empty()) {
        return link_->report(std::move(made));
    }
    at_opening_.push_back(std::move(made));
}

void CameraConnection::refuse_at_opening() {
    for (CameraAnswer& made : std::exchange(at_opening_, {})) {
        made.kind = CameraAnswer::Kind::refused;
        made.error = refusal_.empty() ? "the recording could not begin" : refusal_;
        link_->report(std::move(made));
    }
}

void CameraConnection::open_session() {
    if (uses_.shutting_down) return;
    record::SessionStart start;
    start.camera = name_;
    start.peer = link_->peer;
    start.path = link_->path;
    start.owner = link_;
    if (order_) {
        start.parameters = order_->parameters;
        start.started_by = order_->started_by;
        start.part = order_->part;
        if (!order_->take.empty()) start.take = order_->take;
    }
    start.capabilities = capabilities_;
    start.is_jpeg = link_->is_jpeg;
    start.started_us = wall_us();
    start.started_ns = timers_.clock_ns();
    std::vector<camera::HeldMessage> held = preroll_.take(arrival_ns_);
    timers_.cancel(std::exchange(held_timer_, 0));
    if (!held.empty()) start.first_held_ns = held.front().arrival_ns;
    session_ = uses_.open_session(std::move(start));
    session_began_ns_ = arrival_ns_;
    dropped_ = {};
    messages_in_session_ = 0;
    stopped_by_.clear();
    trip_.begin();
    for (camera::HeldMessage& message : held) {
        const Bytes bytes = message.message->bytes();
        count(bytes, look_into(bytes.subspan(camera::kHeaderBytes)), message.arrival_ns);
        session_->push(std::move(message.message), message.arrival_ns);
    }
    account_held();
    for (const clock::Exchange& exchange : exchanges_.recent()) note_exchange(exchange);
}

void CameraConnection::end_session(camera::EndReason reason) {
    // It was to open under the camera's new name, and ends before that is known.
    if (!session_ && std::exchange(awaits_name_, false)) open_session();
    if (!session_) return;
    end_catching_up();
    record::SessionEnd end;
    end.reason = reason;
    end.close = close_;
    end.dropped = dropped_;
    end.dropped.before_start = preroll_.take_dropped();
    end.ping_us = trip_.end();
    end.stopped_by = std::exchange(stopped_by_, {});
    end.capabilities = capabilities_;
    session_->end(std::move(end));
    last_ended_ = std::exchange(session_, nullptr);
    session_id_.clear();
    // Over before its folder was there: those who wait for the start are told when it is.
    if (reason == camera::EndReason::disk) refuse_at_opening();
    read_again();
}

void CameraConnection::send_start() {
    refusal_.clear();
    begins_at_entry_ = state_ == camera::State::previewing;
    if (!begins_at_entry_ && state_ != camera::State::starting) {
        preroll_.forget_frames();  // of an earlier capture
        account_held();
    }
    start_waits_ = begin_ns_ && starts_at_ && exchanges_.awaits_first();
    if (start_waits_) {
        timers_.cancel(first_answer_timer_);
        first_answer_timer_ = timers_.after(kFirstAnswerPatience, [this] {
            first_answer_timer_ = 0;
            send_start_now();
        });
    } else {
        send_start_now();
    }
    timers_.cancel(start_timer_);
    start_timer_ = timers_.after(start_timeout_, [this] { on_start_timeout(); });
}

/// A camera whose clock is not known begins at once: it could not tell the common instant.
void CameraConnection::send_start_now() {
    start_waits_ = false;
    asked_.start_at.reset();
    if (begin_ns_ && starts_at_) asked_.start_at = exchanges_.device_time(*begin_ns_);
    // One that streams already is told only which pictures to leave out.
    if (begins_at_entry_ && !asked_.start_at) return;
    if (!begins_at_entry_) {
        capture_ = resumes_ ? new_capture_name() : std::string();
        last_seq_.reset();
        resumed_after_.reset();
    }
    socket_->send_text(camera::encode_start(asked_, capture_));
}

void CameraConnection::send_stop() {
    socket_->send_text(camera::encode_stop());
    await_stop();
}

void CameraConnection::await_stop() {
    timers_.cancel(stop_timer_);
    stop_timer_ = timers_.after(uses_.options->stop_timeout, [this] {
        stop_timer_ = 0;
        // Its answer stands behind pictures that are not read yet: the delay is the server's.
        if (is_stalled_) return await_stop();
        // Nor is one late that sends what it kept.
        if (catching_up_ && timers_.clock_ns() - arrival_ns_ < kSecond) return await_stop();
        apply(camera::Input::stop_timeout);
    });
}

}  // namespace st::capture
