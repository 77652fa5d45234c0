#include "media/aac_config.h"

#include <array>
#include <string>

#include "media/nal.h"

namespace st::media {
namespace {

constexpr std::array<std::uint32_t, 13> kSampleRates = {96'000, 88'200, 64'000, 48'000, 44'100,
                                                        32'000, 24'000, 22'050, 16'000, 12'000,
                                                        11'025, 8'000,  7'350};

/// 0 if the index is reserved.
std::uint32_t read_sample_rate(BitReader& bits) {
    const std::uint32_t index = bits.bits(4);
    if (index == 15) return bits.bits(24);
    return index < kSampleRates.size() ? kSampleRates[index] : 0;
}

unsigned read_object_type(BitReader& bits) {
    const unsigned type = bits.bits(5);
    return type == 31 ? 32 + bits.bits(6) : type;
}

}  // namespace

Result<AacConfig> parse_aac_config(Bytes config) {
    BitReader bits(config);
    AacConfig aac;
    aac.object_type = read_object_type(bits);
    aac.sample_rate = read_sample_rate(bits);
    const unsigned channels = bits.bits(4);
    aac.channels = channels == 7 ? 8 : channels;
    constexpr unsigned kSbr = 5;
    constexpr unsigned kParametricStereo = 29;
    if (aac.object_type == kSbr || aac.object_type == kParametricStereo) {
        aac.sample_rate = read_sample_rate(bits);  // what is heard; the first one is the core's
    }
    if (bits.overrun()) {
        return Error{"AudioSpecificConfig: cut short at " + std::to_string(config.size()) +
                     " bytes"};
    }
    if (aac.object_type == 0) return Error{"AudioSpecificConfig: object type 0"};
    if (aac.sample_rate == 0) return Error{"AudioSpecificConfig: reserved sample rate"};
    return aac;
}

}  // namespace st::media
