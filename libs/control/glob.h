#pragma once
/// Camera names and patterns over them: `*` any text, `?` one character, `[a-c]` and `[!a-c]` one
/// of a set. Pure; any thread.
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace st::control {

constexpr std::size_t kPatternBytesMax = 128;

/// Whether `pattern` has a character that is special in patterns (no camera name does).
bool is_pattern(std::string_view pattern);

/// An error unless `text` is a camera name or a pattern that could match one.
Result<void> check_pattern(std::string_view text);

/// An error unless `text` is the id of a recording or a pattern over ids.
Result<void> check_id_pattern(std::string_view text);

/// The whole name matches. Linear in both lengths times the number of stars; never exponential.
bool glob_match(std::string_view pattern, std::string_view name);

struct Selection {
    std::vector<std::string> matched;  ///< in the order of `names`, each once
    std::vector<std::string> missing;  ///< names and patterns that matched nothing, as given
};

/// Which of `names` the patterns mean; no patterns at all means every name.
Selection select_names(const std::vector<std::string>& patterns,
                       const std::vector<std::string>& names);

}  // namespace st::control
