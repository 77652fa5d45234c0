#include "streamctl/client/rpc_connection.h"

#include "base/field.h"
#include "base/random.h"
#include "base/units.h"
#include "camera/message.h"
#include "control/json.h"
#include "control/refusals.h"
#include "http/body.h"
#include "streamctl/client/local_server.h"
#include "streamctl/client/printable.h"
#include "ws/encode.h"
#include "ws/handshake.h"

namespace st::streamctl {
namespace {

/// `given`: it was brought one, which opens nothing there.
std::string token_advice(bool given) {
    return given ? "the server does not take this token; give another in STREAMCTL_TOKEN or with "
                   "--token-file"
                 : "the server asks for a token; give one in STREAMCTL_TOKEN or with --token-file";
}

/// Where this account needs no token, if that server is one of this machine.
std::string socket_advice(const ServerUrl& server) {
    if (!is_of_this_machine(server) || !server.socket.empty()) return {};
    const ServerUrl local = local_server();
    return local.socket.empty() ? "" : ", or leave -s out: " + local.text + " needs none";
}

/// What a TLS server says to a plain request: an alert record (RFC 8446, 5.1).
bool is_tls_alert(Bytes bytes) {
    constexpr std::uint8_t kAlert = 21;
    return bytes.size() >= 3 && bytes[0] == kAlert && bytes[1] == 3;
}

Bytes bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

RpcConnection::RpcConnection(const ServerUrl& server, const std::string& token,
                             milliseconds patience, Interrupt& interrupt)
    : patience_(patience),
      has_token_(!token.empty()),
      connection_(server, patience, interrupt),
      decoder_(ws::Role::client, ws::Limits{0, control::kReplyBytesMax}),
      piece_(64 * 1024) {
    upgrade(server, token);
}

RpcConnection::~RpcConnection() {
    try {
        // One frame fits into the socket's buffer, or the server is not there to read it.
        connection_.send(ws::encode_close(ws::kCloseNormal, {}, mask()).bytes(), Clock::now());
    } catch (const std::exception&) {
    }
}

ws::MaskKey RpcConnection::mask() {
    ws::MaskKey key{};
    fill_random(key);
    return key;
}

Bytes RpcConnection::receive_or_fail(Clock::time_point deadline) {
    switch (connection_.wait(deadline)) {
        case Connection::Woke::time:
            throw no_answer();
        case Connection::Woke::interrupted:
            throw Failed(cli::kInterrupted, "interrupted");
        case Connection::Woke::news:
            break;
    }
    const auto got = connection_.receive(piece_);
    return got ? *got : receive_or_fail(deadline);
}

void RpcConnection::upgrade(const ServerUrl& server, const std::string& token) {
    const auto deadline = Clock::now() + patience_;
    ws::Nonce nonce{};
    fill_random(nonce);
    std::vector<Field> fields{{"User-Agent", "streamctl/" ST_VERSION}};
    if (!token.empty()) fields.push_back({"Authorization", "Bearer " + token});
    std::string request;
    try {
        request = ws::encode_upgrade_request(server.host_field(), server.prefix + "/control", nonce,
                                             {}, fields);
    } catch (const std::invalid_argument& error) {
        throw Failed(cli::kUsage, std::string("token: ") + error.what());
    }
    connection_.send(bytes_of(request), deadline);
    http::ResponseReader answer;
    Bytes rest;
    while (!answer.is_complete()) {
        const Bytes bytes = receive_or_fail(deadline);
        if (bytes.empty() || is_tls_alert(bytes)) {
            if (server.is_tls || !server.socket.empty()) {
                throw connection_.unreachable("the server closed the connection without an answer");
            }
            throw connection_.unreachable(
                "no answer to a connection without TLS; if that port is for TLS, use wss://" +
                server.host_field() + server.prefix);
        }
        const auto used = answer.feed(bytes);
        if (!used) {
            throw connection_.unreachable("what answers there is no web server (" +
                                          used.error().message + ")");
        }
        rest = bytes.subspan(*used);
    }
    const http::ResponseHead head = answer.take();
    if (head.status != 101) refuse_upgrade(server, head, rest);
    // Every path that is nothing else is a camera's.
    if (find_field(head.fields, camera::kCameraNameField) != nullptr) {
        throw Failed(cli::kUsage, server.text + ": that is streamd itself, which has no path " +
                                      server.prefix + "; leave it out");
    }
    const auto checked = ws::check_upgrade_answer(head.status, head.fields, nonce);
    if (!checked) {
        throw Failed(cli::kRefused, server.text + ": what answers there is no streamd: " +
                                        checked.error().message);
    }
    feed(rest);
}

void RpcConnection::refuse_upgrade(const ServerUrl& server, const http::ResponseHead& head,
                                   Bytes rest) {
    constexpr std::size_t kBodyBytesMax = 64 * 1024;
    const auto deadline = Clock::now() + patience_;
    std::string body;
    auto reader = http::BodyReader::of_response(head, "GET", kBodyBytesMax);
    while (reader && !reader->is_complete()) {
        if (rest.empty()) rest = receive_or_fail(deadline);
        if (rest.empty()) break;
        const auto used = reader->collect(rest, body);
        if (!used) break;
        rest = rest.subspan(*used);
    }
    const control::ApiError error = control::decode_error(body, head.status);
    const bool is_auth = head.status == 401 || head.status == 403;
    if (head.status == 401) {
        throw Failed(cli::kNotAuthorised, server.text + ": " + token_advice(has_token_) +
                                              socket_advice(server) + " (" +
                                              printable(error.message) + ")");
    }
    if (head.status == 404) {
        throw Failed(cli::kRefused, server.text +
                                        ": there is no streamd at this address; behind a proxy "
                                        "it must pass on WebSocket upgrades of " +
                                        server.prefix + "/control (" + printable(error.message) +
                                        ")");
    }
    throw Failed(is_auth ? cli::kNotAuthorised : cli::kRefused,
                 server.text + ": " + printable(error.message));
}

void RpcConnection::send(const Buffer& frame) {
    connection_.send(frame.bytes(), Clock::now() + patience_);
}

std::uint64_t RpcConnection::ask(std::string_view method, std::string_view params) {
    const std::uint64_t id = next_id_++;
    send(ws::encode_text(control::encode_rpc_request(id, method, params), mask()));
    ++due_;
    return id;
}

bool RpcConnection::is_stale() {
    constexpr auto kUnseenMax = std::chrono::seconds(10);
    if (due_ > 0 || !answers_.empty()) return false;
    if (Clock::now() - heard_ > kUnseenMax) return true;
    try {
        read();
    } catch (const Failed&) {
        return true;
    }
    return false;
}

void RpcConnection::doubt() {
    if (std::exchange(is_doubted_, true)) {
        throw connection_.unreachable("no sign of life for " + format_duration(2 * kSilence));
    }
    ping();
}

void RpcConnection::ping() { send(ws::encode_ping("", mask())); }

Connection::Woke RpcConnection::wait(Clock::time_point deadline) {
    const Connection::Woke woke = connection_.wait(deadline);
    if (woke == Connection::Woke::news) read();
    return woke;
}

void RpcConnection::read() {
    do {
        const auto bytes = connection_.receive(piece_);
        if (!bytes) return;
        if (bytes->empty()) throw connection_.unreachable("the connection was lost");
        heard_ = Clock::now();
        is_doubted_ = false;
        feed(*bytes);
    } while (connection_.is_buffered());
}

void RpcConnection::feed(Bytes bytes) {
    decoder_.feed(bytes);
    for (;;) {
        auto event = decoder_.next();
        if (!event) {
            throw Failed(cli::kRefused,
                         "the server broke the WebSocket protocol: " + event.error().message);
        }
        if (!*event) return;
        handle(std::move(**event));
    }
}

void RpcConnection::handle(ws::Event event) {
    if (const auto* text = std::get_if<ws::Text>(&event)) return handle_text(text->text);
    if (const auto* ping = std::get_if<ws::Ping>(&event)) {
        return send(ws::encode_pong(ping->payload, mask()));
    }
    if (const auto* close = std::get_if<ws::Close>(&event)) {
        const bool is_shut_out =
            close->code == ws::kClosePolicy && control::is_shut_out(close->reason);
        std::string why =
            "the server closed the connection: " +
            (close->reason.empty() ? std::to_string(close->code) : printable(close->reason));
        if (is_shut_out && close->reason == control::kUnauthorized) why = token_advice(has_token_);
        const Failed failed = connection_.unreachable(why);
        throw is_shut_out ? Failed(cli::kNotAuthorised, failed.what()) : failed;
    }
}

void RpcConnection::handle_text(const std::string& text) {
    auto incoming = control::decode_rpc_incoming(text);
    if (!incoming) {
        throw Failed(cli::kRefused,
                     "the server's answer cannot be understood: " + incoming.error().message);
    }
    if (!*incoming) return;
    if (auto* answer = std::get_if<RpcAnswer>(&**incoming)) {
        if (!answer->id) {
            throw Failed(cli::kRefused, "the server could not read our request: " +
                                            (answer->error ? answer->error->message : ""));
        }
        if (due_ > 0) --due_;
        answers_[*answer->id] = std::move(*answer);
    } else if (auto* event = std::get_if<RpcEvent>(&**incoming)) {
        if (events_.size() < kEventsMax) {
            events_.push_back(std::move(*event));
        } else {
            ++lost_;
        }
    } else {
        lost_ += std::get<control::RpcEventsLost>(**incoming).count;
    }
}

std::optional<RpcAnswer> RpcConnection::take_answer(std::uint64_t id) {
    auto found = answers_.extract(id);
    if (!found) return std::nullopt;
    return std::move(found.mapped());
}

std::optional<RpcEvent> RpcConnection::take_event() {
    if (events_.empty()) return std::nullopt;
    RpcEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
}

}  // namespace st::streamctl
