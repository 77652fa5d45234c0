#include "mp4/sound_clock.h"

#include "media/aac_config.h"

namespace st::mp4 {

std::optional<SoundClock> sound_clock_of(const media::PacketPtr& audio) {
    if (!audio || audio->codec != media::Codec::aac) return std::nullopt;
    const auto config = media::parse_aac_config(audio->payload.bytes());
    if (!config) return std::nullopt;
    return SoundClock(config->sample_rate, config->frame_samples());
}

}  // namespace st::mp4
