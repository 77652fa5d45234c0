/// The live streams' part of HttpConnection: who plays, who publishes, and who takes over the
/// socket.
#include "httpd/answers.h"
#include "live/http_flv_publisher.h"
#include "live/http_flv_viewer.h"
#include "live/live_http.h"
#include "live/ws_flv_publisher.h"
#include "live/ws_flv_viewer.h"
#include "server/http_connection.h"

namespace st::server {

bool HttpConnection::refuse_live(const live::LiveRequest& request,
                                 const std::string& upgrade_answer) {
    const bool publishes = request.kind == live::LiveRequest::Kind::publish;
    const auth::Role role = publishes ? auth::Role::publish : auth::Role::play;
    const auto asked = facts(request.path);
    auto may = auth::check_access(*parts_.api_parts.policy.get(), role, asked);
    if (!may && !upgrade_answer.empty() && wait_for_token(role, asked, upgrade_answer)) return true;
    if (may && publishes) may = live::check_publish_path(request.path);
    if (may && parts_.capture.shutting_down) may = Error{"the server is shutting down", 503};
    if (may) return false;
    keep_alive_ = false;
    if (is_upgraded_) {
        answer_error(may.error().code, may.error().message);
        return true;
    }
    refuse_live(may.error().code, may.error().message);
    return true;
}

/// Of any web page, so that it can say why.
void HttpConnection::refuse_live(int status, const std::string& message, std::vector<Field> more) {
    http::Response response = httpd::error_response(status, message);
    response.fields.push_back({"Access-Control-Allow-Origin", "*"});
    for (Field& field : more) response.fields.push_back(std::move(field));
    answer(response);
}

bool HttpConnection::begin_live() {
    const auto request = live::http_live_request(target_, head_.method);
    if (!request) {
        keep_alive_ = false;
        refuse_live(request.error().code, request.error().message);
        return true;
    }
    if (!*request) return false;
    if (head_.method == "OPTIONS") {
        stream_->send(live::flv_preflight(head_));
        keep_alive_ = false;
        next_request();
        return true;
    }
    const bool publishes = (*request)->kind == live::LiveRequest::Kind::publish;
    if (!publishes && head_.method != "GET" && head_.method != "HEAD") {
        keep_alive_ = false;
        refuse_live(405, "a stream takes GET, HEAD, POST and OPTIONS",
                    {{"Allow", "GET, HEAD, POST, OPTIONS"}});
        return true;
    }
    if (refuse_live(**request, "")) return true;
    state_ = State::answering;
    net_.loop().cancel(deadline_);
    if (publishes) publishing_ = **request;
    // What came behind the head is gathered first.
    net_.loop().defer([self = shared_from_this(), asked = **request] {
        if (self->state_ != State::answering) return;
        if (!self->publishing_) return self->become_viewer(asked);
        self->become_publisher(asked);
    });
    return true;
}

void HttpConnection::begin_live_websocket(const ws::Upgrade& upgrade,
                                          const live::LiveRequest& request) {
    std::string protocol = live::publishing_protocol(upgrade.protocols);
    if (protocol.empty() && !upgrade.protocols.empty()) protocol = upgrade.protocols.front();
    const std::string upgrade_answer = ws::encode_upgrade_answer(upgrade, protocol);
    if (refuse_live(request, upgrade_answer)) return;
    if (!is_upgraded_) upgrade_answer_ = upgrade_answer;
    state_ = State::answering;
    net_.loop().cancel(deadline_);
    net_.loop().defer([self = shared_from_this(), asked = request] {
        if (self->state_ != State::answering) return;
        if (asked.kind == live::LiveRequest::Kind::publish) return self->become_ws_publisher(asked);
        self->become_ws_viewer(asked);
    });
}

void HttpConnection::become_viewer(const live::LiveRequest& request) {
    auto viewer = std::make_shared<live::HttpFlvViewer>(parts_.live, net_, std::move(ticket_),
                                                        std::move(stream_));
    hand_over(viewer);
    viewer->start(request.path, {"http-flv", peer_, shown_query()},
                  {head_.method == "HEAD", head_.version_minor >= 1, input_over_});
}

std::shared_ptr<live::HttpFlvPublisher> HttpConnection::become_publisher(
    const live::LiveRequest& request) {
    publishing_.reset();
    auto body = http::BodyReader::of_publisher(head_);
    if (!body) {
        refuse_live(body.error().code, body.error().message);
        return nullptr;
    }
    auto publisher = std::make_shared<live::HttpFlvPublisher>(parts_.live, net_, std::move(ticket_),
                                                              std::move(stream_), std::move(*body));
    hand_over(publisher);
    publisher->start(request.path, {"http-flv", peer_, shown_query()}, head_.expects_continue,
                     std::move(pending_), input_over_);
    return publisher;
}

bool HttpConnection::end_as_publisher(std::string_view error) {
    if (!publishing_ || state_ != State::answering) return false;
    const live::LiveRequest request = *publishing_;
    const auto publisher = become_publisher(request);
    if (publisher) publisher->on_end(error);
    return publisher != nullptr;
}

void HttpConnection::become_ws_viewer(const live::LiveRequest& request) {
    auto viewer = std::make_shared<live::WsFlvViewer>(
        parts_.live, net_, std::move(ticket_), std::move(stream_), std::move(upgrade_answer_));
    hand_over(viewer);
    viewer->start(request, {"ws-flv", peer_, shown_query()}, std::move(pending_));
}

void HttpConnection::become_ws_publisher(const live::LiveRequest& request) {
    auto publisher = std::make_shared<live::WsFlvPublisher>(
        parts_.live, net_, std::move(ticket_), std::move(stream_), std::move(upgrade_answer_));
    hand_over(publisher);
    publisher->start(request.path, {"ws-flv", peer_, shown_query()}, std::move(pending_));
}

}  // namespace st::server
