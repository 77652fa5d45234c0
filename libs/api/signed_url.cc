#include "api/signed_url.h"

#include <algorithm>

#include "auth/signature.h"
#include "base/name.h"
#include "base/text.h"
#include "http/target.h"

namespace st::api {
namespace {

constexpr std::string_view kSuffix = ".flv";

std::string_view without_suffix(std::string_view name) {
    return name.ends_with(kSuffix) ? name.substr(0, name.size() - kSuffix.size()) : name;
}

Result<std::string> path_of(std::string_view app, std::string_view name) {
    if (is_valid_name(app) && is_valid_name(name)) {
        return "/" + std::string(app) + "/" + std::string(name);
    }
    return Error{"url: expected a stream, such as /live/x or rtmp://host/live/x", 400};
}

/// Which stream or camera the URL is for.
Result<std::string> path_of(const http::Target& target, auth::Role role) {
    const std::vector<std::string>& segments = target.segments;
    const std::string last = segments.empty() ? std::string() : segments.back();
    const std::string before_last =
        segments.size() < 2 ? std::string() : segments[segments.size() - 2];
    if (role == auth::Role::camera) {
        const std::string* name = target.find("name");
        if (before_last == "ingest" || before_last == "camera") return path_of("camera", last);
        if (name != nullptr) return path_of("camera", *name);
        return Error{"url: expected a camera's, such as ws://host/ingest/door", 400};
    }
    const std::string* app = target.find("app");
    const std::string* stream = target.find("stream");
    if ((last == "play" || last == "publish") && app != nullptr && stream != nullptr) {
        return path_of(*app, *stream);
    }
    if (last == "dev" && target.find("name") != nullptr) {
        return path_of("camera", *target.find("name"));
    }
    if (before_last == "mjpeg" && !last.ends_with(kSuffix)) return path_of("camera", last);
    if (segments.size() < 2) return path_of({}, {});
    return path_of(segments[segments.size() - 2], without_suffix(last));
}

/// Without the parameter `sign`.
std::string without_sign(std::string_view query) {
    std::string out;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        if (!pair.empty() && pair != "sign" && !pair.starts_with("sign=")) {
            out += (out.empty() ? "" : "&") + std::string(pair);
        }
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    return out;
}

}  // namespace

Result<std::string> signed_url(std::string_view url, auth::Role role, std::string_view secret,
                               std::int64_t until_s) {
    if (!is_clean(url)) return Error{"url: holds characters that no URL has", 400};
    const std::size_t scheme = url.find("://");
    const std::size_t path_at =
        scheme == std::string_view::npos ? 0 : std::min(url.find('/', scheme + 3), url.size());
    url = url.substr(0, std::min(url.find('#'), url.size()));
    const auto target = http::parse_target(url.substr(std::min(path_at, url.size())));
    if (!target) return Error{"url: " + target.error().message, 400};
    const auto path = path_of(*target, role);
    if (!path) return path.error();
    const std::size_t mark = std::min(url.find('?'), url.size());
    std::string query = without_sign(url.substr(std::min(mark + 1, url.size())));
    query += (query.empty() ? "sign=" : "&sign=") +
             auth::make_signature(auth::to_text(role), *path, secret, until_s);
    return std::string(url.substr(0, mark)) + "?" + query;
}

}  // namespace st::api
