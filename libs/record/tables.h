#pragma once
/// The table of a recording's pictures, changed after the recording was finished. Any thread that
/// may block, any process.
#include <string>
#include <string_view>

#include "base/result.h"

namespace st::record {

/// Replaces pictures.csv in `directory`, and its size in session.json. Error: the disk refuses, or
/// it is no recording that has ended.
Result<void> store_table(const std::string& directory, std::string_view text);

}  // namespace st::record
