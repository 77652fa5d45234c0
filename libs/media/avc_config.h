#pragma once
/// The decoder configuration of H.264: one reader and one writer for MP4, FLV and live viewers.
/// Pure. Spec: ISO/IEC 14496-15, 5.3.3.1 (avcC).
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/result.h"

namespace st::media {

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

/// The record for these parameter sets, NAL units without start codes; lengths of 4 bytes. At most
/// 31 SPS, the first of them of 4 bytes or more, and 255 PPS, none over 65,535 bytes.
///
/// All profiles but baseline, main and extended end in the chroma format and bit depths, as later
/// editions have it; the edition of 2010 names 100, 110, 122 and 144 alone. A reader by that
/// edition stops in front of them, one by a later edition misses them where they are left out
/// (High 4:4:4 Predictive, 244). They are left out of an SPS that parse_sps() does not take.
Buffer encode_avc_config(std::span<const Bytes> sps_list, std::span<const Bytes> pps_list);

/// A NAL unit behind a length of 4 bytes, as samples have it (5.3.4.2).
void append_with_length(Buffer& out, Bytes nal);

struct PictureSize {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
};
/// What the first SPS says; nullopt without one that can be read.
std::optional<PictureSize> picture_size(const AvcConfig& config);

}  // namespace st::media
