#include "flv/inlet.h"

#include <algorithm>

#include "flv/codec_config.h"
#include "flv/metadata.h"
#include "flv/video_data.h"
#include "media/avc_config.h"

namespace st::flv {
namespace {

std::optional<media::PictureSize> size_of(const Buffer& record) {
    const auto config = media::parse_avc_config(record.bytes());
    return config ? media::picture_size(*config) : std::nullopt;
}

}  // namespace

std::optional<media::Packet> Inlet::admit(media::Packet& packet) {
    if (packet.track == media::Track::metadata) {
        packet.payload = metadata_for_live(std::move(packet.payload));
    }
    if (packet.codec != media::Codec::h264) return std::nullopt;
    if (packet.is_config) {
        const auto config = media::parse_avc_config(packet.payload.bytes());
        const bool has_sets = config && !config->sps.empty() && !config->pps.empty();
        given_ = has_sets ? Buffer(packet.payload.bytes()) : Buffer();
        in_band_.clear();
        return std::nullopt;
    }
    if (!packet.is_key) return std::nullopt;
    Result<Buffer> record = config_from_lengths(packet.payload.bytes());
    if (!record) return std::nullopt;
    const bool is_wanted = is_new(*record);
    in_band_ = *std::move(record);
    if (!is_wanted) return std::nullopt;
    media::Packet config;
    config.is_config = true;
    config.dts_ms = packet.dts_ms;
    config.payload = Buffer(in_band_.bytes());
    return config;
}

/// What comes first beside a configuration is another spelling of it, unless the size is another.
bool Inlet::is_new(const Buffer& record) const {
    if (!in_band_.empty() || given_.empty())
        return !std::ranges::equal(record.bytes(), in_band_.bytes());
    const auto before = size_of(given_);
    const auto now = size_of(record);
    return before && now && (before->width != now->width || before->height != now->height);
}

}  // namespace st::flv
