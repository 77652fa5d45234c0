#include "live/live_request.h"

#include <algorithm>

#include "base/field.h"
#include "base/name.h"
#include "base/text.h"

namespace st::live {
namespace {

constexpr std::string_view kSuffix = ".flv";

bool names_a_stream(const http::Target& target) {
    return target.segments.size() == 2 && target.segments.back().ends_with(kSuffix);
}

Result<std::string> path_of_segments(const http::Target& target) {
    const std::string& file = target.segments.back();
    return stream_path(target.segments.front(),
                       std::string_view(file).substr(0, file.size() - kSuffix.size()));
}

Result<std::string> path_of_query(const http::Target& target) {
    const std::string* app = target.find("app");
    const std::string* name = target.find("stream");
    if (app == nullptr || name == nullptr) {
        return Error{target.path + " needs ?app= and &stream=", 400};
    }
    return stream_path(*app, *name);
}

Result<std::optional<LiveRequest>> with(LiveRequest::Kind kind, Result<std::string> path) {
    if (!path) return path.error();
    return std::optional<LiveRequest>(LiveRequest{kind, std::move(*path)});
}

Result<std::optional<LiveRequest>> named_by_websocket(const http::Target& target,
                                                      std::span<const std::string> protocols,
                                                      const std::string& default_stream) {
    using Kind = LiveRequest::Kind;
    if (target.segments.empty() && !default_stream.empty()) {
        return std::optional<LiveRequest>(LiveRequest{Kind::play, default_stream});
    }
    if (target.segments.size() == 1 && target.segments.front() == "publish") {
        return with(Kind::publish, path_of_query(target));
    }
    if (target.segments.size() == 1 && target.segments.front() == "play") {
        return with(Kind::play, path_of_query(target));
    }
    if (!names_a_stream(target)) return std::optional<LiveRequest>();
    return with(!publishing_protocol(protocols).empty() ? Kind::publish : Kind::play,
                path_of_segments(target));
}

}  // namespace

std::string publishing_protocol(std::span<const std::string> protocols) {
    const auto at =
        std::find_if(protocols.begin(), protocols.end(), [](const std::string& protocol) {
            return iequals(protocol, "publisher") || iequals(protocol, "post");
        });
    return at == protocols.end() ? std::string() : *at;
}

Result<std::string> stream_path(std::string_view app, std::string_view name) {
    for (const std::string_view part : {app, name}) {
        if (is_valid_name(part)) continue;
        return Error{"stream path: \"" + shown(part) +
                         "\" is no name: app and name are 1 to 64 of A-Z a-z 0-9 . _ -, beginning "
                         "with a letter or digit",
                     400};
    }
    return "/" + std::string(app) + "/" + std::string(name);
}

bool wants_cache(std::string_view query) {
    while (!query.empty()) {
        const std::size_t end = query.find('&');
        if (query.substr(0, end) == "cache=0") return false;
        query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    }
    return true;
}

Result<void> check_publish_path(std::string_view path) {
    const std::string_view app = path.substr(1, path.find('/', 1) - 1);
    if (!is_own_app(app)) return {};
    return Error{"app " + std::string(app) + " is the server's own; publish to another", 403};
}

Error no_stream(const std::string& path) {
    const bool is_camera = path.starts_with("/camera/");
    return {"no stream at " + path +
                (is_camera ? "; a camera has one while it records or is previewed" : ""),
            404};
}

Result<std::optional<LiveRequest>> http_live_request(const http::Target& target,
                                                     std::string_view method) {
    const bool publishes = method == "POST" || method == "PUT";
    if (!names_a_stream(target)) {
        const bool is_meant =
            publishes && !target.segments.empty() && target.segments.back().ends_with(kSuffix);
        if (!is_meant || is_own_app(target.segments.front())) return std::optional<LiveRequest>();
        return Error{"a stream is /app/name.flv, got \"" + shown(target.path) + "\"", 400};
    }
    return with(publishes ? LiveRequest::Kind::publish : LiveRequest::Kind::play,
                path_of_segments(target));
}

Result<std::optional<LiveRequest>> ws_live_request(const http::Target& target,
                                                   std::span<const std::string> protocols,
                                                   const std::string& default_stream) {
    auto request = named_by_websocket(target, protocols, default_stream);
    const std::string* framing = target.find("framing");
    if (!request || !*request || framing == nullptr) return request;
    if ((*request)->kind != LiveRequest::Kind::play || *framing != "zlib") {
        return Error{"framing: players may ask for zlib, nothing else is known", 400};
    }
    (*request)->is_deflated = true;
    return request;
}

}  // namespace st::live
