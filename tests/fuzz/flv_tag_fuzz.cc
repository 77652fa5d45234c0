/// FLV streams: what comes out does not depend on how the bytes were cut, and no tag is over its
/// limit.
#include <cstdlib>
#include <string>
#include <vector>

#include "../support/pieces.h"
#include "flv/tag.h"

namespace st::flv {
namespace {

constexpr TagLimits kLimits{.body_bytes_max = 100'000, .data_offset_max = 2'000};

struct Trace {
    std::vector<std::string> tags;
    std::string error;

    bool operator==(const Trace&) const = default;
};

std::string flatten(const Tag& tag) {
    if (tag.body.size() > kLimits.body_bytes_max) std::abort();
    return std::to_string(static_cast<int>(tag.type)) + " " + std::to_string(tag.timestamp_ms) +
           " " + std::string(as_text(Bytes(tag.body.head).first(tag.body.head_bytes))) +
           std::string(as_text(tag.body.payload.bytes()));
}

Trace run(Bytes wire, std::uint32_t seed) {
    TagReader reader(kLimits);
    Trace trace;
    for (test::Pieces pieces(wire, seed, 0xF, 0xFFF); !pieces.at_end();) {
        reader.feed(pieces.next());
        const auto error =
            test::pull(reader, [&](const Tag& tag) { trace.tags.push_back(flatten(tag)); });
        if (error) {
            trace.error = error->message;
            return trace;
        }
        if (reader.held_bytes() > 2 * kLimits.body_bytes_max) std::abort();
    }
    return trace;
}

}  // namespace
}  // namespace st::flv

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace st::flv;
    const st::Bytes wire(data, size);
    const auto seed = static_cast<std::uint32_t>(size * 2'654'435'761U);
    if (run(wire, seed) != run(wire, seed + 1)) std::abort();
    return 0;
}
