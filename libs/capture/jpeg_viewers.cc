#include "capture/jpeg_viewers.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/clock.h"
#include "capture/jpeg_feed.h"
#include "capture/parts.h"
#include "http/response.h"
#include "httpd/answers.h"
#include "httpd/refusal.h"
#include "ws/encode.h"
#include "ws/frame.h"

namespace st::capture {
namespace {

constexpr std::size_t kCommandBytesMax = 4 * 1024;
constexpr const char* kBoundary = "picture";
constexpr const char* kViewerLeft = "viewer left";
constexpr const char* kCameraGone = "the camera is gone";
constexpr const char* kShuttingDown = "the server is shutting down";

std::string name_of(const httpd::Request& request) {
    const std::string* name = request.target.find("name");
    return name == nullptr ? std::string() : *name;
}

hub::ViewerInfo info_of(const char* protocol, const httpd::Handover& handover,
                        const httpd::Request& request) {
    return {protocol, request.peer.text, request.shown_query(), handover.ticket.address()};
}

}  // namespace

// ---- both --------------------------------------------------------------------------------------

JpegViewer::JpegViewer(const Parts& parts, httpd::NetLoop& net, hub::ViewerInfo info)
    : parts_(parts), net_(net), info_(std::move(info)) {}

void JpegViewer::post(std::function<void(JpegViewer&)> task) {
    net_.loop().post([weak = weak_from_this(), run = std::move(task)] {
        if (const auto self = weak.lock()) run(*self);
    });
}

void JpegViewer::on_picture(const SharedBuffer& jpeg) {
    if (posted_.load() >= kPostedMax) {
        missed_.fetch_add(1);
        return;
    }
    posted_.fetch_add(1);
    post([jpeg](JpegViewer& self) {
        self.posted_.fetch_sub(1);
        self.pass_on(jpeg);
    });
}

void JpegViewer::on_words(const std::string& text) {
    post([text](JpegViewer& self) {
        if (self.is_watching()) self.send_words(text);
    });
}

void JpegViewer::on_camera_gone() {
    post([](JpegViewer& self) { self.lose_camera(); });
}

void JpegViewer::on_renamed(const std::string& name) {
    post([name](JpegViewer& self) { self.take_new_name(name); });
}

void JpegViewer::on_camera(const JpegStreams::Found& camera) {
    post([camera](JpegViewer& self) {
        if (self.state_ == State::apart) self.camera_there(camera);
    });
}

void JpegViewer::join(const JpegStreams::Found& camera) {
    camera_ = camera;
    state_ = State::deciding;
    auth::Decided decided = [weak = weak_from_this(), &loop = net_.loop()](Result<void> may) {
        loop.post([weak, may] {
            if (const auto self = weak.lock()) self->on_decided(may);
        });
    };
    const bool is_asked =
        parts_.decide &&
        parts_.decide({false, path(), info_.protocol, info_.query, info_.peer}, std::move(decided));
    if (!is_asked) enter();
}

void JpegViewer::on_decided(const Result<void>& may) {
    if (state_ != State::deciding) return;
    may ? enter() : turn_away(may.error());
}

Result<void> JpegViewer::admit() {
    auto admitted = parts_.hub.admit(
        path(), info_, [weak = weak_from_this(), &loop = net_.loop()](const std::string& by) {
            loop.post([weak, by] {
                const auto self = weak.lock();
                if (!self || !self->is_watching()) return;
                const std::string words = hub::kicked_text(by);
                self->leave(words);
                self->end(ws::kClosePolicy, words);
            });
        });
    if (!admitted) return admitted.error();
    guest_ = std::move(*admitted);
    return {};
}

void JpegViewer::enter() {
    if (const auto admitted = admit(); !admitted) return turn_away(admitted.error());
    state_ = State::watching;
    taken_ns_ = net_.loop().now_ns();
    const auto name = parts_.jpegs.watch(camera_.camera, shared_from_this());
    if (!name) return lose_camera();
    accept();
    if (*name != camera_.name) take_new_name(*name);
}

void JpegViewer::turn_away(const Error& why) {
    if (state_ == State::over) return;
    leave(why.message);
    refuse(why);
}

void JpegViewer::leave(const std::string& reason) {
    state_ = State::over;
    guest_.leave(reason);
}

void JpegViewer::lose_camera() {
    if (state_ != State::watching) return;
    state_ = State::apart;
    guest_.leave(kCameraGone);
    camera_gone();
}

/// It goes on watching, and is listed where the camera is.
void JpegViewer::take_new_name(const std::string& name) {
    if (state_ != State::watching) return;
    guest_.leave("the camera is called " + name + " now");
    camera_.name = name;
    renamed(name);
    if (const auto admitted = admit(); !admitted) {
        leave(admitted.error().message);
        end(httpd::close_code_for(admitted.error().code), admitted.error().message);
    }
}

void JpegViewer::pass_on(const SharedBuffer& jpeg) {
    if (state_ != State::watching) return;
    hub::ViewerRecord& record = guest_.record();
    record.dropped.fetch_add(missed_.exchange(0));
    if (queued_bytes() > 0) {
        record.dropped.fetch_add(1);
        if (!is_stuck()) return;
        const std::string words = hub::to_text(hub::EndReason::stuck);
        leave(words);
        return end(ws::kCloseTryLater, words);
    }
    taken_ns_ = net_.loop().now_ns();
    send_picture(jpeg);
    record.packets.fetch_add(1);
    record.bytes.fetch_add(jpeg->size());
    const std::uint64_t queued = queued_bytes();
    record.queue_bytes.store(queued);
    record.queue_bytes_max.store(std::max(record.queue_bytes_max.load(), queued));
}

bool JpegViewer::is_stuck() {
    const std::int64_t now_ns = net_.loop().now_ns();
    if (const std::uint64_t taken = bytes_taken(); taken != taken_) {
        taken_ = taken;
        taken_ns_ = now_ns;
    }
    const auto limit = std::chrono::nanoseconds(parts_.hub.options().queue.stuck_after);
    return now_ns - taken_ns_ > limit.count();
}

// ---- /dev --------------------------------------------------------------------------------------

JpegConsole::JpegConsole(const Parts& parts, httpd::Handover handover,
                         const httpd::Request& request)
    : JpegViewer(parts, handover.net, info_of("ws-jpeg", handover, request)),
      ticket_(std::move(handover.ticket)),
      stream_(std::move(handover.transport)),
      upgrade_answer_(std::move(handover.upgrade_answer)),
      pending_(std::move(handover.pending)),
      peer_(request.peer.text),
      control_(parts.policy, parts.sessions, auth::Role::control, request.facts,
               parts.sessions.cookie_of(request.head.fields)),
      wanted_(name_of(request)) {
    stream_->set_handler(*this);
}

void JpegConsole::start() {
    if (!look_for_camera()) {
        accept();
        say("error: no camera");
    }
    if (stream_) stream_->resume_reading();
}

bool JpegConsole::look_for_camera() {
    const auto found = parts_.jpegs.find_or_await(wanted_, shared_from_this());
    if (found) join(*found);
    return found.has_value();
}

void JpegConsole::camera_there(const JpegStreams::Found& camera) { join(camera); }

/// Whoever waits for a camera has been let in already.
void JpegConsole::accept() {
    if (socket_) return;
    if (!upgrade_answer_.empty()) stream_->send(upgrade_answer_);
    stream_->pause_reading();  // what is in pending_ comes first
    const auto times = parts_.http_options.get();
    socket_ = std::make_unique<httpd::WebSocket>(
        std::move(stream_), ws::Limits{0, kCommandBytesMax},
        httpd::WebSocket::Times{times->ping_interval, times->ping_timeout}, parts_.http_counters,
        parts_.log.with("console").with("peer", peer_), *this);
    net_.loop().post([weak = weak_from_this()] {
        const auto self = std::static_pointer_cast<JpegConsole>(weak.lock());
        if (self && self->socket_) self->socket_->start(as_bytes(self->pending_));
    });
}

void JpegConsole::refuse(const Error& why) {
    if (socket_) return socket_->close(httpd::close_code_for(why.code), why.message);
    stream_->send(share(httpd::encode_refusal(why.code, why.message, upgrade_answer_.empty())));
    stream_->finish(httpd::kClosePatience);
}

void JpegConsole::end(std::uint16_t code, const std::string& words) { socket_->close(code, words); }

/// It comes back, or another one in its place.
void JpegConsole::camera_gone() {
    accept();
    say(kCameraGone);
    look_for_camera();
}

void JpegConsole::renamed(const std::string& name) {
    if (!wanted_.empty()) wanted_ = name;
}

/// The console's words are the camera's commands: whoever may only watch, or may command no more
/// since the session has ended, is told so.
void JpegConsole::on_text(const std::string& text) {
    if (const auto may = control_.check(wall_us() / 1'000'000); !may) {
        return say("error: " + may.error().message);
    }
    if (!is_watching() || !parts_.jpegs.command(camera().camera, text)) say("error: no camera");
}

void JpegConsole::send_picture(const SharedBuffer& jpeg) {
    const ws::FrameHeader head = ws::encode_header(ws::Opcode::binary, jpeg->size());
    const std::array<SharedBuffer, 2> frame{share(Buffer(head.bytes())), jpeg};
    socket_->send_wires(frame);
}

void JpegConsole::send_words(const std::string& text) {
    constexpr std::size_t kQueuedMax = std::size_t{1} << 20;
    if (socket_ && socket_->queued_bytes() < kQueuedMax) socket_->send_text(text);
}

void JpegConsole::say(const std::string& text) {
    send_words(console_line(wall_us(), "server", text));
}

void JpegConsole::shut_down() {
    if (!socket_) return turn_away(Error{kShuttingDown, 503});
    leave(kShuttingDown);
    socket_->close(ws::kCloseGoingAway, "server shutting down");
}

void JpegConsole::on_over(std::uint16_t code, const std::string& reason) {
    const bool left = code == ws::kCloseNormal || code == ws::kCloseGoingAway ||
                      code == ws::kCloseNoCode || code == ws::kCloseAbnormal;
    leave(left ? kViewerLeft : reason);
}

void JpegConsole::on_gone() {
    net_.loop().retire(std::shared_ptr<httpd::WebSocket>(std::move(socket_)));
    net_.remove(*this);
}

void JpegConsole::on_data(std::span<std::uint8_t> bytes) {
    pending_.append(as_text(bytes));
    if (pending_.size() > kCommandBytesMax) stream_->pause_reading();
}

void JpegConsole::on_hang_up(bool /*is_reset*/) {
    if (!stream_) return;
    stream_->close();
    on_end({});
}

void JpegConsole::on_end(std::string_view error) {
    leave(error.empty() ? kViewerLeft : std::string(error));
    net_.loop().retire(std::shared_ptr<loop::Transport>(std::move(stream_)));
    net_.remove(*this);
}

// ---- /mjpeg/<name> -----------------------------------------------------------------------------

MultipartViewer::MultipartViewer(const Parts& parts, httpd::Handover handover,
                                 const httpd::Request& request)
    : JpegViewer(parts, handover.net, info_of("mjpeg", handover, request)),
      ticket_(std::move(handover.ticket)),
      stream_(std::move(handover.transport)),
      is_head_(request.head.method == "HEAD") {
    stream_->set_handler(*this);
}

void MultipartViewer::start(const std::string& name) {
    const auto found = parts_.jpegs.find(name);
    if (!found) {
        turn_away(Error{"no JPEG camera is connected as " + name, 404});
    } else if (is_head_) {
        leave({});
        accept();
        stream_->finish(httpd::kClosePatience);
    } else {
        join(*found);
    }
    if (stream_) stream_->resume_reading();
}

void MultipartViewer::accept() {
    stream_->send(std::string("HTTP/1.1 200 OK\r\n"
                              "Content-Type: multipart/x-mixed-replace; boundary=") +
                  kBoundary +
                  "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                  "Connection: close\r\n\r\n");
    if (!is_head_) stream_->send(std::string("--") + kBoundary + "\r\n");
    is_accepted_ = true;
}

void MultipartViewer::refuse(const Error& why) {
    stream_->send(
        http::encode_response(httpd::error_response(why.code, why.message), false, {}, is_head_));
    stream_->finish(httpd::kClosePatience);
}

void MultipartViewer::send_picture(const SharedBuffer& jpeg) {
    stream_->send("Content-Type: image/jpeg\r\nContent-Length: " + std::to_string(jpeg->size()) +
                  "\r\n\r\n");
    // The boundary behind it tells a browser that it is whole.
    const std::string end = std::string("\r\n--") + kBoundary + "\r\n";
    const std::array<SharedBuffer, 2> rest{jpeg, share(Buffer(as_bytes(end)))};
    stream_->send(rest);
}

void MultipartViewer::end(std::uint16_t /*code*/, const std::string& /*words*/) {
    stream_->finish(httpd::kClosePatience);
}

void MultipartViewer::camera_gone() {
    if (!is_accepted_) return turn_away(Error{kCameraGone, 404});
    leave({});
    stream_->finish(httpd::kClosePatience);
}

void MultipartViewer::shut_down() {
    if (!is_accepted_) return turn_away(Error{kShuttingDown, 503});
    leave(kShuttingDown);
    if (stream_) stream_->finish(httpd::kClosePatience);
}

void MultipartViewer::on_end(std::string_view error) {
    leave(error.empty() ? kViewerLeft : std::string(error));
    net_.loop().retire(std::shared_ptr<loop::Transport>(std::move(stream_)));
    net_.remove(*this);
}

}  // namespace st::capture
