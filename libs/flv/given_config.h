#pragma once
/// What a publisher gave as its H.264 decoder configuration, whatever is wrong with it. Pure.
/// Spec: ISO/IEC 14496-15, 5.3.3.1 (AVCDecoderConfigurationRecord).
#include <cstdint>
#include <vector>

#include "base/buffer.h"
#include "base/bytes.h"

namespace st::flv {

using ParameterSet = std::vector<std::uint8_t>;  ///< a NAL unit without start code

struct GivenConfig {
    unsigned length_bytes = 4;      ///< of the length before each NAL unit: 1 to 4
    std::vector<ParameterSet> sps;  ///< each of 4 bytes or more
    std::vector<ParameterSet> pps;
    bool is_sound = false;  ///< a player may get the record as it is, but for its length size

    bool has_sets() const { return !sps.empty() && !pps.empty(); }
};

/// Other units among the sets are left out; a set may stand in the wrong list, behind a start code,
/// or in a record of another version or one that is cut short. The sets may also come as Annex B,
/// behind lengths of 4 bytes, or one directly behind the other.
GivenConfig read_given_config(Bytes record);

/// A record for these sets, with lengths of 4 bytes. `config` has sets.
Buffer encode_config(const GivenConfig& config);

}  // namespace st::flv
