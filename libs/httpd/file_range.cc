#include "httpd/file_range.h"

#include <algorithm>

#include "base/field.h"
#include "base/units.h"

namespace st::httpd {

ByteRange read_range(std::string_view header, std::uint64_t size) {
    const ByteRange whole{0, size, 200};
    constexpr std::string_view kUnit = "bytes=";
    header = trim(header);
    if (!iequals(header.substr(0, kUnit.size()), kUnit)) return whole;
    header = trim(header.substr(kUnit.size()));
    const std::size_t dash = header.find('-');
    if (dash == std::string_view::npos || header.find(',') != std::string_view::npos) return whole;
    constexpr std::uint64_t kMax = ~std::uint64_t{0} >> 1;
    const std::string_view first_text = header.substr(0, dash);
    const std::string_view last_text = header.substr(dash + 1);
    if (first_text.empty()) {
        const auto tail = parse_number(last_text, kMax);
        if (!tail) return whole;
        if (*tail == 0 || size == 0) return {0, 0, 416};
        const std::uint64_t bytes = std::min(*tail, size);
        return {size - bytes, bytes, 206};
    }
    const auto first = parse_number(first_text, kMax);
    if (!first) return whole;
    std::uint64_t last = size == 0 ? 0 : size - 1;
    if (!last_text.empty()) {
        const auto given = parse_number(last_text, kMax);
        if (!given || *given < *first) return whole;
        last = std::min(last, *given);
    }
    if (*first >= size) return {0, 0, 416};
    return {*first, last - *first + 1, 206};
}

}  // namespace st::httpd
