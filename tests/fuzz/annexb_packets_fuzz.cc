/// A camera's buffers on their way to viewers: whatever they hold, each packet is whole NAL units
/// behind their lengths, and its decoding time never goes back.
#include <cstdlib>

#include "media/annexb_packets.h"

namespace {

bool is_whole(st::Bytes payload) {
    while (payload.size() >= 4) {
        const std::size_t size = (std::size_t{payload[0]} << 24) | (std::size_t{payload[1]} << 16) |
                                 (std::size_t{payload[2]} << 8) | payload[3];
        if (size == 0 || size > payload.size() - 4) return false;
        payload = payload.subspan(4 + size);
    }
    return payload.empty();
}

}  // namespace

/// The first byte says where the input is cut into buffers, and how far apart these are shown.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t piece = std::size_t{data[0]} * 8 + 8;
    st::Bytes rest(data + 1, size - 1);
    st::media::AnnexBPackets packets;
    std::vector<st::media::Packet> made;
    std::uint64_t time_ms = data[0];
    while (!rest.empty()) {
        const std::size_t now = rest.size() < piece ? rest.size() : piece;
        packets.feed(rest.first(now), time_ms, made);
        rest = rest.subspan(now);
        time_ms += data[0] % 50U;
    }
    packets.flush(made);
    std::int64_t last_ms = INT64_MIN;
    for (const st::media::Packet& packet : made) {
        if (packet.is_config) continue;
        if (!is_whole(packet.payload.bytes()) || packet.dts_ms < last_ms) std::abort();
        last_ms = packet.dts_ms;
    }
    return 0;
}
