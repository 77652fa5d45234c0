// Any document: it is refused in words that can be shown, or it survives writing and reading
// unchanged, and neither form holds a control character.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "json/read.h"
#include "json/write.h"

namespace {

using namespace st;

void check(bool holds) {
    if (!holds) std::abort();
}

bool is_clean(std::string_view text) { return clean_text(text, text.size()) == text; }

void check_document(std::string_view text, const json::Limits& limits) {
    const auto value = json::read(text, limits);
    if (!value) {
        check(!value.error().message.empty() && is_clean(value.error().message));
        check(is_clean(value.error().path) && value.error().line > 0);
        return;
    }
    const std::string written = json::write(*value);
    check(is_clean(written));
    // Escapes may make it longer than it was.
    const json::Limits again{written.size(), limits.depth_max};
    const auto back = json::read(written, again);
    check(back && *back == *value);
    const auto indented = json::read(json::write_indented(*value), {16 * text.size() + 4096, 16});
    check(indented && *indented == *value);
    const json::Value cleaned = json::cleaned(*value, 100);
    check(json::cleaned(cleaned, 100) == cleaned);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_document(text, {});
    check_document(text, {.bytes_max = 4096, .depth_max = 4, .has_comments = true});
    return 0;
}
