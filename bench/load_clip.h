#pragma once
/// The stream every camera of the load generator plays: an Annex B file cut into access units.
#include <cstdint>
#include <string>
#include <vector>

#include "ws/mask.h"

namespace st::bench {

struct AccessUnit {
    std::vector<std::uint8_t> masked;  ///< payload, masked for place 16 of a message
    bool is_idr = false;
};

struct Clip {
    std::vector<AccessUnit> units;
    std::vector<std::size_t> idrs;  ///< places one may begin at
};

/// Cuts at access unit delimiters (make the file with them) and masks with `key`, once for all
/// cameras. Throws std::runtime_error if there are none, or the first unit is no IDR.
Clip read_clip(const std::string& path, ws::MaskKey key);

}  // namespace st::bench
