#include "httpd/http_connection.h"

#include <utility>

#include "base/clock.h"
#include "httpd/answers.h"
#include "httpd/refusal.h"
#include "httpd/token_message.h"
#include "ws/encode.h"
#include "ws/frame.h"

namespace st::httpd {

HttpConnection::HttpConnection(const Uses& uses, NetLoop& net, Admission::Ticket ticket, Peer peer,
                               std::string default_stream)
    : uses_(uses),
      net_(net),
      ticket_(std::move(ticket)),
      peer_(std::move(peer)),
      default_stream_(std::move(default_stream)),
      log_(uses.log.with("http").with("peer", peer_.text)) {}

HttpConnection::~HttpConnection() {
    gone_.request_stop();
    net_.loop().cancel(deadline_);
}

void HttpConnection::start(std::unique_ptr<loop::Transport> transport) {
    transport_ = std::move(transport);
    set_deadline(kHeadDeadline, "no request within 5 s");
}

// ---- requests in -----------------------------------------------------------------------------

void HttpConnection::on_data(std::span<std::uint8_t> bytes) {
    switch (state_) {
        case State::head:
        case State::body:
            if (pending_.empty()) return consume(bytes);
            break;
        case State::token:
            return read_token(bytes);
        case State::answering:
        case State::sending_file:
        case State::draining:
        case State::taking_over:
            break;
        case State::done:
            return;
    }
    keep_for_later(bytes);
}

/// Beyond a bound, the rest waits in the kernel.
void HttpConnection::keep_for_later(Bytes bytes) {
    pending_.append(as_text(bytes));
    account();
    if (pending_.size() > kPipelinedBytesMax) transport_->pause_reading();
}

void HttpConnection::consume(Bytes bytes) {
    while (!bytes.empty() && (state_ == State::head || state_ == State::body)) {
        const bool was_idle = reader_.is_idle();
        const auto used = state_ == State::head ? reader_.feed(bytes)
                                                : body_reader_->collect(bytes, request_.body);
        if (!used) return refuse(used.error().code, used.error().message);
        bytes = bytes.subspan(*used);
        if (state_ == State::body) {
            if (body_reader_->is_complete()) dispatch();
        } else if (reader_.is_complete()) {
            begin_request();
        } else if (was_idle && !reader_.is_idle()) {
            set_deadline(kHeadDeadline, "request head not complete within 5 s");
        }
    }
    if (bytes.empty() || state_ == State::done) return;
    if (state_ == State::token) return read_token(bytes);
    keep_for_later(bytes);
}

/// One request of those that came before they could be answered.
void HttpConnection::consume_pending() {
    const std::string pending = std::exchange(pending_, {});
    consume(as_bytes(pending));
    account();
    // Not before, and not while much is left: each answer would let in more than it took away.
    if (transport_ && pending_.size() <= kPipelinedBytesMax) transport_->resume_reading();
}

void HttpConnection::begin_request() {
    request_ = {};
    plan_ = {};
    request_.head = reader_.take();
    request_.peer = peer_;
    request_.default_stream = default_stream_;
    request_.is_secure = transport_->is_secure();
    keep_alive_ = request_.head.keep_alive;
    uses_.counters.http_requests_total.fetch_add(1, std::memory_order_relaxed);
    auto target = http::parse_target(request_.head.target);
    if (!target) return refuse(target.error().code, target.error().message);
    request_.target = std::move(*target);
    if (!read_upgrade()) return;
    request_.facts = facts();
    if (!(request_.facts.peer == peer_.address)) {
        request_.peer = peer_behind(peer_, request_.facts.peer);
    }
    if (const auto counted = count_client(); !counted) {
        return refuse(counted.error().code, counted.error().message);
    }
    plan_ = uses_.router.plan(request_);
    if (request_.upgrade) {
        // Browsers and Python's clients close a connection that answers none of what they offered.
        const auto& offered = request_.upgrade->protocols;
        if (plan_.protocol.empty() && !offered.empty()) plan_.protocol = offered.front();
        upgrade_answer_ = ws::encode_upgrade_answer(*request_.upgrade, plan_.protocol);
    }
    carry_out();
}

/// A trusted proxy may carry requests of several clients over one connection, one after the other.
Result<void> HttpConnection::count_client() {
    const bool is_proxied = !(request_.facts.peer == peer_.address);
    return is_proxied ? ticket_.count_as(auth::to_text(request_.facts.peer))
                      : ticket_.count_as_entered();
}

/// False if the request is a bad upgrade, which was refused.
bool HttpConnection::read_upgrade() {
    const http::RequestHead& head = request_.head;
    if (!ws::asks_for_websocket(head.fields)) return true;
    keep_alive_ = false;
    auto upgrade = ws::check_upgrade(head.method, head.version_minor, head.fields);
    if (!upgrade) {
        const Error& why = upgrade.error();
        std::vector<Field> fields;
        if (why.code == 426) fields.push_back({"Sec-WebSocket-Version", "13"});
        refuse(why.code, why.message, std::move(fields));
        return false;
    }
    request_.upgrade = std::move(*upgrade);
    return true;
}

void HttpConnection::carry_out() {
    request_.facts.path = plan_.signed_path;
    if (plan_.role) {
        const auto policy = uses_.policy.get();
        const auto may = auth::check_access(*policy, *plan_.role, request_.facts);
        if (!may) {
            const bool may_wait = request_.upgrade && !token_decoder_ &&
                                  auth::waits_for_token(*policy, *plan_.role, request_.facts);
            return may_wait ? wait_for_token() : refuse_access(may.error());
        }
    }
    if (plan_.refusal) {
        const Refusal no = std::move(*plan_.refusal);
        return refuse(no.status, no.message, no.fields);
    }
    if (!plan_.take_over) return read_body();
    if (uses_.shutting_down) return refuse(503, "the server is shutting down");
    take_over_later();
}

void HttpConnection::read_body() {
    auto body = http::BodyReader::of_request(request_.head, kBodyBytesMax);
    if (!body) return refuse(body.error().code, body.error().message);
    body_reader_ = std::move(*body);
    if (body_reader_->is_complete()) return dispatch();
    if (request_.head.expects_continue) transport_->send("HTTP/1.1 100 Continue\r\n\r\n");
    state_ = State::body;
    set_deadline(kBodyDeadline, "request body not complete within 10 s");
}

void HttpConnection::dispatch() {
    state_ = State::answering;
    net_.loop().cancel(std::exchange(deadline_, 0));
    Request asked = std::exchange(request_, {});
    if (!gone_.stop_possible()) gone_ = std::stop_source();
    asked.asker = gone_.get_token();
    request_.head.method = asked.head.method;  // the answer depends on it
    request_.target.path = asked.target.path;
    plan_.answer(std::move(asked), [&net = net_, weak = weak_from_this()](Answer made) {
        net.loop().post([weak, shared = std::make_shared<Answer>(std::move(made))] {
            const auto self = weak.lock();
            if (!self || self->state_ != State::answering) return;
            if (!shared->files) return self->answer(shared->response);
            self->send_file(std::move(*shared));
        });
    });
}

// ---- taking over -----------------------------------------------------------------------------

/// At the end of this turn, so that what came behind the request goes along.
void HttpConnection::take_over_later() {
    state_ = State::taking_over;
    net_.loop().cancel(std::exchange(deadline_, 0));
    net_.loop().defer([self = shared_from_this()] {
        if (self->state_ != State::taking_over) return;
        // Whoever takes it now would not be told of the end any more.
        self->uses_.shutting_down ? self->close_now() : self->take_over();
    });
}

void HttpConnection::take_over() {
    state_ = State::done;
    net_.remove(*this);
    plan_.take_over(std::move(request_),
                    Handover{net_, std::move(ticket_), std::move(transport_), std::move(pending_),
                             std::move(upgrade_answer_), input_over_});
}

// ---- who asks --------------------------------------------------------------------------------

auth::Facts HttpConnection::facts() const {
    auth::Facts facts = auth::gather_facts(*uses_.policy.get(), peer_.address, request_.head.host,
                                           request_.head.fields, request_.target.find("token"));
    if (const std::string* sign = request_.target.find("sign")) facts.sign = *sign;
    facts.now_s = wall_us() / 1'000'000;
    facts.session = uses_.sessions.roles_of(uses_.sessions.cookie_of(request_.head.fields),
                                            *uses_.policy.get(), facts.now_s);
    facts.on_control_socket = peer_.is_on_control_socket;
    return facts;
}

/// Whoever guesses tokens waits for the answer, the longer the more he has guessed.
void HttpConnection::refuse_access(const Error& why) {
    const bool is_guess = auth::has_wrong_token(*uses_.policy.get(), *plan_.role, request_.facts);
    const auto delay =
        is_guess ? uses_.wrong_tokens.add(request_.facts.peer) : std::chrono::milliseconds(0);
    if (delay.count() == 0) return refuse(why.code, why.message);
    state_ = State::answering;
    net_.loop().cancel(deadline_);
    deadline_ = net_.loop().after(delay, [this, why] {
        deadline_ = 0;
        refuse(why.code, why.message);
    });
}

/// For clients that can set neither a header nor a query.
void HttpConnection::wait_for_token() {
    transport_->send(std::exchange(upgrade_answer_, {}));
    state_ = State::token;
    token_decoder_ = std::make_unique<ws::Decoder>(
        ws::Role::server, ws::Limits{kTokenMessageBytesMax, kTokenMessageBytesMax});
    set_deadline(kTokenDeadline, "");
}

/// Byte by byte: what stands behind the first message belongs to whoever takes over.
void HttpConnection::read_token(Bytes bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        token_decoder_->feed(bytes.subspan(i, 1));
        const auto event = token_decoder_->next();
        if (!event) {
            return close_websocket(static_cast<std::uint16_t>(event.error().code),
                                   event.error().message);
        }
        if (!*event) continue;
        if (const auto* ping = std::get_if<ws::Ping>(&**event)) {
            if (transport_->queued_bytes() == 0) {
                transport_->send(share(ws::encode_pong(ping->payload)));
            }
            continue;
        }
        if (std::get_if<ws::Pong>(&**event) != nullptr) continue;
        if (std::get_if<ws::Close>(&**event) != nullptr) {
            return close_websocket(ws::kCloseNormal, "");
        }
        const auto* text = std::get_if<ws::Text>(&**event);
        const auto token = text == nullptr ? std::nullopt : read_token_message(text->text);
        if (!token) return close_websocket(ws::kClosePolicy, "Unauthorized");
        request_.facts.token = *token;  // as if it had come with the request
        keep_for_later(bytes.subspan(i + 1));
        return carry_out();
    }
}

// ---- answers out -----------------------------------------------------------------------------

void HttpConnection::refuse(int status, const std::string& message, std::vector<Field> fields) {
    if (state_ == State::done) return;
    if (token_decoder_) {  // the upgrade was answered
        if (status == 401) return close_websocket(ws::kClosePolicy, "Unauthorized");
        transport_->send(share(encode_close_for(status, message)));
        return finish();
    }
    keep_alive_ = false;
    http::Response response = error_response(status, message);
    for (Field& field : fields) response.fields.push_back(std::move(field));
    for (const Field& field : plan_.refusal_fields) response.fields.push_back(field);
    answer(response);
}

void HttpConnection::answer(const http::Response& response) {
    if (state_ == State::done) return;
    if (log_.enabled(LogLevel::debug)) {
        log_.debug(request_.head.method + " " + request_.target.path +
                   " status=" + std::to_string(response.status));
    }
    transport_->send(http::encode_response(response, keep_alive_,
                                           http::http_date(wall_us() / 1'000'000),
                                           request_.head.method == "HEAD"));
    end_answer();
}

/// What a peer does not take of an answer is all that waits for it: it is asked for its next
/// request, and sent the next piece of a file, when it has taken everything.
void HttpConnection::end_answer() {
    if (transport_->queued_bytes() == 0) return next_request();
    state_ = State::draining;
    watch_output();
}

/// It has time to take what waits. While nothing does, the time is the disk's.
void HttpConnection::watch_output() {
    account();
    net_.loop().cancel(std::exchange(deadline_, 0));
    if (transport_->queued_bytes() == 0) return;
    deadline_ = net_.loop().after(kDownloadDeadline, [this, then = transport_->bytes_out()] {
        deadline_ = 0;
        if (transport_->bytes_out() - then < FileSender::kPieceBytes) return close_now();
        watch_output();
    });
}

void HttpConnection::account() {
    const std::size_t queued = transport_ ? transport_->queued_bytes() : 0;
    held_ = MemoryBudget::Charge(uses_.counters.memory, pending_.size() + queued);
}

void HttpConnection::send_file(Answer answer) {
    state_ = State::sending_file;
    std::vector<Field> fields = std::move(answer.response.fields);
    fields.push_back({"Content-Type", answer.response.content_type});
    fields.push_back({"Content-Length", std::to_string(bytes_of(*answer.files))});
    fields.push_back({"Connection", keep_alive_ ? "keep-alive" : "close"});
    fields.push_back({"Date", http::http_date(wall_us() / 1'000'000)});
    transport_->send(http::encode_head(answer.response.status, fields));
    if (request_.head.method == "HEAD") return end_answer();
    file_ = std::make_unique<FileSender>(
        *transport_, uses_.disk, std::move(*answer.files), [this] { watch_output(); },
        [this](bool whole) {
            net_.loop().defer([self = shared_from_this(), whole] {
                self->file_.reset();
                if (self->state_ != State::sending_file) return;  // the peer went in between
                if (!whole) return self->close_now();  // the length promised cannot be kept
                self->end_answer();
            });
        });
    file_->start();
}

void HttpConnection::on_drained() {
    if (state_ == State::draining) {
        account();
        return next_request();
    }
    if (!file_) return;
    watch_output();
    file_->on_drained();
}

void HttpConnection::next_request() {
    if (!keep_alive_ || (input_over_ && pending_.empty())) return finish();
    state_ = State::head;
    set_deadline(kKeepAliveDeadline, "request head not complete");
    if (pending_.empty()) return;
    net_.loop().defer([self = shared_from_this()] {
        if (self->state_ == State::head) self->consume_pending();
    });
}

void HttpConnection::close_websocket(std::uint16_t code, const std::string& reason) {
    transport_->send(share(ws::encode_close(code, reason)));
    finish();
}

// ---- the end ---------------------------------------------------------------------------------

/// What was sent goes out; then on_end().
void HttpConnection::finish() {
    state_ = State::done;
    net_.loop().cancel(std::exchange(deadline_, 0));
    transport_->finish(kClosePatience);
}

void HttpConnection::set_deadline(std::chrono::milliseconds after, std::string what) {
    net_.loop().cancel(deadline_);
    deadline_ = net_.loop().after(after, [this, text = std::move(what)] {
        deadline_ = 0;
        on_deadline(text);
    });
}

void HttpConnection::on_deadline(const std::string& what) {
    if (state_ == State::head && reader_.is_idle()) return close_now();
    if (state_ == State::token) return close_websocket(ws::kClosePolicy, "Unauthorized");
    request_ = {};
    plan_ = {};
    refuse(408, what);
}

void HttpConnection::shut_down() {
    if (is_answering()) {
        keep_alive_ = false;
    } else if (state_ == State::token) {
        close_websocket(ws::kCloseGoingAway, "server shutting down");
    } else if (state_ != State::done) {
        close_now();
    }
}

bool HttpConnection::is_answering() const {
    return state_ == State::answering || state_ == State::sending_file || state_ == State::draining;
}

bool HttpConnection::on_half_end() {
    // Requests that came behind the one just answered are in pending_ until this turn ends.
    const bool owes_answer = is_answering() || state_ == State::taking_over || !pending_.empty();
    input_over_ = owes_answer && !request_.upgrade;
    if (input_over_ && pending_.empty()) keep_alive_ = false;
    return input_over_;
}

void HttpConnection::on_end(std::string_view error) {
    if (!error.empty() && log_.enabled(LogLevel::debug)) log_.debug(std::string(error));
    // A publisher's whole stream may have come with its request: it is still worth taking.
    if (state_ == State::taking_over && !request_.upgrade) {
        input_over_ = true;
        loop::Transport& transport = *transport_;
        take_over();
        return transport.handler().on_end(error);
    }
    close_now();
}

void HttpConnection::close_now() {
    if (!transport_) return;
    state_ = State::done;
    net_.loop().cancel(std::exchange(deadline_, 0));
    transport_->close();
    net_.loop().retire(std::shared_ptr<loop::Transport>(std::move(transport_)));
    net_.remove(*this);
}

}  // namespace st::httpd
