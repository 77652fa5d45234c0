#include "flv/inlet.h"

#include "flv/codec_config.h"
#include "flv/metadata.h"
#include "flv/video_data.h"

namespace st::flv {

std::optional<media::Packet> Inlet::admit(media::Packet& packet) {
    if (packet.track == media::Track::metadata) {
        packet.payload = metadata_for_live(std::move(packet.payload));
    }
    if (packet.codec != media::Codec::h264) return std::nullopt;
    if (packet.is_config) {
        const auto config = parse_avc_config(packet.payload.bytes());
        has_sets_ = config && !config->sps.empty() && !config->pps.empty();
        return std::nullopt;
    }
    if (has_sets_ || !packet.is_key) return std::nullopt;
    Result<Buffer> record = config_from_lengths(packet.payload.bytes());
    if (!record) return std::nullopt;
    has_sets_ = true;
    media::Packet config;
    config.is_config = true;
    config.dts_ms = packet.dts_ms;
    config.payload = *std::move(record);
    return config;
}

}  // namespace st::flv
