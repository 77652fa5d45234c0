#include "media/said_interval.h"

#include <algorithm>
#include <array>

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

/// Of the MPEG audio frames, layer III, that fill `frames`. ISO/IEC 11172-3, 2.4.1.3, and 13818-3.
std::optional<double> of_mp3(Bytes frames) {
    constexpr std::array kMpeg1Kbit = {0,   32,  40,  48,  56,  64,  80, 96,
                                       112, 128, 160, 192, 224, 256, 320};
    constexpr std::array kMpeg2Kbit = {0,  8,  16, 24,  32,  40,  48, 56,
                                       64, 80, 96, 112, 128, 144, 160};
    constexpr std::array kMpeg1Rates = {44'100, 48'000, 32'000};
    double ms = 0;
    while (!frames.empty()) {
        if (frames.size() < 4 || frames[0] != 0xFF || (frames[1] & 0xE0) != 0xE0) return {};
        const unsigned version = frames[1] >> 3 & 3;  // 3: MPEG-1, 2: MPEG-2, 0: "2.5"
        const unsigned kbit_index = frames[2] >> 4;
        const unsigned rate_index = frames[2] >> 2 & 3;
        const bool is_layer_3 = (frames[1] >> 1 & 3) == 1;
        if (!is_layer_3 || version == 1 || kbit_index == 0 || kbit_index == 15 || rate_index == 3)
            return {};
        const bool is_mpeg1 = version == 3;
        const int rate = kMpeg1Rates[rate_index] / (is_mpeg1 ? 1 : version == 2 ? 2 : 4);
        const int samples = is_mpeg1 ? 1152 : 576;
        const int kbit = is_mpeg1 ? kMpeg1Kbit[kbit_index] : kMpeg2Kbit[kbit_index];
        const auto bytes =
            static_cast<std::size_t>(samples / 8 * kbit * 1000 / rate + (frames[2] >> 1 & 1));
        if (bytes > frames.size()) return {};
        frames = frames.subspan(bytes);
        ms += samples * 1000.0 / rate;
    }
    return ms > 0 ? std::optional(ms) : std::nullopt;
}

/// Of sound that FLV has for itself: `body` is that of its tag (Annex E.4.2.1 of the Flash video
/// file format).
std::optional<double> of_flv_sound(std::uint32_t codec_tag, Bytes body) {
    constexpr std::uint32_t kFourCcMp3 = 0x2E6D7033;
    constexpr std::size_t kFourCcHead = 5;
    if (body.empty()) return std::nullopt;
    const Bytes data = body.subspan(1);
    const double channels = (body[0] & 1) != 0 ? 2 : 1;
    switch (codec_tag) {
        case 0:
        case 3: {  // PCM
            const double rate = 44'100.0 / (8 >> (body[0] >> 2 & 3));
            const double bytes = channels * ((body[0] & 2) != 0 ? 2 : 1);
            return static_cast<double>(data.size()) / bytes * 1000 / rate;
        }
        case 7:
        case 8:  // G.711, always at 8 kHz
            return static_cast<double>(data.size()) / channels / 8;
        case 2:
        case 14:
            return of_mp3(data);
        case kFourCcMp3:
            return of_mp3(body.subspan(std::min(kFourCcHead, body.size())));
        default:
            return std::nullopt;
    }
}

}  // namespace

std::optional<double> said_interval_ms(const Packet& packet) {
    const Bytes bytes = packet.payload.bytes();
    if (packet.codec == Codec::flv && packet.track == Track::audio && packet.track_id == 0) {
        return of_flv_sound(packet.codec_tag, bytes);
    }
    if (!packet.is_config) return std::nullopt;
    if (packet.codec == Codec::h264) return of_pictures(bytes);
    if (packet.codec == Codec::aac) return of_sound(bytes);
    return std::nullopt;
}

}  // namespace st::media
