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

bool is_safe_file_name(std::string_view name) { return name.size() <= 255 && is_plain(name); }

}  // namespace st
