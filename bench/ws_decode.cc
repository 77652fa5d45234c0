/// How fast the WebSocket decoder turns received bytes into messages, against memcpy of as many:
/// ws_decode [MESSAGE_BYTES...]. One line each: GB/s of both and their ratio.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ws/codec.h"
#include "ws/encode.h"

namespace st::bench {
namespace {

constexpr std::size_t kReceiveBytes = 256 * 1024;
constexpr std::size_t kTotalBytes = std::size_t{2} << 30;

/// A receive buffer full of whole masked frames.
std::vector<std::uint8_t> make_wire(std::size_t message_bytes) {
    const std::vector<std::uint8_t> payload(message_bytes, 0x5A);
    const Buffer frame = ws::encode_frame(ws::Opcode::binary, payload, ws::MaskKey{1, 2, 3, 4});
    std::vector<std::uint8_t> wire;
    do {
        wire.insert(wire.end(), frame.bytes().begin(), frame.bytes().end());
    } while (wire.size() + frame.size() <= kReceiveBytes);
    return wire;
}

template <class Work>
double gigabytes_per_s(std::size_t bytes_each, Work work) {
    work();  // warm
    const std::size_t rounds = kTotalBytes / bytes_each + 1;
    const std::int64_t start = monotonic_ns();
    for (std::size_t i = 0; i < rounds; ++i) work();
    return static_cast<double>(rounds * bytes_each) / static_cast<double>(monotonic_ns() - start);
}

void measure(std::size_t message_bytes) {
    const std::vector<std::uint8_t> wire = make_wire(message_bytes);
    std::uint64_t seen = 0;
    ws::Decoder decoder(ws::Role::server);
    const double decode = gigabytes_per_s(wire.size(), [&] {
        decoder.feed(wire);
        for (;;) {
            auto event = decoder.next();
            if (!event) std::abort();
            if (!*event) break;
            seen += std::get<ws::Binary>(**event).payload.bytes().back();
        }
    });
    // The same bytes into buffers of the same sizes, allocated as often.
    const double copy = gigabytes_per_s(wire.size(), [&] {
        for (std::size_t at = 0; at + message_bytes <= wire.size(); at += message_bytes) {
            Buffer buffer(Bytes(wire).subspan(at, message_bytes));
            seen += buffer.bytes().back();
        }
    });
    std::printf("%8zu bytes a message: decoder %5.1f GB/s, memcpy %5.1f GB/s, %.2f (%llu)\n",
                message_bytes, decode, copy, decode / copy, static_cast<unsigned long long>(seen));
}

}  // namespace
}  // namespace st::bench

int main(int argc, char** argv) {
    std::vector<std::size_t> sizes{100, 1'000, 8'350, 75'000, 1'000'000};
    if (argc > 1) sizes.clear();
    for (int i = 1; i < argc; ++i) sizes.push_back(std::stoul(argv[i]));
    for (const std::size_t size : sizes) st::bench::measure(size);
}
