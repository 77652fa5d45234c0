#pragma once
/// "Range: bytes=..." of RFC 9110 section 14. Pure.
#include <cstdint>
#include <string_view>

namespace st::httpd {

struct ByteRange {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    int status = 200;  ///< 200 the whole, 206 a part, 416 nothing of it is there
};

/// One range of a file of `size` bytes. Several ranges, other units and what is malformed are
/// ignored, as the RFC allows: the answer is then the whole file.
ByteRange read_range(std::string_view header, std::uint64_t size);

}  // namespace st::httpd
