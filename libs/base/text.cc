#include "base/text.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.h"

namespace st {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// How many bytes a sequence that begins with `lead` has; 1 for what begins none.
std::size_t sequence_size(unsigned char lead) {
    if (lead < 0xC2) return 1;
    if (lead < 0xE0) return 2;
    if (lead < 0xF0) return 3;
    return lead < 0xF5 ? 4 : 1;
}

bool is_blank(char32_t c) {
    return c == '\t' || c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029;
}

}  // namespace

bool is_unsafe(char32_t c) {
    if (c < 0x20 || (c >= 0x7F && c <= 0x9F)) return true;
    constexpr std::array<std::pair<char32_t, char32_t>, 6> kRanges = {{
        {0x061C, 0x061C},  // Arabic letter mark
        {0x200E, 0x200F},  // left-to-right and right-to-left mark
        {0x2028, 0x202E},  // line and paragraph separator, embeddings and overrides
        {0x2066, 0x206F},  // isolates, and older format characters
        {0xFEFF, 0xFEFF},  // byte order mark
        {0xFFF9, 0xFFFB},  // interlinear annotations
    }};
    return std::any_of(kRanges.begin(), kRanges.end(),
                       [c](const auto& range) { return c >= range.first && c <= range.second; });
}

Character take_character(std::string_view& text) {
    const auto lead = static_cast<unsigned char>(text.front());
    Character out{lead, text.substr(0, 1)};
    const std::size_t size = sequence_size(lead);
    if (lead >= 0x80) {
        out.bytes = text.substr(0, size);
        out.is_valid = size > 1 && is_utf8(as_bytes(out.bytes));
        if (out.is_valid) {
            out.value = lead & (0x7FU >> size);
            for (const char c : out.bytes.substr(1)) {
                out.value = out.value << 6 | (static_cast<unsigned char>(c) & 0x3FU);
            }
        } else {
            out.value = 0xFFFD;
            out.bytes = text.substr(0, 1);
        }
    }
    text.remove_prefix(out.bytes.size());
    return out;
}

std::string clean_text(std::string_view text, std::size_t bytes_max) {
    std::string out;
    while (!text.empty()) {
        const Character character = take_character(text);
        std::string_view kept = character.bytes;
        if (is_blank(character.value)) {
            kept = " ";
        } else if (!character.is_valid || is_unsafe(character.value)) {
            kept = kReplacement;
        }
        if (out.size() + kept.size() > bytes_max) break;
        out.append(kept);
    }
    return out;
}

bool is_clean(std::string_view text) {
    while (!text.empty()) {
        const Character character = take_character(text);
        if (!character.is_valid || is_unsafe(character.value)) return false;
    }
    return true;
}

}  // namespace st
