#pragma once
/// For messages: what a peer says without what would move the cursor or end the line.
#include <string>
#include <string_view>

#include "base/text.h"

namespace st::streamctl {

inline std::string printable(std::string_view text) {
    constexpr std::size_t kPrintedMax = 1000;
    return clean_text(text, kPrintedMax);
}

}  // namespace st::streamctl
