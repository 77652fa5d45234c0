#include "api/api.h"

#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "api/answers.h"
#include "api/control_connection.h"
#include "api/event_stream.h"
#include "api/segment_files.h"
#include "archive/catalogue.h"
#include "base/encodings.h"
#include "base/field.h"
#include "base/units.h"
#include "control/camera_status.h"
#include "control/error.h"
#include "control/event_types.h"
#include "control/stream_status.h"
#include "httpd/answers.h"
#include "httpd/file_answer.h"

namespace st::api {
namespace {

using control::ApiError;
using control::ErrorCode;
using httpd::error_response;

using Segments = std::vector<std::string>;

bool is_v1(const Segments& segments) {
    return segments.size() >= 3 && segments[0] == "api" && segments[1] == "v1";
}

/// What stands behind /api/v1.
std::span<const std::string> behind_v1(const Segments& segments) {
    return std::span(segments).subspan(2);
}

/// /api/v1/recordings/ID/files/NAME: bytes, not an operation with a JSON result.
bool is_recorded_file(const Segments& segments) {
    return is_v1(segments) && segments.size() == 6 && segments[2] == "recordings" &&
           segments[4] == "files";
}

/// /api/v1/streams/APP/NAME/segments/FILE: likewise, but for its deletion.
bool is_segment_file(const Segments& segments) {
    return is_v1(segments) && segments.size() == 7 && segments[2] == "streams" &&
           segments[5] == "segments";
}

/// "GET, HEAD" for the paths there are; "" for a path there is not.
std::string allowed_methods(const Segments& segments) {
    if (is_recorded_file(segments) || ArchiveRoutes::is_here(segments)) return "GET, HEAD";
    if (!is_v1(segments)) return "";
    const std::string operations = control::match_http("", behind_v1(segments)).allowed;
    return is_segment_file(segments) ? "GET, HEAD, " + operations : operations;
}

bool has_method(std::string_view allowed, std::string_view method) {
    std::size_t at = 0;
    while (at < allowed.size()) {
        const std::size_t comma = std::min(allowed.find(", ", at), allowed.size());
        if (allowed.substr(at, comma - at) == method) return true;
        at = comma + 2;
    }
    return false;
}

/// The only bodies there are are JSON. A page of another site could send other types unasked.
bool has_foreign_body(const http::RequestHead& head) {
    const bool may_have_body = head.method == "POST" || head.method == "PATCH";
    if (!may_have_body || (!head.chunked && head.content_length.value_or(0) == 0)) return false;
    const std::string* type = head.find("Content-Type");
    return type == nullptr || !iequals(trim(type->substr(0, type->find(';'))), "application/json");
}

bool wants_event_stream(const httpd::Request& request) {
    const std::string* accept = request.head.find("Accept");
    return request.target.path == "/api/v1/events" && request.head.method == "GET" &&
           accept != nullptr && accept->find("text/event-stream") != std::string::npos;
}

http::Response picture_response(const std::string& result) {
    const auto snapshot = control::decode_snapshot(result);
    if (!snapshot) return refusal(snapshot.error());
    const auto picture = base64_decode(snapshot->data);
    if (!picture) return refusal({ErrorCode::internal, "the snapshot is not base64", {}});
    http::Response response;
    response.content_type = "image/jpeg";
    response.fields = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
    response.body = as_text(*picture);
    return response;
}

httpd::Answer answer_file(const httpd::Request& request, archive::Catalogue& catalogue) {
    const std::string& name = request.target.segments[5];
    const auto opened = catalogue.open_file(request.target.segments[3], name);
    if (!opened) return {error_response(opened.error().code, opened.error().message), {}};
    return httpd::file_answer(std::make_shared<Fd>(*opened), name, request.head);
}

}  // namespace

Api::Api(Parts& parts, Operations& operations)
    : parts_(parts),
      operations_(operations),
      control_uses_{parts.http_options,
                    parts.http_counters,
                    parts.log,
                    parts.control,
                    parts.events,
                    [&operations](control::Call call, Operations::Done done) {
                        operations.call(std::move(call), std::move(done));
                    }},
      login_(parts),
      records_(parts),
      watch_(parts, operations.facts()),
      archive_(parts) {}

void Api::add_routes(httpd::Router& router) {
    router.add_request([this](const httpd::Request& request) { return login_.plan(request); });
    router.add_request([this](const httpd::Request& request) { return records_.plan(request); });
    router.add_request([this](const httpd::Request& request) { return watch_.plan(request); });
    router.add_request([this](const httpd::Request& request) { return plan(request); });
    router.add_upgrade([this](const httpd::Request& request) { return plan_control(request); });
}

httpd::Plan Api::plan(const httpd::Request& request) {
    const Segments& segments = request.target.segments;
    httpd::Plan plan;
    plan.role = auth::Role::control;
    const std::string allowed = allowed_methods(segments);
    if (request.target.path == "/") {  // which is the monitor's, where there are pages
        plan.role.reset();
        plan.refusal = {404, "this is streamd, built without pages; its API is below /api/v1", {}};
    } else if (allowed.empty()) {
        plan.refusal = {404, "there is nothing at " + request.target.path, {}};
    } else if (!has_method(allowed, request.head.method)) {
        plan.refusal = httpd::method_refusal(request.head.method, allowed);
    } else if (has_foreign_body(request.head)) {
        plan.refusal = {415, "the body must be sent as Content-Type: application/json", {}};
    } else if (wants_event_stream(request)) {
        return plan_events(request);
    } else {
        plan.answer = [this](httpd::Request asked, const httpd::Reply& reply) {
            handle(std::move(asked), reply);
        };
    }
    return plan;
}

httpd::Plan Api::plan_events(const httpd::Request& request) {
    httpd::Plan plan;
    plan.role = auth::Role::control;
    EventStream::Wanted wanted;
    const std::string* resume = request.head.find("Last-Event-ID");
    if (resume == nullptr) resume = request.target.find("since");
    if (resume != nullptr) {
        const auto since = parse_number(*resume, ~std::uint64_t{0});
        if (!since) {
            plan.refusal = {400, "Last-Event-ID: " + since.error().message, {}};
            return plan;
        }
        wanted.since = *since;
    }
    for (const auto& [name, value] : request.target.query) {
        if (name != "type") continue;
        if (!control::is_event_type(value)) {
            plan.refusal = {400, control::no_such_event(value), {}};
            return plan;
        }
        wanted.types.push_back(value);
    }
    plan.take_over = [this, wanted](const httpd::Request& asked, httpd::Handover handover) {
        auto stream = std::make_shared<EventStream>(
            EventStream::Uses{parts_.control, parts_.events}, handover.net,
            std::move(handover.ticket), access_of(asked), std::move(handover.transport));
        handover.net.add(stream);
        stream->start(wanted);
    };
    return plan;
}

std::optional<httpd::Plan> Api::plan_control(const httpd::Request& request) {
    if (request.target.segments != Segments{"control"}) return std::nullopt;
    httpd::Plan plan;
    plan.role = auth::Role::control;
    plan.take_over = [this](const httpd::Request& asked, httpd::Handover handover) {
        if (!handover.upgrade_answer.empty()) handover.transport->send(handover.upgrade_answer);
        auto control = std::make_shared<ControlConnection>(
            control_uses_, handover.net, std::move(handover.ticket), asked.peer.text,
            access_of(asked), std::move(handover.transport));
        handover.net.add(control);
        control->start(as_bytes(handover.pending));
    };
    return plan;
}

httpd::LastingAccess Api::access_of(const httpd::Request& request) const {
    return {parts_.policy, parts_.sessions, auth::Role::control, request.facts,
            parts_.sessions.cookie_of(request.head.fields)};
}

void Api::handle(httpd::Request request, const httpd::Reply& reply) {
    const Segments& segments = request.target.segments;
    if (ArchiveRoutes::is_here(segments)) return archive_.answer(std::move(request), reply);
    if (is_recorded_file(segments)) return send_recorded_file(std::move(request), reply);
    if (is_segment_file(segments) && request.head.method != "DELETE") {
        return send_segment(std::move(request), reply);
    }
    const control::Match match = control::match_http(request.head.method, behind_v1(segments));
    auto call = control::http_call(match, request.target.query, std::move(request.body));
    if (!call) return reply({refusal(call.error()), {}});
    call->peer = request.peer.text;
    const bool is_picture = match.operation->operation == control::Operation::streams_snapshot;
    operations_.call(
        std::move(*call),
        [reply, is_picture](const control::Decoded<std::string>& result) {
            if (!result) return reply({refusal(result.error()), {}});
            reply({is_picture ? picture_response(*result) : json_response(*result), {}});
        },
        std::move(request.asker));
}

void Api::send_recorded_file(httpd::Request request, const httpd::Reply& reply) {
    parts_.disk.post(loop::Effort::quick,
                     [this, reply, shared = std::make_shared<httpd::Request>(std::move(request))] {
                         reply(answer_file(*shared, parts_.catalogue));
                     });
}

void Api::send_segment(httpd::Request request, const httpd::Reply& reply) {
    parts_.disk.post(loop::Effort::quick,
                     [this, reply, shared = std::make_shared<httpd::Request>(std::move(request))] {
                         const Segments& segments = shared->target.segments;
                         reply(SegmentFiles(parts_).answer("/" + segments[3] + "/" + segments[4],
                                                           segments[6], shared->head));
                     });
}

}  // namespace st::api
