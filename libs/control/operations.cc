#include "control/operations.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "base/text.h"
#include "base/units.h"
#include "control/fields.h"
#include "control/json.h"
#include "control/list.h"
#include "control/record.h"
#include "control/start.h"
#include "control/token.h"
#include "json/write.h"

namespace st::control {
namespace {

/// The bound of a whole number that has no other.
constexpr std::uint64_t kIntegerMax = 999'999'999'999'999'999;

using enum ParameterType;
using enum Place;

constexpr Parameter kCameras{"cameras", texts, body, false};
constexpr Parameter kWait{"wait", boolean, body, false};
/// Chosen by who starts; a stop with it means only that start.
constexpr Parameter kOwner{"owner", text, body, false};
/// Who asks, as "user@host": for the recording, the log, and those whom it concerns.
constexpr Parameter kClient{"client", text, body, false};

constexpr std::array kStart = {kCameras,
                               Parameter{"resolution", size, body, false},
                               Parameter{"aspect", size, body, false},
                               Parameter{"bitrate_bps", integer, body, false, 1, kBitrateMax},
                               Parameter{"fps", integer, body, false, 0, kFpsMax},
                               Parameter{"take", text, body, false},
                               Parameter{"join", boolean, body, false},
                               Parameter{"append", boolean, body, false},
                               Parameter{"all_or_none", boolean, body, false},
                               kOwner,
                               kClient,
                               kWait,
                               Parameter{"timeout_ms", integer, body, false, 1, kTimeoutMsMax}};
constexpr std::array kStop = {kCameras, kOwner, kClient, kWait,
                              Parameter{"timeout_ms", integer, body, false, 1, kTimeoutMsMax}};
constexpr std::array kPreview = {kCameras,
                                 Parameter{"resolution", size, body, false},
                                 Parameter{"aspect", size, body, false},
                                 Parameter{"bitrate_bps", integer, body, false, 1, kBitrateMax},
                                 Parameter{"fps", integer, body, false, 0, kFpsMax},
                                 Parameter{"stop", boolean, body, false},
                                 kClient,
                                 kWait,
                                 Parameter{"timeout_ms", integer, body, false, 1, kTimeoutMsMax}};
constexpr std::array kCameraName = {Parameter{"name", text, path, true}};
/// Where there is no body.
constexpr Parameter kClientOutside{"client", text, query, false};
constexpr std::array kKick = {Parameter{"name", text, path, true}, kClientOutside};
constexpr std::array kRename = {Parameter{"name", text, path, true},
                                Parameter{"camera", text, body, false},
                                Parameter{"name", text, body, false}, kClient};
constexpr std::array kRecordingId = {Parameter{"id", text, path, true}};
constexpr std::array kDelete = {Parameter{"id", text, path, true}, kClientOutside};
constexpr std::array kKeep = {Parameter{"id", text, path, true},
                              Parameter{"keep", boolean, body, false}, kClient};
constexpr std::array kTakeName = {Parameter{"name", text, path, true}};
constexpr std::array kDeleteTake = {Parameter{"name", text, path, true}, kClientOutside};
constexpr std::array kJudgement = {
    Parameter{"name", text, path, true}, Parameter{"verdict", text, body, false},
    Parameter{"about", text, body, false}, Parameter{"why", texts, body, false}, kClient};
constexpr std::array kStreamPath = {Parameter{"app", text, path, true},
                                    Parameter{"name", text, path, true}};
constexpr std::array kRecordStart = {
    Parameter{"app", text, path, true},
    Parameter{"name", text, path, true},
    Parameter{"format", text, body, false},
    Parameter{"tracks", text, body, false},
    Parameter{"segment_duration_ms", integer, body, false, kSegmentMsMin, kSegmentMsMax},
    Parameter{"preroll_ms", integer, body, false, 0, kPrerollMsMax},
    Parameter{"max_duration_ms", integer, body, false, 0, kSegmentMsMax},
    kClient};
constexpr std::array kRecordStop = {Parameter{"app", text, path, true},
                                    Parameter{"name", text, path, true}, kClientOutside};
constexpr std::array kDeleteSegment = {Parameter{"app", text, path, true},
                                       Parameter{"name", text, path, true},
                                       Parameter{"file", text, path, true}, kClientOutside};
constexpr std::array kKickStream = {Parameter{"app", text, path, true},
                                    Parameter{"name", text, path, true}, kClientOutside};
constexpr std::array kKickViewer = {Parameter{"id", integer, path, true}, kClientOutside};
constexpr std::array kClientAlone = {kClientOutside};
constexpr std::array kRestartSource = {Parameter{"app", text, path, true},
                                       Parameter{"name", text, path, true}, kClientOutside};
constexpr Parameter kLimit{"limit", integer, query, false, 1, kListLimitMax};
constexpr Parameter kCursor{"cursor", text, query, false};
constexpr std::array kPage = {kLimit, kCursor};
constexpr std::array kRecordings = {Parameter{"id", text, query, false},
                                    Parameter{"camera", text, query, false},
                                    Parameter{"take", text, query, false},
                                    Parameter{"state", state, query, false},
                                    Parameter{"since", time, query, false},
                                    Parameter{"until", time, query, false},
                                    kLimit,
                                    kCursor};
constexpr std::array kArchive = {Parameter{"app", text, path, true},
                                 Parameter{"name", text, path, true},
                                 Parameter{"since", time, query, false},
                                 Parameter{"until", time, query, false},
                                 kLimit,
                                 kCursor};
constexpr std::array kSegments = {Parameter{"app", text, path, true},
                                  Parameter{"name", text, path, true}, kLimit, kCursor};
constexpr std::array kReplay = {Parameter{"id", text, path, true}, kClientOutside};
constexpr std::array kHookUrl = {Parameter{"url", text, body, false}, kClient};
constexpr std::array kTokenName = {Parameter{"name", text, path, true}, kClientOutside};
constexpr std::array kTokenNew = {Parameter{"name", text, body, false},
                                  Parameter{"roles", texts, body, false}, kClient};
constexpr std::array kSign = {
    Parameter{"url", text, body, false}, Parameter{"role", text, body, false},
    Parameter{"expires_s", integer, body, false, 1, kSignSecondsMax}, kClient};
constexpr std::array kEvents = {Parameter{"since", integer, query, false}, kLimit, kCursor};

constexpr std::array kOperations = {
    OperationInfo{Operation::capture_start, "capture.start", "POST", "capture/start", kStart},
    OperationInfo{Operation::capture_stop, "capture.stop", "POST", "capture/stop", kStop},
    OperationInfo{Operation::capture_preview, "capture.preview", "POST", "capture/preview",
                  kPreview},
    OperationInfo{Operation::cameras_list, "cameras.list", "GET", "cameras", kPage},
    OperationInfo{Operation::cameras_get, "cameras.get", "GET", "cameras/{name}", kCameraName},
    OperationInfo{Operation::cameras_kick, "cameras.kick", "DELETE", "cameras/{name}", kKick},
    OperationInfo{Operation::cameras_rename, "cameras.rename", "PATCH", "cameras/{name}", kRename},
    OperationInfo{Operation::recordings_list, "recordings.list", "GET", "recordings", kRecordings},
    OperationInfo{Operation::recordings_get, "recordings.get", "GET", "recordings/{id}",
                  kRecordingId},
    OperationInfo{Operation::recordings_delete, "recordings.delete", "DELETE", "recordings/{id}",
                  kDelete},
    OperationInfo{Operation::recordings_keep, "recordings.keep", "PATCH", "recordings/{id}", kKeep},
    OperationInfo{Operation::takes_list, "takes.list", "GET", "takes", kPage},
    OperationInfo{Operation::takes_get, "takes.get", "GET", "takes/{name}", kTakeName},
    OperationInfo{Operation::takes_judge, "takes.judge", "PATCH", "takes/{name}", kJudgement},
    OperationInfo{Operation::takes_delete, "takes.delete", "DELETE", "takes/{name}", kDeleteTake},
    OperationInfo{Operation::events_list, "events.list", "GET", "events", kEvents},
    OperationInfo{Operation::streams_list, "streams.list", "GET", "streams", kPage},
    OperationInfo{Operation::streams_get, "streams.get", "GET", "streams/{app}/{name}",
                  kStreamPath},
    OperationInfo{Operation::streams_kick, "streams.kick", "DELETE", "streams/{app}/{name}",
                  kKickStream},
    OperationInfo{Operation::streams_snapshot, "streams.snapshot", "GET",
                  "streams/{app}/{name}/snapshot.jpg", kStreamPath},
    OperationInfo{Operation::archive_list, "archive.list", "GET", "streams/{app}/{name}/archive",
                  kArchive},
    OperationInfo{Operation::record_start, "record.start", "POST", "streams/{app}/{name}/record",
                  kRecordStart},
    OperationInfo{Operation::record_stop, "record.stop", "DELETE", "streams/{app}/{name}/record",
                  kRecordStop},
    OperationInfo{Operation::record_list, "record.list", "GET", "records", kPage},
    OperationInfo{Operation::record_stop_all, "record.stop_all", "DELETE", "records", kClientAlone},
    OperationInfo{Operation::record_segments, "record.segments", "GET",
                  "streams/{app}/{name}/segments", kSegments},
    OperationInfo{Operation::record_delete_segment, "record.delete_segment", "DELETE",
                  "streams/{app}/{name}/segments/{file}", kDeleteSegment},
    OperationInfo{Operation::viewers_list, "viewers.list", "GET", "viewers", kPage},
    OperationInfo{Operation::viewers_kick, "viewers.kick", "DELETE", "viewers/{id}", kKickViewer},
    OperationInfo{Operation::sources_list, "sources.list", "GET", "sources", kPage},
    OperationInfo{Operation::sources_restart, "sources.restart", "POST",
                  "sources/{app}/{name}/restart", kRestartSource},
    OperationInfo{Operation::server_status, "server.status", "GET", "status", {}},
    OperationInfo{Operation::server_config, "server.config", "GET", "config", {}},
    OperationInfo{Operation::server_reload, "server.reload", "POST", "reload", kClientAlone},
    OperationInfo{Operation::login_link, "login.link", "POST", "login/link", kClientAlone},
    OperationInfo{Operation::hooks_list, "hooks.list", "GET", "hooks", {}},
    OperationInfo{Operation::hooks_failed, "hooks.failed", "GET", "hooks/failed", kPage},
    OperationInfo{Operation::hooks_replay, "hooks.replay", "POST", "hooks/{id}/replay", kReplay},
    OperationInfo{Operation::hooks_test, "hooks.test", "POST", "hooks/test", kHookUrl},
    OperationInfo{Operation::tokens_list, "tokens.list", "GET", "tokens", kPage},
    OperationInfo{Operation::tokens_new, "tokens.new", "POST", "tokens", kTokenNew},
    OperationInfo{Operation::tokens_revoke, "tokens.revoke", "DELETE", "tokens/{name}", kTokenName},
    OperationInfo{Operation::sign, "sign", "POST", "sign", kSign},
};

std::vector<std::string_view> split_path(std::string_view path) {
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        const std::size_t slash = std::min(path.find('/'), path.size());
        parts.push_back(path.substr(0, slash));
        path.remove_prefix(std::min(slash + 1, path.size()));
    }
    return parts;
}

bool is_placeholder(std::string_view part) { return part.starts_with('{'); }

/// The arguments if the path is the template's.
std::optional<Arguments> match_path(std::string_view path, std::span<const std::string> segments) {
    const auto parts = split_path(path);
    if (parts.size() != segments.size()) return std::nullopt;
    Arguments arguments;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (is_placeholder(parts[i])) {
            arguments.emplace_back(parts[i].substr(1, parts[i].size() - 2), segments[i]);
        } else if (parts[i] != segments[i]) {
            return std::nullopt;
        }
    }
    return arguments;
}

bool takes_body(const OperationInfo& operation) {
    return std::any_of(operation.parameters.begin(), operation.parameters.end(),
                       [](const Parameter& p) { return p.place == Place::body; });
}

/// Whether a member of JSON-RPC's params is what HTTP carries outside of its body. Of a name that
/// HTTP has in both places the body's is meant.
bool is_argument(const OperationInfo& operation, std::string_view name) {
    const auto stands = [&](bool in_body) {
        return std::any_of(operation.parameters.begin(), operation.parameters.end(),
                           [&](const Parameter& p) {
                               return p.name == name && (p.place == Place::body) == in_body;
                           });
    };
    return stands(false) && !stands(true);
}

bool has_arguments(const OperationInfo& operation) {
    return std::any_of(operation.parameters.begin(), operation.parameters.end(),
                       [&](const Parameter& p) { return is_argument(operation, p.name); });
}

/// What of JSON-RPC's params the HTTP door carries in its body.
json::Object body_members(const OperationInfo& operation, const json::Object& params) {
    json::Object body;
    for (const json::Member& member : params.members()) {
        if (!is_argument(operation, member.key)) body.set(member.key, member.value);
    }
    return body;
}

/// The error, if it is one.
std::optional<ApiError> add_argument(Call& call, const std::string& name,
                                     const std::string& value) {
    const auto& known = call.operation->parameters;
    const auto parameter = std::find_if(known.begin(), known.end(), [&](const Parameter& p) {
        return p.place != Place::body && p.name == name;
    });
    if (parameter == known.end()) {
        const std::string shown = name.substr(0, 64);
        return ApiError{ErrorCode::bad_request, shown + ": unknown parameter", shown};
    }
    if (call.find(name) != nullptr) {
        return ApiError{ErrorCode::bad_request, name + ": stands twice", name};
    }
    if (parameter->type == integer) {
        const auto number = parse_number(value, parameter->max == 0 ? kIntegerMax : parameter->max);
        if (!number)
            return ApiError{ErrorCode::bad_request, name + ": " + number.error().message, name};
        if (*number < parameter->min) {
            return ApiError{ErrorCode::bad_request,
                            name + ": under " + std::to_string(parameter->min), name};
        }
    }
    call.arguments.emplace_back(name, value);
    return std::nullopt;
}

/// The JSON value of a parameter that has no place in a body, as text; none if it was not given.
std::optional<std::string> read_argument(ObjectReader& reader, const Parameter& parameter) {
    const std::string name(parameter.name);
    std::optional<std::string> value;
    switch (parameter.type) {
        case integer: {
            std::optional<std::uint64_t> number;
            reader.read(name, number,
                        {parameter.min, parameter.max == 0 ? kIntegerMax : parameter.max});
            if (number) value = std::to_string(*number);
            break;
        }
        case boolean: {
            bool flag = false;
            reader.read(name, flag);
            if (reader.has(name)) value = flag ? "true" : "false";
            break;
        }
        case text:
        case time:
        case state:
            reader.read(name, value);
            break;
        case texts:
        case size:
            assert(false);  // stand in bodies alone
    }
    return value;
}

}  // namespace

std::span<const OperationInfo> operations() { return kOperations; }

const OperationInfo* find_rpc(std::string_view name) {
    for (const OperationInfo& info : kOperations) {
        if (info.rpc == name) return &info;
    }
    return nullptr;
}

Match match_http(std::string_view method, std::span<const std::string> segments) {
    Match match;
    const std::string_view wanted = method == "HEAD" ? "GET" : method;
    for (const OperationInfo& info : kOperations) {
        auto arguments = match_path(info.path, segments);
        if (!arguments) continue;
        if (!match.allowed.empty()) match.allowed += ", ";
        match.allowed += info.method == "GET" ? "GET, HEAD" : std::string(info.method);
        if (info.method != wanted) continue;
        match.operation = &info;
        match.path_arguments = std::move(*arguments);
    }
    return match;
}

const std::string* Call::find(std::string_view name) const {
    for (const auto& [known, value] : arguments) {
        if (known == name) return &value;
    }
    return nullptr;
}

std::string Call::client() const {
    const std::string* given = find("client");
    return given == nullptr ? peer : clean_text(*given, kClientBytesMax);
}

Decoded<Call> http_call(const Match& match, const Arguments& query, std::string body) {
    Call call{match.operation, std::move(body), {}};
    for (const auto& [name, value] : match.path_arguments) {
        if (auto error = add_argument(call, name, value)) return *error;
    }
    for (const auto& [name, value] : query) {
        if (name == "token") continue;  // the access check's
        if (auto error = add_argument(call, name, value)) return *error;
    }
    return call;
}

Decoded<Call> rpc_call(const OperationInfo& operation, const std::string& params) {
    Call call{&operation, {}, {}};
    const bool has_body = takes_body(operation);
    if (has_body && !has_arguments(operation)) {
        call.body = params;
        return call;
    }
    const auto object = parse_request(params);
    if (!object) return object.error();
    if (has_body) call.body = json::write(body_members(operation, *object));
    ObjectReader reader(*object);
    for (const Parameter& parameter : operation.parameters) {
        if (parameter.place == Place::body) continue;
        auto value = read_argument(reader, parameter);
        if (value) call.arguments.emplace_back(parameter.name, std::move(*value));
    }
    // What a body may hold is looked at when it is decoded.
    if (!has_body) reader.refuse_unknown("unknown parameter");
    for (const Parameter& parameter : operation.parameters) {
        if (parameter.required) reader.require(std::string(parameter.name));
    }
    if (reader.failed()) return reader.error();
    return call;
}

}  // namespace st::control
