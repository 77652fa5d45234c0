#include "live/routes.h"

#include "http/body.h"
#include "live/http_flv_publisher.h"
#include "live/http_flv_viewer.h"
#include "live/live.h"
#include "live/live_http.h"
#include "live/live_request.h"
#include "live/play_many.h"
#include "live/ws_flv_publisher.h"
#include "live/ws_flv_viewer.h"

namespace st::live {
namespace {

using httpd::Handover;
using httpd::Plan;
using httpd::Request;

/// Whose pages may read the answer; "": none but our own.
std::string origin_of(const Parts& parts, const Request& request) {
    return auth::allowed_origin(*parts.policy.get(), request.facts);
}

/// Pages that may play may also read why not.
Plan refused(const Error& why, const std::string& origin, std::vector<Field> fields = {}) {
    Plan plan = Plan::refuse(why.code, why.message, std::move(fields));
    plan.refusal_fields = cross_origin_fields(origin);
    return plan;
}

/// What is common to all that play or publish.
Plan begin(const Parts& parts, const LiveRequest& live, const std::string& origin) {
    const bool publishes = live.kind == LiveRequest::Kind::publish;
    Plan plan;
    plan.role = publishes ? auth::Role::publish : auth::Role::play;
    plan.signed_path = live.path;
    plan.refusal_fields = cross_origin_fields(origin);
    if (!publishes) return plan;
    if (const auto may = parts.live.check_publish(live.path); !may) {
        plan.refusal = {may.error().code, may.error().message, {}};
    }
    return plan;
}

void view(Parts& parts, const LiveRequest& live, const Request& request, Handover handover) {
    const std::string address = handover.ticket.address();
    auto viewer = std::make_shared<HttpFlvViewer>(parts, handover.net, std::move(handover.ticket),
                                                  std::move(handover.transport));
    handover.net.add(viewer);
    viewer->start(live.path, {"http-flv", request.peer.text, request.shown_query(), address},
                  {request.head.method == "HEAD", request.head.version_minor >= 1,
                   handover.input_over, origin_of(parts, request)});
}

void publish(Parts& parts, const LiveRequest& live, const http::BodyReader& body,
             const Request& request, Handover handover) {
    const std::string address = handover.ticket.address();
    auto publisher = std::make_shared<HttpFlvPublisher>(
        parts, handover.net, std::move(handover.ticket), std::move(handover.transport), body,
        request.peer.text + " " + live.path);
    handover.net.add(publisher);
    publisher->start(live.path, {"http-flv", request.peer.text, request.shown_query(), address},
                     {request.head.expects_continue, std::move(handover.pending),
                      handover.input_over, origin_of(parts, request)});
}

void view_by_websocket(Parts& parts, const LiveRequest& live, const Request& request,
                       Handover handover) {
    const std::string address = handover.ticket.address();
    auto viewer = std::make_shared<WsFlvViewer>(parts, handover.net, std::move(handover.ticket),
                                                std::move(handover.transport),
                                                std::move(handover.upgrade_answer));
    handover.net.add(viewer);
    viewer->start(live, {"ws-flv", request.peer.text, request.shown_query(), address},
                  std::move(handover.pending));
}

void publish_by_websocket(Parts& parts, const LiveRequest& live, const Request& request,
                          Handover handover) {
    const std::string address = handover.ticket.address();
    auto publisher = std::make_shared<WsFlvPublisher>(
        parts, handover.net, std::move(handover.ticket), std::move(handover.transport),
        std::move(handover.upgrade_answer), request.peer.text + " " + live.path);
    handover.net.add(publisher);
    publisher->start(live.path, {"ws-flv", request.peer.text, request.shown_query(), address},
                     std::move(handover.pending));
}

Plan preflight(const std::string& origin) {
    Plan plan;
    plan.answer = [origin](const Request& request, const httpd::Reply& reply) {
        reply({flv_preflight(request.head, origin), {}});
    };
    return plan;
}

std::optional<Plan> plan_request(Parts& parts, const Request& request) {
    const std::string& method = request.head.method;
    const auto live = http_live_request(request.target, method);
    const std::string origin = origin_of(parts, request);
    if (!live) return refused(live.error(), origin);
    if (!*live) return std::nullopt;
    if (method == "OPTIONS") return preflight(origin);
    const bool publishes = (*live)->kind == LiveRequest::Kind::publish;
    if (!publishes && method != "GET" && method != "HEAD") {
        return refused(Error{"a stream takes GET, HEAD, POST and OPTIONS", 405}, origin,
                       {{"Allow", "GET, HEAD, POST, OPTIONS"}});
    }
    Plan plan = begin(parts, **live, origin);
    if (plan.refusal) return plan;
    if (!publishes) {
        plan.take_over = [&parts, asked = **live](const Request& who, Handover handover) {
            view(parts, asked, who, std::move(handover));
        };
        return plan;
    }
    auto body = http::BodyReader::of_publisher(request.head);
    if (!body) {
        plan.refusal = {body.error().code, body.error().message, {}};
        return plan;
    }
    plan.take_over = [&parts, asked = **live, reader = *body](const Request& who,
                                                              Handover handover) {
        publish(parts, asked, reader, who, std::move(handover));
    };
    return plan;
}

/// Everybody may connect; each stream that is asked for is checked.
Plan plan_many(Parts& parts) {
    Plan plan;
    plan.take_over = [&parts](const Request& who, Handover handover) {
        if (!handover.upgrade_answer.empty()) handover.transport->send(handover.upgrade_answer);
        auto many = std::make_shared<PlayMany>(
            parts, handover.net, std::move(handover.ticket), std::move(handover.transport),
            who.facts, parts.sessions.cookie_of(who.head.fields), who.peer.text);
        handover.net.add(many);
        many->start(as_bytes(handover.pending));
    };
    return plan;
}

std::optional<Plan> plan_upgrade(Parts& parts, const Request& request) {
    if (request.target.path == "/play-many") return plan_many(parts);
    const auto live =
        ws_live_request(request.target, request.upgrade->protocols, request.default_stream);
    if (!live) return Plan::refuse(live.error().code, live.error().message);
    if (!*live) return std::nullopt;
    Plan plan = begin(parts, **live, origin_of(parts, request));
    if (plan.refusal) return plan;
    const bool publishes = (*live)->kind == LiveRequest::Kind::publish;
    plan.protocol = publishing_protocol(request.upgrade->protocols);
    plan.take_over = [&parts, asked = **live, publishes](const Request& who, Handover handover) {
        (publishes ? publish_by_websocket : view_by_websocket)(parts, asked, who,
                                                               std::move(handover));
    };
    return plan;
}

}  // namespace

void add_routes(httpd::Router& router, Parts& parts) {
    router.add_request([&parts](const Request& request) { return plan_request(parts, request); });
    router.add_upgrade([&parts](const Request& request) { return plan_upgrade(parts, request); });
}

}  // namespace st::live
