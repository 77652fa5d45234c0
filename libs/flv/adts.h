#pragma once
/// ADTS, whose headers some publishers leave before their AAC. ISO/IEC 14496-3, 1.A.2.2. Pure.
#include "base/bytes.h"

namespace st::flv {

/// Sync word and layer 0: a raw AAC frame cannot begin with these bits.
inline bool has_adts_sync(Bytes bytes) {
    return bytes.size() > 1 && bytes[0] == 0xFF && (bytes[1] & 0xF6) == 0xF0;
}

}  // namespace st::flv
