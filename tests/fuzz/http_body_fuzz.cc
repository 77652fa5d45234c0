/// A body does not depend on how its bytes were cut, and never grows over its limit.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/body.h"

namespace {

using namespace st;

constexpr std::uint64_t kBodyBytesMax = 1000;

struct Outcome {
    std::string body;
    bool failed = false;
    bool complete = false;
    std::size_t used = 0;

    bool operator==(const Outcome&) const = default;
};

Outcome read(http::BodyReader reader, Bytes wire, std::size_t step) {
    Outcome outcome;
    while (!reader.is_complete() && outcome.used < wire.size()) {
        const Bytes piece = wire.subspan(outcome.used, std::min(step, wire.size() - outcome.used));
        auto used = reader.collect(piece, outcome.body);
        if (outcome.body.size() > kBodyBytesMax) std::abort();
        if (!used) {
            outcome.failed = true;
            outcome.used = 0;
            outcome.body.clear();  // how much came before the error depends on the pieces
            break;
        }
        outcome.used += *used;
    }
    outcome.complete = reader.is_complete();
    return outcome;
}

}  // namespace

/// The first byte says what announces the body; the rest is the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    http::RequestHead head;
    head.chunked = (data[0] & 1) != 0;
    if (!head.chunked) head.content_length = data[0];
    auto reader = http::BodyReader::of_request(head, kBodyBytesMax);
    if (!reader) std::abort();
    const Bytes wire(data + 1, size - 1);
    const Outcome whole = read(*reader, wire, size);
    for (const std::size_t step : {1U, 3U, 17U}) {
        if (read(*reader, wire, step) != whole) std::abort();
    }
    return 0;
}
