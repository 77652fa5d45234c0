#pragma once
/// The decoder configurations that "sequence headers" carry. Pure.
/// Spec: ISO/IEC 14496-15, 5.3.3.1 (avcC); ISO/IEC 14496-3, 1.6.2.1 (AudioSpecificConfig).
#include <cstdint>
#include <optional>
#include <vector>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/result.h"

namespace st::flv {

/// An AVCDecoderConfigurationRecord. The parts borrow from the bytes it was read from.
struct AvcConfig {
    std::uint8_t profile_idc = 0;
    std::uint8_t constraint_flags = 0;
    std::uint8_t level_idc = 0;
    unsigned length_bytes = 4;  ///< of the length before each NAL unit: 1, 2 or 4
    std::vector<Bytes> sps;
    std::vector<Bytes> pps;
};

/// Error if the record is cut short, has another version or holds what are no parameter sets (HEVC
/// announced as AVC). None of either is allowed: some encoders send them with the pictures. What
/// follows the sets is not looked at.
Result<AvcConfig> parse_avc_config(Bytes record);

/// The record for one pair of parameter sets, NAL units without start codes; lengths of 4 bytes.
/// `sps` is at least 4 bytes. For the high profiles the SPS must be one that media::parse_sps
/// takes.
Buffer encode_avc_config(Bytes sps, Bytes pps);

struct PictureSize {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
};
/// What the first SPS says; nullopt without one that can be read.
std::optional<PictureSize> picture_size(const AvcConfig& config);

struct AacConfig {
    unsigned object_type = 2;  ///< 2: AAC-LC; 5 and 29: announced as HE-AAC
    std::uint32_t sample_rate = 0;
    unsigned channels = 0;  ///< 0: said elsewhere (a program config element)
};
Result<AacConfig> parse_aac_config(Bytes config);

}  // namespace st::flv
