#pragma once
/// H.264 pictures as FLV carries them: NAL units behind their lengths, or wrongly as Annex B. Pure.
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/result.h"

namespace st::flv {

/// What walking over NAL units behind lengths of 4 bytes shows.
struct UnitScan {
    bool is_whole = false;  ///< the lengths lead exactly to the end
    bool has_idr = false;   ///< only said if is_whole
};
UnitScan scan_units(Bytes units);

/// 00 00 01 or 00 00 00 01 in front, which may also be a length: ask scan_units() first.
bool begins_with_start_code(Bytes bytes);

/// The NAL units of an Annex B stream, each behind a length of 4 bytes; empty if there are none.
Buffer lengths_from_annex_b(Bytes annex_b);

/// The decoder configuration for the first SPS and PPS in an Annex B stream.
Result<Buffer> config_from_annex_b(Bytes annex_b);

/// The decoder configuration for what an odd AVCDecoderConfigurationRecord holds: other units among
/// the sets, start codes before or within them, a set in the wrong list, another version. It keeps
/// the length size that the record announces. Error if there is no SPS or no PPS in it.
Result<Buffer> config_from_odd_record(Bytes record);

/// The same of NAL units behind lengths of 4 bytes; what is not whole is not looked at.
Result<Buffer> config_from_lengths(Bytes units);

}  // namespace st::flv
