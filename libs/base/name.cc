#include "base/name.h"

#include <algorithm>

namespace st {
namespace {

bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_plain(std::string_view name) {
    return !name.empty() && is_alnum(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_alnum(c) || c == '.' || c == '_' || c == '-'; });
}

}  // namespace

bool is_valid_name(std::string_view name) { return name.size() <= kNameBytesMax && is_plain(name); }

bool is_stream_path(std::string_view path) {
    if (!path.starts_with('/')) return false;
    const std::size_t slash = path.find('/', 1);
    return slash != std::string_view::npos && is_valid_name(path.substr(1, slash - 1)) &&
           is_valid_name(path.substr(slash + 1));
}

bool is_own_app(std::string_view app) {
    return app == "camera" || app == "api" || app == "ingest" || app == "control" || app == "web";
}

bool is_safe_file_name(std::string_view name) { return name.size() <= 255 && is_plain(name); }

}  // namespace st
