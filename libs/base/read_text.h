#pragma once
/// Whole files of a bounded size.
#include <cstddef>
#include <string>

#include "base/result.h"

namespace st {

/// Links are followed. Error: it cannot be read, or has more than `bytes_max`; its code is the
/// errno, EFBIG for the latter.
Result<std::string> read_text(const std::string& path, std::size_t bytes_max);

}  // namespace st
