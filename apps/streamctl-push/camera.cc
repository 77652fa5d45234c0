#include "streamctl-push/camera.h"

#include <sys/random.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "base/clock.h"
#include "base/units.h"
#include "camera/frame.h"
#include "cli/exit_codes.h"

namespace st::streamctl {
namespace {

constexpr int kPacketsPerTurn = 32;
constexpr std::size_t kAnswersMax = 64;  ///< that wait to be late
/// A server that wants a capture to begin later than that is not obeyed.
constexpr std::chrono::minutes kBeginWithin{1};

/// What a close of the server means for the exit code.
int exit_code_of(const ws::Close& close) {
    if (close.code != ws::kClosePolicy) return cli::kUnreachable;
    return close.reason == "Unauthorized" ? cli::kNotAuthorised : cli::kRefused;
}

/// CLOCK_BOOTTIME is that far ahead of CLOCK_MONOTONIC: so long the machine has slept.
std::int64_t boot_ahead_us() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    const std::int64_t boot_ns = std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
    return std::max<std::int64_t>(0, boot_ns - monotonic_ns()) / 1000;
}

std::string seconds_text(std::int64_t us) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f s", static_cast<double>(us) / 1e6);
    return text.data();
}

}  // namespace

PushCamera::PushCamera(loop::EventLoop& loop, PushFleet& fleet, std::string name, PushTarget target)
    : loop_(loop),
      fleet_(fleet),
      name_(std::move(name)),
      target_(std::move(target)),
      decoder_(ws::Role::client),
      chance_(static_cast<std::uint32_t>(std::hash<std::string>()(name_))),
      clock_(target_.fault, boot_ahead_us()),
      clock_chance_(chance_()) {}

PushCamera::~PushCamera() {
    leave_clip();
    for (const auto& [id, timer] : answers_) loop_.cancel(timer);
}

void PushCamera::open() {
    Poco::Net::StreamSocket socket;
    socket.connectNB(target_.address);
    stream_ = std::make_unique<loop::TcpStream>(
        loop_, socket, *this, target_.tls ? target_.tls->connect(target_.host) : nullptr);
    if (::getrandom(nonce_.data(), nonce_.size(), 0) != static_cast<ssize_t>(nonce_.size())) {
        throw std::runtime_error("getrandom: no random bytes");
    }
    std::vector<Field> fields;
    if (!target_.token.empty()) fields.push_back({"Authorization", "Bearer " + target_.token});
    stream_->send(ws::encode_upgrade_request(target_.host_field, target_.path, nonce_, {}, fields));
    deadline_ = loop_.after(kAnswerPatience, [this] {
        fleet_.say(*this, "no answer from " + target_.host_field, true);
        done(cli::kNoAnswer);
    });
}

void PushCamera::on_data(std::span<std::uint8_t> bytes) {
    if (state_ == State::connecting && !read_answer(bytes)) return;
    decoder_.feed(bytes);
    for (;;) {
        auto event = decoder_.next();
        if (!event) {
            fleet_.say(*this, "the server broke the protocol: " + event.error().message, true);
            exit_code_ = cli::kRefused;
            return close(static_cast<std::uint16_t>(event.error().code), event.error().message);
        }
        if (!*event) return;
        handle(std::move(**event));
        if (state_ == State::done) return;
    }
}

bool PushCamera::read_answer(std::span<std::uint8_t>& bytes) {
    const auto used = answer_.feed(bytes);
    if (!used) {
        fleet_.say(*this, "no HTTP server: " + used.error().message, true);
        done(cli::kRefused);
        return false;
    }
    bytes = bytes.subspan(*used);
    if (!answer_.is_complete()) return false;
    const http::ResponseHead head = answer_.take();
    const auto checked = ws::check_upgrade_answer(head.status, head.fields, nonce_);
    if (!checked) {
        fleet_.say(*this,
                   head.status == 409
                       ? "another camera is connected as " + name_
                       : "refused: " + std::to_string(head.status) + " " + head.reason,
                   true);
        done(head.status == 401 || head.status == 403 ? cli::kNotAuthorised : cli::kRefused);
        return false;
    }
    loop_.cancel(std::exchange(deadline_, 0));
    state_ = State::idle;
    was_connected_ = true;
    const std::string* called = find_field(head.fields, camera::kCameraNameField);
    fleet_.say(*this,
               "connected to " + target_.host_field + (called ? " as " + *called : std::string()),
               false);
    send_text(camera::encode_status(camera::Status::ready, "Ready to stream"));
    send_text(target_.capabilities);
    return true;
}

void PushCamera::handle(ws::Event event) {
    if (const auto* text = std::get_if<ws::Text>(&event)) return handle_text(text->text);
    if (const auto* close = std::get_if<ws::Close>(&event)) return handle_close(*close);
    if (const auto* ping = std::get_if<ws::Ping>(&event)) {
        stream_->send(share(ws::encode_pong(ping->payload, fleet_.next_mask())));
    }
}

void PushCamera::handle_text(const std::string& text) {
    if (state_ == State::closing) return;
    const auto command = camera::decode_command(text);
    if (!command) {
        return send_text(camera::encode_status(
            camera::Status::error, "Invalid command received: " + command.error().message));
    }
    // As the app: a second start and a stop while idle get no answer at all.
    if (const auto* parameters = std::get_if<camera::StartParameters>(&*command)) {
        if (state_ == State::idle) start(*parameters);
    } else if (const auto* request = std::get_if<camera::ClockRequest>(&*command)) {
        answer_clock(request->id);
    } else if (std::holds_alternative<camera::Stop>(*command) &&
               (state_ == State::starting || state_ == State::sending)) {
        stop("Stopped by the server");
    }
}

void PushCamera::handle_close(const ws::Close& close_event) {
    if (state_ == State::closing) return done(exit_code_);
    stream_->send(share(ws::encode_close(close_event.code, {}, fleet_.next_mask())));
    fleet_.say(*this,
               "the server closed the connection: " + std::to_string(close_event.code) + " " +
                   close_event.reason,
               true);
    done(exit_code_of(close_event));
}

void PushCamera::on_end(std::string_view error) {
    if (state_ == State::done) return;
    if (state_ == State::closing) return done(exit_code_);
    const std::string why = error.empty() ? "connection closed by the server" : std::string(error);
    fleet_.say(*this, target_.host_field + ": " + why, true);
    done(cli::kUnreachable);
}

/// At once, or as late in each direction as `--fault` has it: the question on its way here, the
/// answer on its way back.
void PushCamera::answer_clock(std::uint32_t id) {
    const Fault& fault = target_.fault;
    std::uniform_real_distribution<double> chance(0, 1);
    if (fault.clock_loss > 0 && chance(clock_chance_) < fault.clock_loss) return;
    const auto late = [&](milliseconds always) {
        return std::chrono::nanoseconds(std::max(always, milliseconds(0))) +
               std::chrono::nanoseconds(std::llround(
                   static_cast<double>(std::chrono::nanoseconds(fault.clock_jitter).count()) *
                   chance(clock_chance_)));
    };
    const auto there = late(fault.clock_asymmetry);
    const auto back = late(-fault.clock_asymmetry);
    if (answers_.size() >= kAnswersMax) return;
    const auto after = [this, id](std::chrono::nanoseconds wait, std::function<void()> task) {
        if (wait.count() == 0) return task();
        answers_[id] = loop_.after(wait, [this, id, then = std::move(task)] {
            answers_.erase(id);
            then();
        });
    };
    after(there, [this, id, back, after] {
        const std::uint64_t now_us = clock_.at(monotonic_ns());
        after(back, [this, id, now_us] { send_clock_reply({id, now_us, now_us}); });
    });
}

void PushCamera::send_clock_reply(const camera::ClockReply& reply) {
    if (state_ == State::closing || state_ == State::done) return;
    send_text(camera::encode_clock_reply(reply));
}

void PushCamera::start(const camera::StartParameters& parameters) {
    try {
        clip_ = fleet_.clip_for(parameters);
    } catch (const std::exception& error) {
        return capture_failed(error.what());
    }
    reader_ = clip_->join();
    state_ = State::starting;
    begin_ns_.reset();
    if (parameters.start_at && *parameters.start_at <= INT64_MAX) {
        const std::int64_t begin_ns = clock_.when(*parameters.start_at);
        const auto most = std::chrono::nanoseconds(kBeginWithin).count();
        if (begin_ns - monotonic_ns() <= most) begin_ns_ = begin_ns;
    }
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
    leave_clip();
    state_ = State::idle;
    send_text(camera::encode_status(camera::Status::error, "Failed to start stream: " + why));
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
    state_ = State::sending;
    seq_ = 0;
    // All cameras of one start take their first picture of a file at the same instant.
    base_ns_ = begin_ns_ && !clip_->is_live() ? *begin_ns_ : monotonic_ns();
    clock_.begin(base_ns_);
    origin_us_ = first->pts_us;
    pass_us_ = 0;
    latest_us_ = 0;
    pictures_ = 0;
    bytes_ = 0;
    send_text(camera::encode_status(camera::Status::capture_started, "Streaming H.264"));
    fleet_.say(*this, "capture started", false);
    // MediaCodec's first buffer: parameter sets alone, stamped with the first picture's time.
    const SharedBuffer sets = clip_->configuration();
    if (!sets->empty()) send_message(clock_.stamp(base_ns_), sets->bytes());
}

void PushCamera::stop(std::string_view message) {
    const bool was_sending = state_ == State::sending;
    leave_clip();
    state_ = State::idle;
    send_text(camera::encode_status(camera::Status::capture_stopped, message));
    if (was_sending) {
        fleet_.say(*this,
                   "capture stopped: " + std::to_string(pictures_) + " pictures, " +
                       human_bytes(bytes_) + ", " + seconds_text(latest_us_),
                   false);
    }
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
        if ((state_ != State::starting && state_ != State::sending) || due_ != 0) return;
        if (stream_->queued_bytes() > kQueueBytesMax) return;  // on_drained() goes on
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
        if (state_ == State::starting) {
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
        send_message(time_us, next_->bytes.bytes());
        if (happens(fault.dup)) {
            --seq_;
            send_message(time_us, next_->bytes.bytes());
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
    if (fault.reset_after != 0 && pictures_ >= fault.reset_after) {
        fleet_.say(*this, "breaking the connection, as asked", false);
        done(cli::kUnreachable);
        return false;
    }
    return true;
}

void PushCamera::end_of_pass() {
    const bool repeats = target_.loops && state_ == State::sending && clip_->rewind(reader_);
    if (repeats) {
        pass_us_ = latest_us_ + static_cast<std::int64_t>(1e6 / clip_->fps());
        return;
    }
    if (state_ == State::starting) return capture_failed("the input is empty");
    stop("The input has ended");
    close(ws::kCloseNormal, "the input has ended");
}

void PushCamera::send_message(std::uint64_t timestamp_us, Bytes payload) {
    const auto header = camera::encode_header({timestamp_us, seq_++, payload});
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
    stream_->send(share(ws::encode_text(text, fleet_.next_mask())));
}

void PushCamera::finish(std::string_view reason) {
    if (state_ == State::closing || state_ == State::done) return;
    if (state_ == State::connecting) return done(0);
    if (state_ != State::idle) stop(reason);
    close(ws::kCloseNormal, reason);
}

void PushCamera::close(std::uint16_t code, std::string_view reason) {
    leave_clip();
    state_ = State::closing;
    stream_->send(share(ws::encode_close(code, reason, fleet_.next_mask())));
    deadline_ = loop_.after(kAnswerPatience, [this] {
        fleet_.say(*this, "the server did not close the connection", true);
        done(cli::kNoAnswer);
    });
}

void PushCamera::done(int exit_code) {
    if (state_ == State::done) return;
    leave_clip();
    loop_.cancel(std::exchange(deadline_, 0));
    state_ = State::done;
    if (stream_) stream_->close();
    fleet_.on_done(*this, exit_code);
}

}  // namespace st::streamctl
