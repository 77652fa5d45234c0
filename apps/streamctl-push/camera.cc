#include "streamctl-push/camera.h"

#include <sys/random.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/clock.h"
#include "base/units.h"
#include "camera/frame.h"
#include "cli/exit_codes.h"

namespace st::streamctl {
namespace {

constexpr int kPacketsPerTurn = 32;
constexpr std::int64_t kClockJumpAtUs = 1'000'000;

/// What a close of the server means for the exit code.
int exit_code_of(const ws::Close& close) {
    if (close.code != ws::kClosePolicy) return cli::kUnreachable;
    return close.reason == "Unauthorized" ? cli::kNotAuthorised : cli::kRefused;
}

/// As a phone's sensors count: since boot, sleep included.
std::uint64_t boot_ms() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1000 +
           static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
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
      chance_(static_cast<std::uint32_t>(std::hash<std::string>()(name_))) {}

PushCamera::~PushCamera() { leave_clip(); }

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

void PushCamera::start(const camera::StartParameters& parameters) {
    try {
        clip_ = fleet_.clip_for(parameters);
    } catch (const std::exception& error) {
        return capture_failed(error.what());
    }
    reader_ = clip_->join();
    state_ = State::starting;
    pump();
}

void PushCamera::capture_failed(const std::string& why) {
    fleet_.say(*this, "cannot stream: " + why, true);
    leave_clip();
    state_ = State::idle;
    send_text(camera::encode_status(camera::Status::error, "Failed to start stream: " + why));
}

void PushCamera::begin_sending(const PacketPtr& first) {
    state_ = State::sending;
    seq_ = 0;
    base_ms_ = boot_ms() + static_cast<std::uint64_t>(target_.fault.clock_offset.count());
    base_ns_ = monotonic_ns();
    origin_us_ = first->pts_us;
    pass_us_ = 0;
    latest_us_ = 0;
    pictures_ = 0;
    bytes_ = 0;
    send_text(camera::encode_status(camera::Status::capture_started, "Streaming H.264"));
    fleet_.say(*this, "capture started", false);
    // MediaCodec's first buffer: parameter sets alone, stamped with the first picture's time.
    const SharedBuffer sets = clip_->configuration();
    if (!sets->empty()) send_message(base_ms_, sets->bytes());
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
            if (state_ == State::starting) begin_sending(next_);
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
    const double drifted = static_cast<double>(media) * (1 + fault.clock_drift_ppm / 1e6);
    auto time =
        static_cast<std::int64_t>(base_ms_) + static_cast<std::int64_t>(std::floor(drifted / 1000));
    if (media >= kClockJumpAtUs) time += fault.clock_jump.count();
    const auto time_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, time));
    if (happens(fault.drop)) {
        ++seq_;  // the number of a message that got lost
    } else {
        send_message(time_ms, next_->bytes.bytes());
        if (happens(fault.dup)) {
            --seq_;
            send_message(time_ms, next_->bytes.bytes());
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

void PushCamera::send_message(std::uint64_t timestamp_ms, Bytes payload) {
    const auto header = camera::encode_header({timestamp_ms, seq_++, payload});
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
