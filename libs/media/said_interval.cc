#include "media/said_interval.h"

#include "media/aac_config.h"
#include "media/avc_config.h"
#include "media/parameter_sets.h"

namespace st::media {
namespace {

constexpr double kFpsLeast = 1;
constexpr double kFpsMost = 240;

std::optional<double> of_pictures(Bytes record) {
    const auto config = parse_avc_config(record);
    if (!config || config->sps.empty()) return std::nullopt;
    const auto sps = parse_sps(config->sps.front());
    if (!sps || sps->vui.num_units_in_tick == 0 || sps->vui.time_scale == 0) return std::nullopt;
    const double fps = sps->vui.time_scale / (2.0 * sps->vui.num_units_in_tick);
    if (fps < kFpsLeast || fps > kFpsMost) return std::nullopt;
    return 1000 / fps;
}

std::optional<double> of_sound(Bytes config) {
    const auto aac = parse_aac_config(config);
    if (!aac) return std::nullopt;
    return aac->frame_samples() * 1000.0 / aac->sample_rate;
}

}  // namespace

std::optional<double> said_interval_ms(const Packet& config) {
    if (!config.is_config) return std::nullopt;
    const Bytes bytes = config.payload.bytes();
    if (config.codec == Codec::h264) return of_pictures(bytes);
    if (config.codec == Codec::aac) return of_sound(bytes);
    return std::nullopt;
}

}  // namespace st::media
