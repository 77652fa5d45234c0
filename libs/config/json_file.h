#pragma once
/// Reads a JSON document with // comments against a Schema. Used by Layers alone.
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"
#include "config/setting.h"

namespace st::config {

constexpr std::size_t kFileBytesMax = 1024 * 1024;
constexpr std::size_t kFileDepthMax = 8;

struct JsonReading {
    std::vector<Setting> values;        ///< checked, in kept form; entries of lists with index
    std::vector<std::string> problems;  ///< not empty: do not use the values
};

/// `name` is for messages about the text as a whole.
JsonReading read_json(const Schema& schema, std::string_view name, std::string_view text);

}  // namespace st::config
