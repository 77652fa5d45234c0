#include "rtmp/target.h"

#include <array>

#include "base/encodings.h"

namespace st::rtmp {
namespace {

struct Split {
    std::string_view path;
    std::string_view query;
};

Split split_query(std::string_view text) {
    const std::size_t mark = text.find('?');
    if (mark == std::string_view::npos) return {text, {}};
    return {text.substr(0, mark), text.substr(mark + 1)};
}

/// What follows scheme, host and port.
std::string_view behind_host(std::string_view url) {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) return {};
    const std::size_t slash = url.find_first_of("/?", scheme + 3);
    return slash == std::string_view::npos ? std::string_view() : url.substr(slash);
}

/// Appends "/piece" for each piece of `path` but empty ones and the default instance.
void append_pieces(std::string& out, std::string_view path) {
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        const std::string_view piece = path.substr(0, slash);
        if (!piece.empty() && piece != "_definst_") {
            out.push_back('/');
            // What is no escape stands for itself, and is refused as a name later.
            out += percent_decode(piece).value_or(std::string(piece));
        }
        path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    }
}

void append_query(std::string& out, std::string_view query) {
    if (query.empty()) return;
    if (!out.empty()) out.push_back('&');
    out += query;
}

/// Of connect alone: app's path and query, or tcUrl's where app has none.
Split connect_split(const ConnectTarget& connect) {
    const Split app = split_query(connect.app);
    const Split url = split_query(behind_host(connect.tc_url));
    const bool has_app = app.path.find_first_not_of('/') != std::string_view::npos;
    return {has_app ? app.path : url.path, app.query.empty() ? url.query : app.query};
}

}  // namespace

Target find_target(const ConnectTarget& connect, std::string_view name) {
    // A whole URL says all of it; encoders with one field for everything send that.
    const bool is_url = name.find("://") < name.find('?');
    if (is_url) name = behind_host(name);
    const Split from_connect = is_url ? Split() : connect_split(connect);
    Split from_name = split_query(name);
    for (const std::string_view prefix : {"mp4:", "flv:", "mp3:"}) {
        const std::size_t slashes = from_name.path.find_first_not_of('/');
        if (slashes == std::string_view::npos) break;
        if (from_name.path.substr(slashes).starts_with(prefix)) {
            from_name.path.remove_prefix(slashes + prefix.size());
            break;
        }
    }
    Target target;
    append_pieces(target.path, from_connect.path);
    append_pieces(target.path, from_name.path);
    append_query(target.query, from_name.query);
    append_query(target.query, from_connect.query);
    return target;
}

}  // namespace st::rtmp
