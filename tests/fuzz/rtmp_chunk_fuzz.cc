/// Chunks: what comes out does not depend on how the bytes were cut, memory stays in its bounds,
/// and what was read is read again from what the writer makes of it.
#include <cstdlib>
#include <string>
#include <vector>

#include "../support/pieces.h"
#include "rtmp/aggregate.h"
#include "rtmp/chunk_reader.h"
#include "rtmp/chunk_writer.h"
#include "rtmp/command.h"

namespace st::rtmp {
namespace {

constexpr ChunkLimits kLimits{.media_bytes_max = 200'000,
                              .other_bytes_max = 5'000,
                              .chunk_streams_max = 20,
                              .held_bytes_max = 300'000};

struct Trace {
    std::vector<std::string> messages;
    std::string error;
    std::uint64_t bytes_read = 0;

    bool operator==(const Trace&) const = default;
};

Buffer content(const Message& message) {
    Buffer whole(Bytes(message.body.head).first(message.body.head_bytes));
    whole.append(message.body.payload.bytes());
    return whole;
}

std::string flatten(const Message& message) {
    if (message.body.size() > kLimits.media_bytes_max) std::abort();
    const Buffer whole = content(message);
    return std::to_string(static_cast<int>(message.type)) + " " +
           std::to_string(message.timestamp_ms) + " " + std::to_string(message.stream_id) + " " +
           std::string(as_text(whole.bytes()));
}

Trace run(Bytes wire, std::uint32_t seed) {
    ChunkReader reader(kLimits);
    Trace trace;
    for (test::Pieces pieces(wire, seed, 0x7, 0xFFF); !pieces.at_end();) {
        reader.feed(pieces.next());
        const auto error = test::pull(
            reader, [&](const Message& message) { trace.messages.push_back(flatten(message)); });
        if (error) {
            trace.error = error->message;
            return trace;
        }
        if (reader.held_bytes() > kLimits.held_bytes_max) std::abort();
    }
    trace.bytes_read = reader.bytes_read();
    return trace;
}

/// Each message written by us, in small chunks, is the same message.
void check_round_trips(Bytes wire) {
    ChunkReader reader(kLimits);
    reader.feed(wire);
    for (auto message = reader.next(); message && *message; message = reader.next()) {
        if ((*message)->type == MessageType::aggregate) {
            AggregateReader parts((*message)->body.payload.bytes(), (*message)->timestamp_ms);
            for (auto part = parts.next(); part && *part; part = parts.next()) {
            }
        }
        const Buffer body = content(**message);
        (void)decode_command((*message)->type, body.bytes());
        Buffer written;
        append_message(written, (*message)->type, 7, (*message)->timestamp_ms,
                       (*message)->stream_id, body.bytes(), kDefaultChunkBytes);
        ChunkReader second(kLimits);
        second.feed(written.bytes());
        auto again = second.next();
        if (!again || !*again || flatten(**again) != flatten(**message)) std::abort();
    }
}

}  // namespace
}  // namespace st::rtmp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace st::rtmp;
    const st::Bytes wire(data, size);
    const auto seed = static_cast<std::uint32_t>(size * 2'654'435'761U);
    if (run(wire, seed) != run(wire, seed + 1)) std::abort();
    check_round_trips(wire);
    return 0;
}
