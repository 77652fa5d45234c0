/// The live streams' part of HttpConnection: who plays, who publishes, and who takes over the
/// socket.
#include "server/api.h"
#include "server/http_connection.h"
#include "server/http_flv_publisher.h"
#include "server/http_flv_viewer.h"
#include "server/live_http.h"
#include "server/ws_flv_publisher.h"
#include "server/ws_flv_viewer.h"

namespace st::server {

bool HttpConnection::refuse_live(const LiveRequest& request, const std::string& upgrade_answer) {
    const bool publishes = request.kind == LiveRequest::Kind::publish;
    const auth::Role role = publishes ? auth::Role::publish : auth::Role::play;
    const auto asked = facts(request.path);
    auto may = auth::check_access(services_.options->policy, role, asked);
    if (!may && !upgrade_answer.empty() && wait_for_token(role, asked, upgrade_answer)) return true;
    if (may && publishes) may = check_publish_path(request.path);
    if (may && services_.shutting_down) may = Error{"the server is shutting down", 503};
    if (may) return false;
    keep_alive_ = false;
    if (is_upgraded_) {
        answer_error(may.error().code, may.error().message);
        return true;
    }
    http::Response response = error_response(may.error().code, may.error().message);
    response.fields.push_back({"Access-Control-Allow-Origin", "*"});
    if (may.error().code == 401) response.fields.push_back({"WWW-Authenticate", "Bearer"});
    answer(response);
    return true;
}

bool HttpConnection::begin_live() {
    const auto request = http_live_request(target_, head_.method);
    if (!request) {
        answer_error(request.error().code, request.error().message);
        return true;
    }
    if (!*request) return false;
    if (head_.method == "OPTIONS") {
        stream_->send(flv_preflight(head_));
        keep_alive_ = false;
        next_request();
        return true;
    }
    const bool publishes = (*request)->kind == LiveRequest::Kind::publish;
    if (!publishes && head_.method != "GET" && head_.method != "HEAD") {
        http::Response response = error_response(405, "a stream takes GET, HEAD, POST and OPTIONS");
        response.fields.push_back({"Allow", "GET, HEAD, POST, OPTIONS"});
        keep_alive_ = false;
        answer(response);
        return true;
    }
    if (refuse_live(**request, "")) return true;
    state_ = State::answering;
    net_.loop().cancel(deadline_);
    // What came behind the head is gathered first.
    net_.loop().defer([self = shared_from_this(), publishes, asked = **request] {
        if (self->state_ != State::answering) return;
        if (publishes) return self->become_publisher(asked);
        self->become_viewer(asked);
    });
    return true;
}

void HttpConnection::begin_live_websocket(const ws::Upgrade& upgrade, const LiveRequest& request) {
    const std::string protocol =
        upgrade.protocols.empty() ? std::string() : upgrade.protocols.front();
    const std::string upgrade_answer = ws::encode_upgrade_answer(upgrade, protocol);
    if (refuse_live(request, upgrade_answer)) return;
    if (!is_upgraded_) upgrade_answer_ = upgrade_answer;
    state_ = State::answering;
    net_.loop().cancel(deadline_);
    net_.loop().defer([self = shared_from_this(), asked = request] {
        if (self->state_ != State::answering) return;
        if (asked.kind == LiveRequest::Kind::publish) return self->become_ws_publisher(asked);
        self->become_ws_viewer(asked);
    });
}

void HttpConnection::become_viewer(const LiveRequest& request) {
    auto viewer =
        std::make_shared<HttpFlvViewer>(services_, net_, std::move(ticket_), std::move(stream_));
    hand_over(viewer);
    viewer->start(request.path, {"http-flv", peer_, shown_query()}, head_.version_minor >= 1,
                  head_.method == "HEAD");
}

void HttpConnection::become_publisher(const LiveRequest& request) {
    // A body without a length that is not chunked ends with the connection (old encoders).
    auto body = http::BodyReader::of_request(head_, UINT64_MAX);
    if (!body) return answer_error(body.error().code, body.error().message);
    auto publisher = std::make_shared<HttpFlvPublisher>(services_, net_, std::move(ticket_),
                                                        std::move(stream_), std::move(*body));
    hand_over(publisher);
    publisher->start(request.path, {"http-flv", peer_, shown_query()}, head_.expects_continue,
                     std::move(pending_));
}

void HttpConnection::become_ws_viewer(const LiveRequest& request) {
    auto viewer = std::make_shared<WsFlvViewer>(services_, net_, std::move(ticket_),
                                                std::move(stream_), std::move(upgrade_answer_));
    hand_over(viewer);
    viewer->start(request, {"ws-flv", peer_, shown_query()}, std::move(pending_));
}

void HttpConnection::become_ws_publisher(const LiveRequest& request) {
    auto publisher = std::make_shared<WsFlvPublisher>(
        services_, net_, std::move(ticket_), std::move(stream_), std::move(upgrade_answer_));
    hand_over(publisher);
    publisher->start(request.path, {"ws-flv", peer_, shown_query()}, std::move(pending_));
}

}  // namespace st::server
