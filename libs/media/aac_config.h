#pragma once
/// The decoder configuration of AAC. Pure. Spec: ISO/IEC 14496-3, 1.6.2.1
/// (AudioSpecificConfig). That of H.264 is media/avc_config.h.
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace st::media {

struct AacConfig {
    unsigned object_type = 2;  ///< 2: AAC-LC; 5 and 29: announced as HE-AAC
    std::uint32_t sample_rate = 0;
    unsigned channels = 0;  ///< 0: said elsewhere (a program config element)

    /// Of a frame, at sample_rate, which is twice the core's where it is announced as HE-AAC.
    std::uint32_t frame_samples() const {
        return object_type == 5 || object_type == 29 ? 2048 : 1024;
    }
};
Result<AacConfig> parse_aac_config(Bytes config);

}  // namespace st::media
