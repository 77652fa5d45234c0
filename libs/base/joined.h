#pragma once
/// A list as one text. Pure.
#include <string>
#include <string_view>
#include <vector>

namespace st {

/// Empty words are left out.
std::string joined(const std::vector<std::string>& words, std::string_view between = " ");

}  // namespace st
