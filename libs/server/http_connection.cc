#include "server/http_connection.h"

#include "api/api.h"
#include "api/control_connection.h"
#include "api/event_stream.h"
#include "base/clock.h"
#include "base/name.h"
#include "base/units.h"
#include "capture/camera_connection.h"
#include "capture/cameras.h"
#include "control/event_types.h"
#include "httpd/answers.h"
#include "httpd/peer.h"
#include "httpd/refusal.h"
#include "ws/encode.h"
#include "ws/frame.h"

namespace st::server {
namespace {

bool is_reserved_path(const http::Target& target) {
    // Upgrades that are not cameras; what is not there yet must not be taken for a camera.
    return target.segments.size() == 1 &&
           (target.segments.front() == "esp" || target.segments.front() == "dev");
}

}  // namespace

HttpConnection::HttpConnection(Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                               const Poco::Net::SocketAddress& peer, std::string default_stream)
    : parts_(parts),
      net_(net),
      ticket_(std::move(ticket)),
      peer_(httpd::peer_text(peer)),
      peer_address_(httpd::peer_address_text(peer)),
      default_name_(httpd::default_camera_name(peer)),
      default_stream_(std::move(default_stream)),
      log_(parts.capture.log.with("http").with(peer_)) {
    if (const auto parsed = auth::parse_address(peer_address_)) address_ = *parsed;
}

HttpConnection::~HttpConnection() = default;

void HttpConnection::start(const Poco::Net::StreamSocket& socket,
                           std::unique_ptr<loop::TlsSession> tls) {
    stream_ = std::make_unique<loop::Stream>(net_.loop(), socket, *this, std::move(tls));
    set_deadline(httpd::kHeadDeadline, "no request within 5 s");
}

void HttpConnection::shut_down() {
    if (state_ == State::answering || state_ == State::sending_file) {
        keep_alive_ = false;
    } else {
        close_now();
    }
}

void HttpConnection::set_deadline(std::chrono::milliseconds after, std::string what) {
    net_.loop().cancel(deadline_);
    deadline_ = net_.loop().after(after, [this, text = std::move(what)] {
        deadline_ = 0;
        if (state_ == State::sending_file) return close_now();  // half an answer is out already
        if (reader_.is_idle() && state_ == State::head) return close_now();
        if (state_ == State::token) return close_websocket(ws::kClosePolicy, "Unauthorized");
        answer_error(408, text);
    });
}

void HttpConnection::close_now() {
    if (state_ == State::done && !stream_) return;
    state_ = State::done;
    net_.loop().cancel(deadline_);
    if (claimed_) {
        parts_.capture.control.post(
            [&cameras = parts_.capture.cameras, link = claimed_] { cameras.give_up(link); });
        claimed_.reset();
    }
    if (stream_) {
        stream_->close();
        net_.loop().retire(std::shared_ptr<loop::Stream>(std::move(stream_)));
    }
    net_.remove(*this);
}

bool HttpConnection::on_half_end() {
    const bool owes_answer = state_ == State::answering || state_ == State::sending_file;
    input_over_ = owes_answer && upgrade_answer_.empty() && !is_upgraded_;
    if (input_over_ && pending_.empty()) keep_alive_ = false;
    return input_over_;
}

void HttpConnection::on_end(std::string_view error) {
    if (!error.empty() && log_.enabled(LogLevel::debug)) log_.debug(std::string(error));
    if (end_as_publisher(error)) return;
    close_now();
}

void HttpConnection::on_drained() {
    if (!file_) return;
    set_deadline(httpd::kDownloadDeadline, "");
    file_->on_drained();
}

void HttpConnection::on_data(std::span<std::uint8_t> bytes) {
    if (state_ == State::answering || state_ == State::sending_file || !pending_.empty()) {
        pending_.append(as_text(bytes));
        if (pending_.size() > httpd::kPipelinedBytesMax) stream_->pause_reading();
        return;
    }
    if (state_ == State::token) return read_token(bytes);
    consume(bytes);
}

void HttpConnection::consume(Bytes bytes) {
    while (!bytes.empty() && (state_ == State::head || state_ == State::body)) {
        if (state_ == State::head) {
            const bool was_idle = reader_.is_idle();
            const auto used = reader_.feed(bytes);
            if (!used) return answer_error(used.error().code, used.error().message);
            bytes = bytes.subspan(*used);
            if (reader_.is_complete()) {
                begin_request();
            } else if (was_idle && !reader_.is_idle()) {
                set_deadline(httpd::kHeadDeadline, "request head not complete within 5 s");
            }
        } else {
            const auto used = body_reader_->collect(bytes, body_);
            if (!used) return answer_error(used.error().code, used.error().message);
            bytes = bytes.subspan(*used);
            if (body_reader_->is_complete()) dispatch();
        }
    }
    if (bytes.empty() || state_ == State::done) return;
    if (state_ == State::token) return read_token(bytes);
    pending_.append(as_text(bytes));
}

void HttpConnection::begin_request() {
    head_ = reader_.take();
    keep_alive_ = head_.keep_alive;
    parts_.capture.http_counters.http_requests_total.fetch_add(1, std::memory_order_relaxed);
    auto target = http::parse_target(head_.target);
    if (!target) return answer_error(target.error().code, target.error().message);
    target_ = std::move(*target);
    if (ws::asks_for_websocket(head_.fields)) return begin_websocket(target_);
    if (begin_live()) return;
    api::ApiRequest request{head_, target_, {}, facts()};
    if (auto refusal = parts_.api.refuse(request)) {
        keep_alive_ = false;  // a body may be on its way that nobody reads
        return answer(*refusal);
    }
    if (begin_event_stream()) return;
    auto body = http::BodyReader::of_request(head_, httpd::kBodyBytesMax);
    if (!body) return answer_error(body.error().code, body.error().message);
    body_reader_ = std::move(*body);
    body_.clear();
    if (body_reader_->is_complete()) return dispatch();
    if (head_.expects_continue) stream_->send("HTTP/1.1 100 Continue\r\n\r\n");
    state_ = State::body;
    set_deadline(httpd::kBodyDeadline, "request body not complete within 10 s");
}

void HttpConnection::dispatch() {
    state_ = State::answering;
    net_.loop().cancel(deadline_);
    api::ApiRequest request{head_, target_, std::move(body_), facts()};
    body_.clear();
    parts_.api.handle(std::move(request),
                      [&net = net_, weak = weak_from_this()](api::ApiAnswer made) {
                          auto shared = std::make_shared<api::ApiAnswer>(std::move(made));
                          net.loop().post([weak, shared] {
                              const auto self = weak.lock();
                              if (!self || self->state_ != State::answering) return;
                              if (!shared->file) return self->answer(shared->response);
                              self->send_file(std::move(*shared));
                          });
                      });
}

void HttpConnection::answer_error(int status, const std::string& message) {
    keep_alive_ = false;
    if (is_upgraded_ && stream_ && state_ != State::done) {
        return send_and_finish(status == 401 ? ws::encode_close(ws::kClosePolicy, "Unauthorized")
                                             : httpd::encode_close_for(status, message));
    }
    answer(httpd::error_response(status, message));
}

void HttpConnection::answer(const http::Response& response) {
    if (state_ == State::done || !stream_) return;
    if (log_.enabled(LogLevel::debug)) {
        log_.debug(head_.method + " " + target_.path +
                   " status=" + std::to_string(response.status));
    }
    stream_->send(http::encode_response(
        response, keep_alive_, http::http_date(wall_us() / 1'000'000), head_.method == "HEAD"));
    next_request();
}

void HttpConnection::send_file(api::ApiAnswer answer) {
    state_ = State::sending_file;
    std::vector<Field> fields = answer.response.fields;
    fields.push_back({"Content-Type", answer.response.content_type});
    fields.push_back({"Content-Length", std::to_string(answer.file->bytes)});
    fields.push_back({"Connection", keep_alive_ ? "keep-alive" : "close"});
    fields.push_back({"Date", http::http_date(wall_us() / 1'000'000)});
    stream_->send(http::encode_head(answer.response.status, fields));
    if (head_.method == "HEAD") return next_request();
    file_ = std::make_unique<httpd::FileSender>(
        *stream_, parts_.api_parts.disk, std::move(*answer.file), [this](bool whole) {
            net_.loop().defer([self = shared_from_this(), whole] {
                self->file_.reset();
                if (!self->stream_) return;            // the peer went in between
                if (!whole) return self->close_now();  // the length promised cannot be kept
                self->next_request();
            });
        });
    set_deadline(httpd::kDownloadDeadline, "");
    file_->start();
}

void HttpConnection::next_request() {
    head_ = {};
    if (!keep_alive_ || (input_over_ && pending_.empty())) {
        state_ = State::done;
        net_.loop().cancel(deadline_);
        stream_->finish(httpd::kClosePatience);
        return;
    }
    state_ = State::head;
    set_deadline(httpd::kKeepAliveDeadline, "request head not complete");
    if (pending_.empty()) return;
    stream_->resume_reading();
    net_.loop().defer([self = shared_from_this()] {
        if (self->state_ != State::head) return;
        const std::string pending = std::exchange(self->pending_, {});
        self->consume(as_bytes(pending));
    });
}

std::optional<std::string> HttpConnection::camera_name(const http::Target& target) {
    if (target.segments.size() == 2 && target.segments.front() == "ingest") {
        return target.segments.back();
    }
    const std::string* name = target.find("name");
    return name == nullptr ? std::nullopt : std::optional<std::string>(*name);
}

void HttpConnection::begin_websocket(const http::Target& target) {
    const auto upgrade = ws::check_upgrade(head_.method, head_.version_minor, head_.fields);
    keep_alive_ = false;
    if (!upgrade) {
        http::Response response =
            httpd::error_response(upgrade.error().code, upgrade.error().message);
        if (upgrade.error().code == 426) response.fields.push_back({"Sec-WebSocket-Version", "13"});
        return answer(response);
    }
    if (is_reserved_path(target)) {
        return answer_error(404, "no WebSocket service at " + target.path);
    }
    const auto live = live::ws_live_request(target, upgrade->protocols, default_stream_);
    if (!live) return answer_error(live.error().code, live.error().message);
    if (*live) return begin_live_websocket(*upgrade, **live);
    const bool is_control = target.segments == std::vector<std::string>{"control"};
    const auth::Role role = is_control ? auth::Role::control : auth::Role::camera;
    const auto named = camera_name(target);
    const auto asked = facts(is_control ? "" : "/camera/" + named.value_or(default_name_));
    const std::string upgrade_answer = ws::encode_upgrade_answer(*upgrade);
    if (const auto access = auth::check_access(*parts_.api_parts.policy.get(), role, asked);
        !access) {
        if (wait_for_token(role, asked, upgrade_answer)) return;
        return answer_error(access.error().code, access.error().message);
    }
    if (parts_.capture.shutting_down) return answer_error(503, "the server is shutting down");
    if (!is_upgraded_) upgrade_answer_ = upgrade_answer;
    state_ = State::answering;
    net_.loop().cancel(deadline_);
    if (is_control) {
        // What came behind the request is gathered first.
        net_.loop().defer([self = shared_from_this()] {
            if (self->state_ == State::answering) self->become_control();
        });
        return;
    }
    if (named && !is_valid_name(*named)) {
        return answer_error(400,
                            "camera name: 1 to 64 of A-Z a-z 0-9 . _ -, beginning with a "
                            "letter or digit");
    }
    claim_name(named.value_or(""));
}

void HttpConnection::claim_name(std::string name) {
    claimed_ = parts_.capture.cameras.make_link(net_, peer_, shown_target());
    capture::CameraClaim claim;
    claim.link = claimed_;
    claim.name = std::move(name);
    claim.default_name = default_name_;
    claim.address = address_;
    claim.done = [&net = net_, weak = weak_from_this(),
                  link = claimed_](const Result<void>& granted) {
        net.loop().post([weak, link, granted] {
            const auto self = weak.lock();
            if (!self || self->claimed_ != link) return;  // gave up: cameras were told
            if (granted) return self->become_camera(link);
            self->claimed_.reset();
            self->answer_error(granted.error().code, granted.error().message);
        });
    };
    parts_.capture.control.post([&cameras = parts_.capture.cameras,
                                 shared = std::make_shared<capture::CameraClaim>(
                                     std::move(claim))] { cameras.claim(std::move(*shared)); });
}

void HttpConnection::become_camera(const capture::LinkPtr& link) {
    if (parts_.capture.shutting_down) return close_now();
    claimed_.reset();
    stream_->send(upgrade_answer_);
    auto camera = std::make_shared<capture::CameraConnection>(
        parts_.capture, net_, std::move(ticket_), link, std::move(stream_));
    link->connection = camera;
    hand_over(camera);
    camera->start(as_bytes(pending_));
}

void HttpConnection::hand_over(std::shared_ptr<httpd::Connection> successor) {
    net_.loop().cancel(deadline_);
    state_ = State::done;
    net_.add(std::move(successor));
    net_.remove(*this);
}

void HttpConnection::become_control() {
    stream_->send(upgrade_answer_);
    auto control = std::make_shared<api::ControlConnection>(
        parts_.api_parts, parts_.operations, net_, std::move(ticket_), peer_, std::move(stream_));
    hand_over(control);
    control->start(as_bytes(pending_));
}

bool HttpConnection::begin_event_stream() {
    const std::string* accept = head_.find("Accept");
    if (target_.path != "/api/v1/events" || head_.method != "GET" || accept == nullptr ||
        accept->find("text/event-stream") == std::string::npos) {
        return false;
    }
    api::EventStream::Wanted wanted;
    const std::string* resume = head_.find("Last-Event-ID");
    if (resume == nullptr) resume = target_.find("since");
    if (resume != nullptr) {
        const auto since = parse_number(*resume, ~std::uint64_t{0});
        if (!since) {
            answer_error(400, "Last-Event-ID: " + since.error().message);
            return true;
        }
        wanted.since = *since;
    }
    for (const auto& [name, value] : target_.query) {
        if (name != "type") continue;
        if (!control::is_event_type(value)) {
            answer_error(400, "type: no event is called \"" + value.substr(0, 64) + "\"");
            return true;
        }
        wanted.types.push_back(value);
    }
    auto stream = std::make_shared<api::EventStream>(parts_.api_parts, net_, std::move(ticket_),
                                                     std::move(stream_));
    hand_over(stream);
    stream->start(wanted);
    return true;
}

}  // namespace st::server
