#include "base/utf8.h"

namespace st {

bool Utf8Checker::take(std::uint8_t byte) {
    if (missing_ > 0) {
        if (byte < next_min_ || byte > next_max_) return false;
        --missing_;
        next_min_ = 0x80;
        next_max_ = 0xBF;
        return true;
    }
    if (byte < 0x80) return true;
    // RFC 3629 section 4, the table of well-formed sequences: the range of the second byte is what
    // rules out long forms (E0, F0), surrogates (ED) and code points that do not exist (F4).
    if (byte >= 0xC2 && byte <= 0xDF) {
        missing_ = 1;
    } else if (byte >= 0xE0 && byte <= 0xEF) {
        missing_ = 2;
        if (byte == 0xE0) next_min_ = 0xA0;
        if (byte == 0xED) next_max_ = 0x9F;
    } else if (byte >= 0xF0 && byte <= 0xF4) {
        missing_ = 3;
        if (byte == 0xF0) next_min_ = 0x90;
        if (byte == 0xF4) next_max_ = 0x8F;
    } else {
        return false;
    }
    return true;
}

bool Utf8Checker::feed(Bytes bytes) {
    constexpr std::uint64_t kHighBits = 0x8080808080808080U;
    const std::uint8_t* at = bytes.data();
    const std::uint8_t* const end = at + bytes.size();
    while (valid_ && at < end) {
        if (missing_ == 0 && end - at >= 8) {
            std::uint64_t eight = 0;
            std::memcpy(&eight, at, sizeof eight);
            if ((eight & kHighBits) == 0) {
                at += 8;
                continue;
            }
        }
        valid_ = take(*at++);
    }
    return valid_;
}

bool is_utf8(Bytes bytes) {
    Utf8Checker checker;
    return checker.feed(bytes) && checker.complete();
}

std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    std::size_t size = bytes_max;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
    return text.substr(0, size);
}

}  // namespace st
