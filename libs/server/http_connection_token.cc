/// Who asks: the facts a decision is made on, and the token that comes as a WebSocket's first
/// message, for clients that can set neither a header nor a query.
#include "base/clock.h"
#include "control/json.h"
#include "httpd/refusal.h"
#include "server/http_connection.h"
#include "ws/encode.h"
#include "ws/frame.h"

namespace st::server {
namespace {

constexpr std::size_t kTokenMessageMax = 4 * 1024;

/// {"token":"..."}
std::optional<std::string> token_of(const std::string& text) {
    const auto object = control::parse_object(text, kTokenMessageMax);
    if (!object) return std::nullopt;
    std::optional<std::string> token;
    control::ObjectReader reader(**object);
    reader.read("token", token);
    return token;
}

}  // namespace

auth::Facts HttpConnection::facts(std::string stream_path) const {
    auth::Facts facts =
        auth::gather_facts(address_, head_.host, head_.fields, target_.find("token"));
    if (given_token_) facts.token = given_token_;
    facts.path = std::move(stream_path);
    if (const std::string* sign = target_.find("sign")) facts.sign = *sign;
    facts.now_s = wall_us() / 1'000'000;
    return facts;
}

/// Without what opens doors: it is shown to others, and stored.
std::string HttpConnection::shown_query() const {
    const std::size_t mark = head_.target.find('?');
    if (mark == std::string::npos) return {};
    return http::without_credentials(std::string_view(head_.target).substr(mark + 1));
}

std::string HttpConnection::shown_target() const {
    const std::string query = shown_query();
    return head_.target.substr(0, head_.target.find('?')) + (query.empty() ? "" : "?" + query);
}

bool HttpConnection::wait_for_token(auth::Role role, const auth::Facts& facts,
                                    const std::string& upgrade_answer) {
    if (is_upgraded_ || !auth::waits_for_token(*parts_.api_parts.policy.get(), role, facts)) {
        return false;
    }
    stream_->send(upgrade_answer);
    is_upgraded_ = true;
    state_ = State::token;
    token_decoder_ = std::make_unique<ws::Decoder>(ws::Role::server,
                                                   ws::Limits{kTokenMessageMax, kTokenMessageMax});
    set_deadline(httpd::kTokenDeadline, "");
    return true;
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
            stream_->send(share(ws::encode_pong(ping->payload)));
            continue;
        }
        if (std::get_if<ws::Pong>(&**event) != nullptr) continue;
        if (std::get_if<ws::Close>(&**event) != nullptr) {
            return close_websocket(ws::kCloseNormal, "");
        }
        const auto* text = std::get_if<ws::Text>(&**event);
        given_token_ = text == nullptr ? std::nullopt : token_of(text->text);
        if (!given_token_) return close_websocket(ws::kClosePolicy, "Unauthorized");
        pending_.append(as_text(bytes.subspan(i + 1)));
        token_decoder_.reset();
        return begin_websocket(target_);  // as if it had come with the request
    }
}

void HttpConnection::close_websocket(std::uint16_t code, const std::string& reason) {
    send_and_finish(ws::encode_close(code, reason));
}

void HttpConnection::send_and_finish(Buffer last_words) {
    state_ = State::done;
    net_.loop().cancel(deadline_);
    stream_->send(share(std::move(last_words)));
    stream_->finish(httpd::kClosePatience);
}

}  // namespace st::server
