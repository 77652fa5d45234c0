/// What comes out of the head reader does not depend on how the bytes were cut, and a head it
/// accepts can be written again and read as the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/head.h"
#include "http/response.h"
#include "http/target.h"

namespace {

using namespace st;

std::string flatten(const http::RequestHead& head) {
    std::string text = head.method + '\n' + head.target + '\n' + head.host + '\n';
    for (const Field& field : head.fields) text += field.name + ':' + field.value + '\n';
    text += std::to_string(head.content_length.value_or(77)) + (head.chunked ? "c" : "-") +
            (head.keep_alive ? "k" : "-") + std::to_string(head.version_minor);
    return text;
}

/// The head, or "error <status>", or "" when more is wanted; `used` counts bytes taken.
std::string read(Bytes wire, std::size_t step, std::size_t& used) {
    http::RequestReader reader;
    used = 0;
    while (used < wire.size() && !reader.is_complete()) {
        auto taken = reader.feed(wire.subspan(used, std::min(step, wire.size() - used)));
        if (!taken) return "error " + std::to_string(taken.error().code);
        used += *taken;
    }
    if (!reader.is_complete()) return {};
    const http::RequestHead head = reader.take();
    if (head.chunked && head.content_length) std::abort();
    if (head.target.starts_with('/')) (void)http::parse_target(head.target);
    return flatten(head);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes wire(data, size);
    std::size_t used_whole = 0;
    std::size_t used_pieces = 0;
    const std::string whole = read(wire, size + 1, used_whole);
    for (const std::size_t step : {1U, 7U}) {
        const std::string pieces = read(wire, step, used_pieces);
        const bool both_failed = whole.starts_with("error ") && pieces.starts_with("error ");
        // Which of two faults is seen first may differ; that there is one may not.
        if (!both_failed && (pieces != whole || used_pieces != used_whole)) std::abort();
    }
    return 0;
}
