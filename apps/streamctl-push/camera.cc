#include "streamctl-push/camera.h"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/clock.h"
#include "base/random.h"
#include "base/units.h"
#include "camera/frame.h"
#include "cli/exit_codes.h"
#include "control/refusals.h"
#include "streamctl/console/table.h"

namespace st::streamctl {
namespace {

constexpr int kPacketsPerTurn = 32;
/// A server that wants a capture to begin later than that is not obeyed.
constexpr std::chrono::minutes kBeginWithin{1};

/// CLOCK_BOOTTIME is that far ahead of CLOCK_MONOTONIC: so long the machine has slept.
std::int64_t boot_ahead_us() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    const std::int64_t boot_ns = std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
    return std::max<std::int64_t>(0, boot_ns - monotonic_ns()) / 1000;
}

std::string seconds_text(std::int64_t us) { return fixed(static_cast<double>(us) / 1e6, 1) + " s"; }

}  // namespace

PushCamera::PushCamera(loop::EventLoop& loop, PushFleet& fleet, std::string name, PushTarget target)
    : loop_(loop),
      fleet_(fleet),
      name_(std::move(name)),
      target_(std::move(target)),
      chance_(static_cast<std::uint32_t>(std::hash<std::string>()(name_))),
      clock_(target_.fault, boot_ahead_us()),
      clock_answers_(loop, clock_, target_.fault, chance_(),
                     [this](const camera::ClockReply& reply) {
                         send_text(camera::encode_clock_reply(reply));
                     }) {}

PushCamera::~PushCamera() {
    leave_clip();
    loop_.cancel(deadline_);
    loop_.cancel(last_word_);
    loop_.cancel(silence_);
}

void PushCamera::open() {
    link_ = Link::connecting;
    was_connected_ = false;
    answer_.emplace();
    decoder_.emplace(ws::Role::client);
    fill_random(nonce_);
    try {
        Poco::Net::StreamSocket socket;
        socket.connectNB(target_.address);
        stream_ = std::make_unique<loop::TcpStream>(
            loop_, socket, *this, target_.tls ? target_.tls->connect(target_.host) : nullptr);
    } catch (const Poco::Exception& error) {
        fleet_.say(*this, error.displayText(), true);
        return fail(cli::kUnreachable);
    }
    std::vector<Field> fields;
    if (!target_.token.empty()) fields.push_back({"Authorization", "Bearer " + target_.token});
    stream_->send(ws::encode_upgrade_request(target_.host_field, target_.path, nonce_, {}, fields));
    deadline_ = loop_.after(kAnswerPatience, [this] {
        fleet_.say(*this, "no answer from " + target_.host_field, true);
        fail(cli::kNoAnswer);
    });
}

void PushCamera::on_data(std::span<std::uint8_t> bytes) {
    heard_ns_ = monotonic_ns();
    if (link_ == Link::connecting && !read_answer(bytes)) return;
    if (link_ == Link::done || link_ == Link::lost) return;
    decoder_->feed(bytes);
    for (;;) {
        auto event = decoder_->next();
        if (!event) {
            fleet_.say(*this, "the server broke the protocol: " + event.error().message, true);
            exit_code_ = cli::kRefused;
            return close(static_cast<std::uint16_t>(event.error().code), event.error().message);
        }
        if (!*event) return;
        handle(std::move(**event));
        if (link_ == Link::done || link_ == Link::lost) return;
    }
}

bool PushCamera::read_answer(std::span<std::uint8_t>& bytes) {
    const auto used = answer_->feed(bytes);
    if (!used) {
        fleet_.say(*this, "no HTTP server: " + used.error().message, true);
        done(cli::kRefused);
        return false;
    }
    bytes = bytes.subspan(*used);
    if (!answer_->is_complete()) return false;
    const http::ResponseHead head = answer_->take();
    const auto checked = ws::check_upgrade_answer(head.status, head.fields, nonce_);
    if (!checked) {
        refused(head);
        return false;
    }
    loop_.cancel(std::exchange(deadline_, 0));
    link_ = Link::open;
    was_connected_ = true;
    const std::string* called = find_field(head.fields, camera::kCameraNameField);
    fleet_.say(*this,
               "connected to " + target_.host_field + (called ? " as " + *called : std::string()),
               false);
    introduce();
    return true;
}

void PushCamera::refused(const http::ResponseHead& head) {
    fleet_.say(*this,
               head.status == 409 ? "another camera is connected as " + name_
                                  : "refused: " + std::to_string(head.status) + " " + head.reason,
               true);
    // A server that starts is not ready, a proxy waits for its server, and the name's holder may be
    // our own lost connection.
    const bool is_ours = target_.was_connected || keeps_capture();
    const bool may_pass = head.status >= 500 || head.status == 429;
    if (may_pass || (head.status == 409 && is_ours)) return fail(cli::kRefused);
    done(head.status == 401 || head.status == 403 ? cli::kNotAuthorised : cli::kRefused);
}

/// What a start or a resume needs to know is known before it is said that we are ready.
void PushCamera::introduce() {
    send_text(target_.capabilities);
    send_text(camera::encode_status(camera::Status::ready, "Ready to stream"));
    if (!keeps_capture()) return;
    is_resumed_ = false;
    send_text(camera::encode_resume({capture_name_, kept_.first().value_or(seq_)}));
    flush();
    pump();
}

void PushCamera::handle(ws::Event event) {
    if (const auto* text = std::get_if<ws::Text>(&event)) return handle_text(text->text);
    if (const auto* close = std::get_if<ws::Close>(&event)) return handle_close(*close);
    if (const auto* ping = std::get_if<ws::Ping>(&event)) {
        stream_->send(share(ws::encode_pong(ping->payload, fleet_.next_mask())));
    }
}

void PushCamera::handle_text(const std::string& text) {
    if (link_ == Link::closing) return;
    const auto command = camera::decode_command(text);
    if (!command) {
        return send_text(camera::encode_status(
            camera::Status::error, "Invalid command received: " + command.error().message));
    }
    if (const auto* order = std::get_if<camera::Start>(&*command)) return start(*order);
    if (const auto* request = std::get_if<camera::ClockRequest>(&*command)) {
        return clock_answers_.answer(request->id);
    }
    if (const auto* received = std::get_if<camera::Received>(&*command)) {
        return on_received(*received);
    }
    on_stop_order();
}

/// As the app: a stop while idle gets no answer at all.
void PushCamera::on_stop_order() {
    if (!is_resumed_) return give_up_capture();
    if (capture_ == Capture::starting || capture_ == Capture::running) {
        stop("Stopped by the server");
    }
}

void PushCamera::on_received(const camera::Received& received) {
    if (!keeps_capture() || received.capture != capture_name_) return;
    is_resumed_ = true;
    const std::size_t before = kept_.size();
    kept_.received(received.seq);
    if (kept_.empty() && stop_is_said_) return capture_over();
    if (stop_is_said_ && kept_.size() < before) await_last_word();
    pump();  // which waits while too much is kept
}

void PushCamera::handle_close(const ws::Close& close_event) {
    if (link_ == Link::closing) return done(exit_code_);
    stream_->send(share(ws::encode_close(close_event.code, {}, fleet_.next_mask())));
    fleet_.say(*this,
               "the server closed the connection: " + std::to_string(close_event.code) + " " +
                   close_event.reason,
               true);
    if (close_event.code == ws::kClosePolicy) {
        const bool is_auth = close_event.reason == control::kUnauthorized;
        return done(is_auth ? cli::kNotAuthorised : cli::kRefused);
    }
    // A limit that is reached, said behind the upgrade, is the refusal with 503 or 429.
    fail(close_event.code == ws::kCloseTryLater ? cli::kRefused : cli::kUnreachable);
}

void PushCamera::on_end(std::string_view error) {
    if (link_ == Link::done || link_ == Link::lost) return;
    if (link_ == Link::closing) return done(exit_code_);
    const std::string why = error.empty() ? "connection closed by the server" : std::string(error);
    fleet_.say(*this, target_.host_field + ": " + why, true);
    fail(cli::kUnreachable);
}

/// As the app: a second start gets no answer at all, unless it is another capture than the one that
/// a lost connection interrupted.
void PushCamera::start(const camera::Start& order) {
    if (capture_ != Capture::none) {
        if (!keeps_capture() || order.capture == capture_name_) return;
        give_up_capture();
        if (link_ != Link::open) return;  // that was the last one
    }
    capture_name_ = target_.resumes ? order.capture : std::string();
    const camera::StartParameters& parameters = order.parameters;
    asked_ = parameters;
    try {
        clip_ = fleet_.clip_for(parameters);
    } catch (const std::exception& error) {
        return capture_failed(error.what());
    }
    reader_ = clip_->join();
    capture_ = Capture::starting;
    begin_ns_.reset();
    if (parameters.start_at && *parameters.start_at <= INT64_MAX) {
        const std::int64_t begin_ns = clock_.when(*parameters.start_at);
        const auto most = std::chrono::nanoseconds(kBeginWithin).count();
        if (begin_ns - monotonic_ns() <= most) begin_ns_ = begin_ns;
    }
    if (keeps_capture() && silence_ == 0) watch_silence();
    if (begin_ns_ && clip_->is_live()) {
        // Without a key frame then, the first picture would be the next one by chance.
        const std::int64_t early = std::max<std::int64_t>(0, *begin_ns_ - monotonic_ns());
        key_due_ = loop_.after(std::chrono::nanoseconds(early), [this] {
            key_due_ = 0;
            clip_->request_key();
        });
    }
    pump();
}

void PushCamera::capture_failed(const std::string& why) {
    fleet_.say(*this, "cannot stream: " + why, true);
    send_text(camera::encode_status(camera::Status::error, "Failed to start stream: " + why));
    capture_over();
}

/// The server does not want the rest of it.
void PushCamera::give_up_capture() {
    fleet_.say(*this,
               "the server has given up the capture: " + counted(kept_.size(), "message") +
                   (kept_.size() == 1 ? " does" : " do") + " not reach it",
               true);
    if (!kept_.empty()) exit_code_ = cli::kDamaged;
    capture_over();
}

void PushCamera::capture_over() {
    leave_clip();
    loop_.cancel(std::exchange(last_word_, 0));
    loop_.cancel(std::exchange(silence_, 0));
    kept_.clear();
    capture_ = Capture::none;
    capture_name_.clear();
    is_resumed_ = true;
    stop_is_said_ = false;
    if (closes_after_ && link_ == Link::open) close(ws::kCloseNormal, *closes_after_);
}

/// Whether next_ may be the first picture. A file waits for the common instant; of a live input the
/// pictures before it are dropped, and those behind them up to a key frame.
bool PushCamera::is_time_to_begin() {
    if (!begin_ns_) return true;
    const std::int64_t early = *begin_ns_ - monotonic_ns();
    if (clip_->is_live()) {
        if (early <= 0 && next_->is_key) return true;
        next_.reset();
        return false;
    }
    if (early <= 0) return true;
    due_ = loop_.after(std::chrono::nanoseconds(early), [this] {
        due_ = 0;
        pump();
    });
    return false;
}

void PushCamera::begin_sending(const PacketPtr& first) {
    capture_ = Capture::running;
    seq_ = 0;
    reset_at_ = target_.fault.reset_after;
    // All cameras of one start take their first picture of a file at the same instant.
    base_ns_ = begin_ns_ && !clip_->is_live() ? *begin_ns_ : monotonic_ns();
    clock_.begin(base_ns_);
    origin_us_ = first->pts_us;
    pass_us_ = 0;
    latest_us_ = 0;
    pictures_ = 0;
    pass_pictures_ = 0;
    bytes_ = 0;
    send_text(camera::encode_status(camera::Status::capture_started, "Streaming H.264"));
    fleet_.say(*this, "capture started", false);
    // MediaCodec's first buffer: parameter sets alone, stamped with the first picture's time.
    const SharedBuffer sets = clip_->configuration();
    if (!sets->empty()) take_message(clock_.stamp(base_ns_), sets);
}

void PushCamera::stop(std::string message) {
    const bool was_running = capture_ == Capture::running;
    leave_clip();
    capture_ = Capture::ending;
    stop_message_ = std::move(message);
    if (was_running) {
        fleet_.say(*this,
                   "capture stopped: " + counted(pictures_, "picture") + ", " +
                       human_bytes(bytes_) + ", " + seconds_text(latest_us_),
                   false);
    }
    flush();
}

/// Sends what is kept as fast as the connection takes it, and behind the last message that it was
/// the last.
void PushCamera::flush() {
    if (link_ != Link::open) return;
    while (const KeptMessages::Message* next = kept_.next_unsent()) {
        if (stream_->queued_bytes() > kQueueBytesMax) return;  // on_drained() goes on
        if (kept_.sent() == 0) heard_ns_ = monotonic_ns();     // from now on an answer is due
        send_message(next->timestamp_us, next->seq, next->payload->bytes());
        kept_.mark_sent();
    }
    if (capture_ != Capture::ending || stop_is_said_) return;
    stop_is_said_ = true;
    send_text(camera::encode_status(camera::Status::capture_stopped, stop_message_));
    if (kept_.empty()) return capture_over();
    await_last_word();
}

/// Until the server has it all. One that takes no more of it gets the rest by another connection.
void PushCamera::await_last_word() {
    loop_.cancel(last_word_);
    last_word_ = loop_.after(kAnswerPatience, [this] {
        last_word_ = 0;
        fleet_.say(*this,
                   counted(kept_.size(), "message") + (kept_.size() == 1 ? " has" : " have") +
                       " not reached the server yet",
                   true);
        fail(cli::kUnreachable);
    });
}

void PushCamera::watch_silence() {
    silence_ = loop_.after(std::chrono::seconds(1), [this] {
        watch_silence();
        const std::int64_t silent_ns = monotonic_ns() - heard_ns_;
        if (link_ != Link::open || kept_.sent() == 0 ||
            silent_ns <= std::chrono::nanoseconds(kSilenceMax).count()) {
            return;
        }
        fleet_.say(*this, target_.host_field + " does not answer", true);
        fail(cli::kUnreachable);
    });
}

void PushCamera::leave_clip() {
    loop_.cancel(std::exchange(due_, 0));
    loop_.cancel(std::exchange(key_due_, 0));
    next_.reset();
    if (clip_) clip_->leave(reader_);
    clip_.reset();
}

void PushCamera::wake() { pump(); }

void PushCamera::pump() {
    for (int sent = 0; sent < kPacketsPerTurn; ++sent) {
        if ((capture_ != Capture::starting && capture_ != Capture::running) || due_ != 0) return;
        if (link_ == Link::open && stream_->queued_bytes() > kQueueBytesMax) {
            return;  // on_drained() goes on
        }
        if (kept_.bytes() > kKeptBytesMax) return;  // on_received() goes on
        if (!next_) {
            Clip::Step step = clip_->next(reader_);
            if (step.kind == Clip::Step::Kind::wait) return;  // wake() goes on
            if (step.kind == Clip::Step::Kind::failed) return capture_failed(step.error);
            if (step.kind == Clip::Step::Kind::end) {
                end_of_pass();
                continue;
            }
            next_ = std::move(step.packet);
        }
        if (capture_ == Capture::starting) {
            if (!is_time_to_begin()) continue;
            begin_sending(next_);
        }
        if (!send_next()) return;
    }
    if (std::exchange(pump_again_, true)) return;
    loop_.defer([this] {
        pump_again_ = false;
        pump();
    });
}

std::int64_t PushCamera::media_us(std::int64_t pts_us) const {
    // Below 0 before the first key frame in display order: pictures keep their distances.
    return pts_us - origin_us_ + pass_us_;
}

bool PushCamera::happens(double probability) {
    return probability > 0 && std::uniform_real_distribution<double>(0, 1)(chance_) < probability;
}

bool PushCamera::send_next() {
    const std::int64_t media = media_us(next_->pts_us);
    // An encoder puts a picture out after those it was made from: the latest time so far.
    const std::int64_t ready_us = std::max(latest_us_, media);
    if (target_.realtime) {
        const std::int64_t early = base_ns_ + (ready_us + jitter_us_) * 1000 - monotonic_ns();
        if (early > 0) {
            due_ = loop_.after(std::chrono::nanoseconds(early), [this] {
                due_ = 0;
                pump();
            });
            return false;
        }
    }
    latest_us_ = ready_us;
    const Fault& fault = target_.fault;
    const std::uint64_t time_us = clock_.stamp(base_ns_ + media * 1000);
    if (happens(fault.drop)) {
        ++seq_;  // the number of a message that got lost
    } else {
        const SharedBuffer payload(next_, &next_->bytes);
        take_message(time_us, payload);
        if (happens(fault.dup)) {
            --seq_;
            take_message(time_us, payload);
        }
    }
    ++pictures_;
    ++pictures_total_;
    bytes_ += next_->bytes.size();
    bytes_total_ += next_->bytes.size();
    next_.reset();
    jitter_us_ = 0;
    if (fault.jitter.count() > 0) {
        jitter_us_ =
            std::uniform_int_distribution<std::int64_t>(0, fault.jitter.count() * 1000)(chance_);
    }
    if (reset_at_ != 0 && pictures_ >= reset_at_ && link_ == Link::open) {
        reset_at_ = pictures_ + fault.reset_after;
        fleet_.say(*this, "breaking the connection, as asked", false);
        fail(cli::kUnreachable);
        return false;
    }
    return true;
}

/// To the beginning of the input. What was too long to be kept is opened anew.
bool PushCamera::go_back() {
    if (clip_->rewind(reader_)) return true;
    if (clip_->is_live()) return false;
    leave_clip();
    clip_ = fleet_.clip_for(asked_);
    reader_ = clip_->join();
    return true;
}

void PushCamera::end_of_pass() {
    // A second pass without a picture would be followed by others without end.
    const bool repeats =
        target_.loops && capture_ == Capture::running && pictures_ > pass_pictures_;
    try {
        if (repeats && go_back()) {
            pass_pictures_ = pictures_;
            pass_us_ = latest_us_ + static_cast<std::int64_t>(1e6 / clip_->fps());
            return;
        }
    } catch (const std::exception& error) {
        return capture_failed(error.what());
    }
    if (capture_ == Capture::starting) return capture_failed("the input is empty");
    closes_after_ = "the input has ended";
    stop("The input has ended");
}

void PushCamera::take_message(std::uint64_t timestamp_us, const SharedBuffer& payload) {
    const std::uint32_t seq = seq_++;
    if (capture_name_.empty()) return send_message(timestamp_us, seq, payload->bytes());
    kept_.add({seq, timestamp_us, payload});
    flush();
}

void PushCamera::send_message(std::uint64_t timestamp_us, std::uint32_t seq, Bytes payload) {
    const auto header = camera::encode_header({timestamp_us, seq, payload});
    const ws::MaskKey key = fleet_.next_mask();
    const auto frame = ws::encode_header(ws::Opcode::binary, header.size() + payload.size(), key);
    message_.resize(frame.size + header.size() + payload.size());
    std::uint8_t* at = message_.data();
    std::copy_n(frame.data.data(), frame.size, at);
    at += frame.size;
    ws::copy_masked(at, header, key, 0);
    ws::copy_masked(at + header.size(), payload, key, header.size());
    stream_->send(message_.bytes());
}

void PushCamera::send_text(std::string_view text) {
    if (link_ != Link::open) return;
    stream_->send(share(ws::encode_text(text, fleet_.next_mask())));
}

void PushCamera::finish(std::string_view reason) {
    if (link_ == Link::closing || link_ == Link::done) return;
    if (link_ != Link::open) {
        if (kept_.empty()) return done(0);
        fleet_.say(*this, counted(kept_.size(), "message") + " did not reach the server", true);
        return done(cli::kUnreachable);
    }
    if (capture_ == Capture::none) return close(ws::kCloseNormal, reason);
    closes_after_ = reason;
    if (capture_ != Capture::ending) stop(std::string(reason));
}

void PushCamera::close(std::uint16_t code, std::string_view reason) {
    leave_clip();
    stream_->send(share(ws::encode_close(code, reason, fleet_.next_mask())));
    link_ = Link::closing;
    capture_ = Capture::none;
    deadline_ = loop_.after(kAnswerPatience, [this] {
        fleet_.say(*this, "the server did not close the connection", true);
        done(cli::kNoAnswer, true);
    });
}

/// The connection is over before its time, or there is none for the time being. A capture that may
/// be resumed goes on meanwhile.
void PushCamera::fail(int exit_code) {
    if (!keeps_capture()) return done(exit_code, true);
    loop_.cancel(std::exchange(deadline_, 0));
    loop_.cancel(std::exchange(last_word_, 0));
    clock_answers_.forget();
    link_ = Link::lost;
    if (stream_) stream_->close();
    kept_.begin_again();
    stop_is_said_ = false;
    fleet_.on_lost(*this);
    loop_.defer([this] { pump(); });  // it may have waited for the connection
}

void PushCamera::done(int exit_code, bool may_pass) {
    if (link_ == Link::done) return;
    leave_clip();
    loop_.cancel(std::exchange(deadline_, 0));
    loop_.cancel(std::exchange(last_word_, 0));
    loop_.cancel(std::exchange(silence_, 0));
    link_ = Link::done;
    capture_ = Capture::none;
    if (stream_) stream_->close();
    fleet_.on_done(*this, exit_code, may_pass);
}

}  // namespace st::streamctl
