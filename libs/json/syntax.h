#pragma once
/// Where a text stops being JSON, in words for people. For texts that a parser has refused already:
/// it says why, nothing more. Pure; any thread.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace st::json {

struct SyntaxError {
    std::string message;  ///< one line, cleaned
    std::size_t at = 0;  ///< offset of what does not fit; the size of the text if it ends too early
};

/// The first mistake. Nothing: no mistake of syntax was found.
std::optional<SyntaxError> find_syntax_error(std::string_view text);

}  // namespace st::json
