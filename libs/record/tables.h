#pragma once
/// The table of a recording's pictures, changed after the recording was finished. Any thread that
/// may block, any process.
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace st::record {

/// Replaces pictures.csv in `directory` by what `write` puts, and its size in session.json. Error:
/// the disk refuses, it is no recording that has ended, or `write` threw; all is as it was then.
using Put = std::function<void(std::string_view text)>;
Result<void> store_table(const std::string& directory,
                         const std::function<void(const Put&)>& write);

}  // namespace st::record
