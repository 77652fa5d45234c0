#pragma once
/// UTF-8 as RFC 3629 allows it: shortest forms, no surrogates, nothing above U+10FFFF.
#include <cstdint>

#include "base/bytes.h"

namespace st {

/// Checks text that arrives in pieces. A wrong byte is found when it comes, not at the end.
class Utf8Checker {
 public:
    /// False once the text so far cannot be the start of valid UTF-8; then for ever.
    bool feed(Bytes bytes);
    /// True if what came is valid and no character is cut off.
    bool complete() const { return valid_ && missing_ == 0; }

 private:
    bool take(std::uint8_t byte);

    bool valid_ = true;
    std::uint8_t missing_ = 0;      ///< continuation bytes still to come
    std::uint8_t next_min_ = 0x80;  ///< what the next one may be
    std::uint8_t next_max_ = 0xBF;
};

bool is_utf8(Bytes bytes);

/// The longest prefix of valid UTF-8 text that has at most `bytes_max` bytes and cuts no character.
std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max);

}  // namespace st
