/// A target that is accepted has clean segments, and encoding them again gives the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/encodings.h"
#include "base/text.h"
#include "http/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace st;
    const auto target = http::parse_target(as_text({data, size}));
    if (!target) {
        if (target.error().code != 400) std::abort();
        return 0;
    }
    std::string again = "/";
    for (const std::string& segment : target->segments) {
        if (segment.empty() || segment == "." || segment == ".." ||
            segment.size() > http::kSegmentBytesMax || !is_clean(segment)) {
            std::abort();
        }
        for (const char c : segment) {
            if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20) std::abort();
        }
        again += percent_encode(segment) + '/';
    }
    const auto second = http::parse_target(again);
    if (!second || second->segments != target->segments) std::abort();
    return 0;
}
