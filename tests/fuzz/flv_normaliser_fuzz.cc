/// A publisher's tags, each behind a byte for its type and one for its length: whatever goes on has
/// whole NAL units behind lengths of 4 bytes, and a configuration that can be read.
#include <algorithm>
#include <cstdlib>

#include "flv/body.h"
#include "flv/normaliser.h"
#include "media/avc_config.h"

namespace {

using st::media::Codec;
using st::media::Packet;

bool has_whole_units(st::Bytes payload) {
    constexpr std::size_t kLengthBytes = 4;
    std::size_t at = 0;
    while (payload.size() - at >= kLengthBytes) {
        const std::size_t size = st::load_be32(payload.data() + at);
        at += kLengthBytes;
        if (size == 0 || size > payload.size() - at) return false;
        at += size;
    }
    return at == payload.size() && !payload.empty();
}

void check(std::vector<Packet>& out) {
    for (const Packet& packet : out) {
        if (packet.codec != Codec::h264) continue;
        if (packet.is_config) {
            if (!st::media::parse_avc_config(packet.payload.bytes())) std::abort();
        } else if (!has_whole_units(packet.payload.bytes())) {
            std::abort();
        }
    }
    out.clear();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace st::flv;
    constexpr TagType kTypes[] = {TagType::video, TagType::audio, TagType::script};
    Normaliser normaliser;
    std::vector<Packet> out;
    std::size_t at = 0;
    while (size - at >= 2) {
        const TagType type = kTypes[data[at] % 3];
        const std::size_t length = std::min<std::size_t>(data[at + 1], size - at - 2);
        auto packet =
            to_packet(type, static_cast<std::uint32_t>(at), st::Bytes(data + at + 2, length));
        at += 2 + length;
        if (!packet || !*packet) continue;
        normaliser.feed(std::move(**packet), out);
        check(out);
    }
    normaliser.flush(out);
    check(out);
    return 0;
}
