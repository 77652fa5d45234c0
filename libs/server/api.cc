#include "server/api.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <charconv>

#include "base/clock.h"
#include "base/units.h"
#include "control/error.h"
#include "control/glob.h"
#include "control/json.h"
#include "control/list.h"
#include "control/recording.h"
#include "control/status.h"
#include "record/catalogue.h"
#include "record/recorder.h"
#include "server/camera_connection.h"
#include "server/cameras.h"
#include "server/captures.h"
#include "server/event_log.h"
#include "server/file_range.h"

namespace st::server {
namespace {

using control::ApiError;
using control::ErrorCode;

http::Response json_response(std::string body, int status = 200) {
    return {status, "application/json", {{"Cache-Control", "no-store"}}, std::move(body) + "\n"};
}

http::Response refusal(const ApiError& error) {
    http::Response response =
        json_response(control::encode(error), control::http_status(error.code));
    if (error.code == ErrorCode::unauthorized) {
        response.fields.push_back({"WWW-Authenticate", "Bearer"});
    }
    return response;
}

ApiAnswer refuse_with(ErrorCode code, const std::string& message,
                      std::optional<std::string> field = {}) {
    return {refusal({code, message, std::move(field)}), {}};
}

ErrorCode code_of(int status) {
    switch (status) {
        case 401:
            return ErrorCode::unauthorized;
        case 403:
            return ErrorCode::forbidden;
        case 404:
            return ErrorCode::not_found;
        case 405:
            return ErrorCode::method_not_allowed;
        case 409:
            return ErrorCode::conflict;
        case 413:
            return ErrorCode::too_large;
        case 415:
            return ErrorCode::unsupported_media_type;
        case 429:
            return ErrorCode::too_many_requests;
        case 500:
            return ErrorCode::internal;
        case 503:
            return ErrorCode::unavailable;
        default:
            return ErrorCode::bad_request;
    }
}

bool is_v1(const http::Target& target) {
    return target.segments.size() >= 3 && target.segments[0] == "api" && target.segments[1] == "v1";
}

/// "GET, DELETE" for the paths there are; "" for a path there is not.
std::string_view allowed_methods(const http::Target& target) {
    const auto& s = target.segments;
    if (s.size() == 1 && (s[0] == "healthz" || s[0] == "metrics")) return "GET, HEAD";
    if (!is_v1(target)) return "";
    if (s.size() == 3 &&
        (s[2] == "status" || s[2] == "cameras" || s[2] == "recordings" || s[2] == "events")) {
        return "GET, HEAD";
    }
    if (s.size() == 4 && (s[2] == "cameras" || s[2] == "recordings")) return "GET, HEAD, DELETE";
    if (s.size() == 4 && s[2] == "capture" && (s[3] == "start" || s[3] == "stop")) return "POST";
    if (s.size() == 6 && s[2] == "recordings" && s[4] == "files") return "GET, HEAD";
    return "";
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

std::string_view content_type_of(std::string_view name) {
    if (name.ends_with(".mp4")) return "video/mp4";
    if (name.ends_with(".jpg")) return "image/jpeg";
    if (name.ends_with(".json")) return "application/json";
    return "application/octet-stream";
}

}  // namespace

http::Response error_response(int status, const std::string& message) {
    http::Response response = refusal({code_of(status), message, {}});
    response.status = status;  // also for those our error table has no name for: 408, 426, 431
    return response;
}

std::optional<http::Response> Api::refuse(const ApiRequest& request) const {
    const bool is_health = request.target.segments == std::vector<std::string>{"healthz"};
    if (!is_health) {
        const auto access =
            auth::check_access(services_.options.policy, auth::Role::control, request.facts);
        if (!access) return error_response(access.error().code, access.error().message);
    }
    const std::string_view allowed = allowed_methods(request.target);
    if (allowed.empty()) return error_response(404, "there is nothing at " + request.target.path);
    if (!has_method(allowed, request.head.method)) {
        http::Response response = error_response(
            405, request.head.method + " is not possible here; it takes " + std::string(allowed));
        response.fields.push_back({"Allow", std::string(allowed)});
        return response;
    }
    const bool has_body = request.head.chunked || request.head.content_length.value_or(0) > 0;
    const std::string* type = request.head.find("Content-Type");
    if (has_body && request.head.method == "POST" &&
        (type == nullptr || !iequals(trim(type->substr(0, type->find(';'))), "application/json"))) {
        return error_response(415, "the body must be sent as Content-Type: application/json");
    }
    return std::nullopt;
}

void Api::handle(ApiRequest request, ApiReply reply) {
    const std::string first =
        request.target.segments.empty() ? "" : request.target.segments.front();
    if (first == "healthz") return reply({json_response("{\"ok\":true}"), {}});
    if (first == "metrics") return reply({metrics(), {}});
    route_v1(std::move(request), reply);
}

void Api::route_v1(ApiRequest request, const ApiReply& reply) {
    const std::string what = request.target.segments[2];
    if (what == "status") return status(reply);
    if (what == "recordings") return recordings(std::move(request), reply);
    services_.control.post(
        [this, what, reply, request = std::make_shared<ApiRequest>(std::move(request))] {
            if (what == "cameras") return cameras(*request, reply);
            if (what == "events") return events(*request, reply);
            capture(*request, reply);
        });
}

void Api::cameras(const ApiRequest& request, const ApiReply& reply) {
    if (request.target.segments.size() == 3) {
        control::List list;
        for (const auto& [name, entry] : services_.cameras.all()) {
            if (entry.is_camera) {
                list.items.push_back(control::encode(services_.cameras.status(entry)));
            }
        }
        return reply({json_response(control::encode(list)), {}});
    }
    const std::string& name = request.target.segments[3];
    const CameraEntry* entry = services_.cameras.find(name);
    if (entry == nullptr) {
        return reply(refuse_with(ErrorCode::not_found, "no camera \"" + name + "\" is connected"));
    }
    if (request.head.method == "DELETE") {
        entry->link->post([](CameraConnection& connection) { connection.kick(); });
        return reply({json_response(control::encode_done("camera", name)), {}});
    }
    reply({json_response(control::encode(services_.cameras.status(*entry))), {}});
}

void Api::events(const ApiRequest& request, const ApiReply& reply) {
    std::uint64_t since = 0;
    std::uint64_t limit = control::kListLimitDefault;
    for (const auto& [name, value] : request.target.query) {
        if (name != "since" && name != "limit" && name != "cursor") continue;
        const auto number = parse_number(value, ~std::uint64_t{0});
        if (!number) {
            return reply(refuse_with(ErrorCode::bad_request, number.error().message, name));
        }
        (name == "limit" ? limit : since) = *number;
    }
    limit = std::clamp<std::uint64_t>(limit, 1, control::kListLimitMax);
    reply({json_response(control::encode(services_.events.since(since, limit))), {}});
}

void Api::capture(const ApiRequest& request, const ApiReply& reply) {
    if (request.target.segments[3] == "start") {
        const auto start = control::decode_start_request(request.body);
        if (!start) return reply({refusal(start.error()), {}});
        return services_.captures.start(
            *start, [reply](control::Decoded<control::StartReply> made) {
                reply({made ? json_response(control::encode(*made)) : refusal(made.error()), {}});
            });
    }
    const auto stop = control::decode_stop_request(request.body);
    if (!stop) return reply({refusal(stop.error()), {}});
    services_.captures.stop(*stop, [reply](control::Decoded<control::StopReply> made) {
        reply({made ? json_response(control::encode(*made)) : refusal(made.error()), {}});
    });
}

// ---- recordings: on the disk loop ------------------------------------------------------------

namespace {

Result<record::CatalogueQuery, ApiError> to_query(const control::RecordingQuery& asked) {
    record::CatalogueQuery query;
    if (asked.camera && !control::is_pattern(*asked.camera)) query.cameras = {*asked.camera};
    query.take = asked.take;
    if (asked.state) query.state = static_cast<record::RecordingState>(*asked.state);
    if (asked.since) {
        const auto at = parse_rfc3339(*asked.since);
        if (!at) return ApiError{ErrorCode::bad_request, at.error().message, "since"};
        query.since_us = *at;
    }
    if (asked.until) {
        const auto at = parse_rfc3339(*asked.until);
        if (!at) return ApiError{ErrorCode::bad_request, at.error().message, "until"};
        query.until_us = *at;
    }
    query.limit = asked.limit == 0 ? control::kListLimitDefault : asked.limit;
    query.cursor = asked.cursor.value_or("");
    return query;
}

static_assert(static_cast<int>(record::RecordingState::failed) ==
              static_cast<int>(control::SessionState::failed));

ApiAnswer list_recordings(const ApiRequest& request, record::Catalogue& catalogue,
                          const std::string& path) {
    const auto asked = control::decode_recording_query(request.target.query);
    if (!asked) return {refusal(asked.error()), {}};
    auto query = to_query(*asked);
    if (!query) return {refusal(query.error()), {}};
    control::List list;
    for (;;) {  // a pattern may leave a page with less than it could hold: take the next as well
        const record::CataloguePage page = catalogue.list(*query);
        for (const record::CatalogueEntry& entry : page.items) {
            if (asked->camera && !control::glob_match(*asked->camera, entry.camera)) continue;
            list.items.push_back(control::with_directory(entry.json, path + "/" + entry.id));
        }
        list.next = page.next;
        if (!page.next || list.items.size() >= query->limit / 2) break;
        query->cursor = *page.next;
    }
    return {json_response(control::encode(list)), {}};
}

ApiAnswer send_recorded_file(const ApiRequest& request, record::Catalogue& catalogue) {
    const std::string& name = request.target.segments[5];
    const auto opened = catalogue.open_file(request.target.segments[3], name);
    if (!opened) return {error_response(opened.error().code, opened.error().message), {}};
    auto file = std::make_shared<Fd>(*opened);
    struct stat facts {};
    if (::fstat(file->get(), &facts) != 0) {
        return refuse_with(ErrorCode::internal, "cannot read " + name);
    }
    const auto size = static_cast<std::uint64_t>(facts.st_size);
    const std::string* header = request.head.find("Range");
    const ByteRange range = header == nullptr ? ByteRange{0, size} : read_range(*header, size);
    ApiAnswer answer;
    answer.response.content_type = content_type_of(name);
    answer.response.fields = {{"Accept-Ranges", "bytes"}, {"X-Content-Type-Options", "nosniff"}};
    if (range.status == 416) {
        answer.response = error_response(416, "the file has " + std::to_string(size) + " bytes");
        answer.response.fields.push_back({"Content-Range", "bytes */" + std::to_string(size)});
        return answer;
    }
    answer.response.status = range.status;
    if (range.status == 206) {
        answer.response.fields.push_back(
            {"Content-Range", "bytes " + std::to_string(range.offset) + "-" +
                                  std::to_string(range.offset + range.bytes - 1) + "/" +
                                  std::to_string(size)});
    }
    answer.file = FileRange{std::move(file), range.offset, range.bytes};
    return answer;
}

}  // namespace

void Api::recordings(ApiRequest request, const ApiReply& reply) {
    services_.disk.post([this, reply, shared = std::make_shared<ApiRequest>(std::move(request))] {
        const auto& segments = shared->target.segments;
        const std::string& path = services_.options.recordings_path;
        record::Catalogue& catalogue = services_.catalogue;
        if (segments.size() == 3) return reply(list_recordings(*shared, catalogue, path));
        if (segments.size() == 6) return reply(send_recorded_file(*shared, catalogue));
        const std::string& id = segments[3];
        if (shared->head.method == "DELETE") {
            const auto removed = catalogue.remove(id);
            if (!removed) {
                return reply({error_response(removed.error().code, removed.error().message), {}});
            }
            return reply({json_response(control::encode_done("recording", id)), {}});
        }
        const auto entry = catalogue.get(id);
        if (!entry) return reply({error_response(entry.error().code, entry.error().message), {}});
        reply({json_response(control::with_directory(entry->json, path + "/" + id)), {}});
    });
}

// ---- what the server is doing ----------------------------------------------------------------

void Api::status(const ApiReply& reply) {
    services_.disk.post([this, reply] {  // statvfs may block
        control::ServerStatus status;
        status.version = facts_.version;
        status.started_at = rfc3339(facts_.started_us);
        status.uptime_ms = static_cast<std::uint64_t>((wall_us() - facts_.started_us) / 1000);
        const Metrics& metrics = services_.metrics;
        status.connections = static_cast<std::uint64_t>(metrics.connections.load());
        status.cameras_connected = static_cast<std::uint64_t>(metrics.cameras.load());
        status.cameras_recording = static_cast<std::uint64_t>(metrics.cameras_recording.load());
        status.sessions_finalising = services_.recorder.status().finalising;
        status.frames = metrics.frames_total;
        status.bytes = metrics.frame_bytes_total;
        status.bad = metrics.frames_bad_total;
        status.recordings_path = services_.options.recordings_path;
        struct statvfs disk {};
        if (::statvfs(status.recordings_path.c_str(), &disk) == 0) {
            status.disk_free_bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize;
            status.disk_total_bytes = std::uint64_t{disk.f_blocks} * disk.f_frsize;
        }
        status.urls = facts_.urls;
        for (std::size_t i = 0; i < facts_.busy.size(); ++i) {
            status.loops.push_back(
                {facts_.connections_of_loop(i), facts_.busy[i]->busy_max_ns.load() / 1000});
        }
        reply({json_response(control::encode(status)), {}});
    });
}

http::Response Api::metrics() const {
    const record::RecorderStatus recorder = services_.recorder.status();
    const std::vector<Gauge> gauges = {
        {"sessions_open", "Recording sessions being written.",
         static_cast<double>(recorder.sessions_open)},
        {"sessions_finalising", "Sessions whose MP4 is being made or waits for it.",
         static_cast<double>(recorder.finalising)},
        {"recorder_queued_bytes", "Received and not yet written.",
         static_cast<double>(recorder.queued_bytes)},
        {"recorder_written_bytes", "Written to dumps since the start.",
         static_cast<double>(recorder.written_bytes)},
        {"recorder_write_lag_seconds", "Longest wait in a writer's queue in its latest round.",
         recorder.write_lag_seconds},
        {"recorder_sync_seconds", "How long the latest sync took.", recorder.sync_seconds},
        {"recorder_sync_lag_seconds", "Age of the oldest byte not known to be on the disk.",
         recorder.sync_lag_seconds},
    };
    return {200,
            "text/plain; version=0.0.4",
            {},
            prometheus_text(services_.metrics, facts_.busy, gauges)};
}

}  // namespace st::server
