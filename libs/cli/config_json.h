#pragma once
/// Reads a JSON document with // comments against a Schema. Used by Layers alone.
#include <string>
#include <string_view>
#include <vector>

#include "cli/config.h"

namespace st::cli {

/// Lists keep their number of entries under their path with this ending.
constexpr std::string_view kCountEnding = "[]";

struct JsonReading {
    std::vector<Setting> values;        ///< checked, in kept form; entries of lists with index
    std::vector<std::string> problems;  ///< not empty: do not use the values
};

/// `name` is for messages about the text as a whole.
JsonReading read_json(const Schema& schema, std::string_view name, std::string_view text);

/// check_value() of a text that messages show otherwise than it is kept: `shown`.
Result<std::string> check_value(const Key& key, std::string_view text, std::string_view shown);

/// A text as messages show it: one line of at most 60 characters, whatever it holds.
std::string printable(std::string_view text);

/// "expected a duration such as "1s", got 5x" and "expected a number from 1 to 9, got 12".
std::string type_problem(const Key& key, std::string_view shown);
std::string range_problem(const Key& key, std::string_view shown);

/// "recording.sinc: unknown key; did you mean recording.sync?"
std::string unknown_problem(const Schema& schema, const std::string& path);

}  // namespace st::cli
