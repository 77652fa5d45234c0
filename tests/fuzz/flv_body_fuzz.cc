/// Tag bodies: the first byte chooses the type. Whatever becomes a packet can be written as a tag
/// and becomes the same packet again.
#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "flv/body.h"
#include "flv/metadata.h"
#include "flv/normaliser.h"
#include "flv/tag.h"
#include "media/aac_config.h"
#include "media/avc_config.h"

namespace {

bool is_same(const st::media::Packet& a, const st::media::Packet& b) {
    return a.track == b.track && a.codec == b.codec && a.is_config == b.is_config &&
           a.is_key == b.is_key && a.is_colour == b.is_colour && a.codec_tag == b.codec_tag &&
           a.track_id == b.track_id && a.cts_ms == b.cts_ms && a.dts_ms == b.dts_ms &&
           std::ranges::equal(a.payload.bytes(), b.payload.bytes());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace st::flv;
    if (size == 0) return 0;
    constexpr TagType kTypes[] = {TagType::video, TagType::audio, TagType::script};
    const TagType type = kTypes[data[0] % 3];
    const st::Bytes body(data + 1, size - 1);
    const auto packet = to_packet(type, data[0], body);
    if (!packet || !*packet) return 0;
    if (tag_type(**packet) != type || (*packet)->payload.empty()) std::abort();
    if ((*packet)->track == st::media::Track::metadata && !(*packet)->is_passing &&
        !parse_metadata((*packet)->payload.bytes()))
        std::abort();
    const st::Buffer tag = encode_tag(**packet);
    if (tag.size() != tag_bytes(**packet)) std::abort();
    TagReader reader({.body_bytes_max = kBodyBytesMax});
    const auto header = encode_header(true, true);
    reader.feed(header);
    if (*reader.next()) std::abort();
    reader.feed(tag.bytes());
    auto read = reader.next();
    if (!read || !*read) std::abort();
    auto again = to_packet((*read)->type, (*read)->timestamp_ms, std::move((*read)->body));
    if (!again || !*again || !is_same(**packet, **again)) std::abort();
    // Whatever a publisher says of H.264: what goes on to viewers can be read.
    Normaliser normaliser;
    std::vector<st::media::Packet> made;
    normaliser.feed(std::move(**again), made);
    normaliser.flush(made);
    for (const st::media::Packet& one : made) {
        if (one.codec != st::media::Codec::h264 || !one.is_config) continue;
        const auto config = st::media::parse_avc_config(one.payload.bytes());
        if (!config) std::abort();
        st::media::picture_size(*config);
    }
    return 0;
}
