#pragma once
/// H.264 pictures as FLV carries them: NAL units behind their lengths, or wrongly as Annex B. Pure.
#include <cstddef>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/result.h"

namespace st::flv {

/// Calls `take` with each unit behind a length of `length_bytes`, but for empty ones. False: the
/// lengths do not lead exactly to the end.
template <class Take>
bool for_each_unit(Bytes units, Take take, unsigned length_bytes = 4) {
    std::size_t at = 0;
    while (units.size() - at >= length_bytes) {
        std::size_t size = 0;
        for (unsigned i = 0; i < length_bytes; ++i) size = size << 8 | units[at++];
        if (size > units.size() - at) return false;
        if (size > 0) take(units.subspan(at, size));
        at += size;
    }
    return at == units.size();
}

/// What walking over NAL units behind lengths of 4 bytes shows.
struct UnitScan {
    bool is_whole = false;  ///< the lengths lead exactly to the end
    bool has_idr = false;   ///< only said if is_whole
};
UnitScan scan_units(Bytes units);

/// 00 00 01 or 00 00 00 01 in front, and not as the length of a unit, as far as what follows tells.
/// Where lengths are expected, ask scan_units() first.
bool is_annexb_not_length(Bytes bytes);

/// The NAL units of an Annex B stream, each behind a length of 4 bytes; empty if there are none.
Buffer lengths_from_annex_b(Bytes annex_b);

/// The decoder configuration for the first SPS and PPS among NAL units behind lengths of 4 bytes;
/// what is not whole is not looked at. Error if one of them is missing.
Result<Buffer> config_from_lengths(Bytes units);

}  // namespace st::flv
