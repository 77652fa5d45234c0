#pragma once
/// What the system knows the calling thread by, and how much of the processor it gives it.
#include <string_view>

namespace st {

/// As `top -H` shows it: the first 15 bytes.
void name_this_thread(std::string_view name);
/// `nice`: 0 to 19, the most patient. Of this thread alone, and of what it starts.
void lower_priority(int nice);

}  // namespace st
