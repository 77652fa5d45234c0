#pragma once
/// The one cleaner of what peers say: every name, model, message, close reason and header value
/// passes it before it goes to a log, an event, a table, JSON or a file. Pure; any thread.
#include <cstddef>
#include <string>
#include <string_view>

namespace st {

/// Well-formed UTF-8 on one line, which neither moves a terminal's cursor nor turns the direction
/// of what stands behind it. Replaced by U+FFFD, one each: bytes that are not UTF-8, C0 and C1
/// controls, DEL, bidirectional marks, overrides and isolates, U+FEFF; tab, line feed, carriage
/// return and the line and paragraph separators become a blank. At most `bytes_max` bytes, cut
/// between characters.
std::string clean_text(std::string_view text, std::size_t bytes_max);

/// What a peer's text is cut to where a person reads it: a log line, an event, a table.
constexpr std::size_t kShownBytesMax = 200;
inline std::string shown(std::string_view text) { return clean_text(text, kShownBytesMax); }

/// True if clean_text() would leave it as it is.
bool is_clean(std::string_view text);

/// True for a character that clean_text() replaces.
bool is_unsafe(char32_t character);

/// Takes one character off the front of `text`, which must not be empty. A byte that starts no
/// well-formed sequence is taken alone and gives U+FFFD and is_valid = false.
struct Character {
    char32_t value = 0;
    std::string_view bytes;
    bool is_valid = true;
};
Character take_character(std::string_view& text);

}  // namespace st
