#pragma once
/// Which of the words we know somebody may have meant.
#include <cstddef>
#include <string_view>

namespace st {

/// How many letters must be added, left out or replaced to turn one word into the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace st
