#pragma once
/// {"items":[...],"next":null}: every list of the API; with "building":true while the server does
/// not know yet all there is. Pure.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/error.h"

namespace st::control {

constexpr std::uint64_t kListLimitDefault = 1000;
constexpr std::uint64_t kListLimitMax = 10'000;
constexpr std::size_t kCursorBytesMax = 300;

/// Items as JSON texts, so that a page can carry what another library encoded (session.json).
struct List {
    std::vector<std::string> items;   ///< each a JSON object
    std::optional<std::string> next;  ///< the cursor of the next page; none: this is the last
    bool is_building = false;         ///< more may be there than is known yet
};

/// The items go out unchanged: the caller vouches that each is one valid JSON object.
std::string encode(const List& list);
Decoded<List> decode_list(std::string_view body);

/// {"ok":true,"<what>":"<name>"}: what kicking a camera ("camera") or deleting a recording
/// ("recording") answers. A "viewer" has a number.
std::string encode_done(std::string_view what, std::string_view name);
std::string encode_done(std::string_view what, std::uint64_t number);

}  // namespace st::control
