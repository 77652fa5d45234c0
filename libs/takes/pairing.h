#pragma once
/// How well pictures of several cameras can be put in pairs. Pure.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "takes/manifest.h"

namespace st::takes {

/// Pictures of one recording: between two of a camera there is a gap.
struct Taken {
    std::string camera;
    std::span<const std::int64_t> us;  ///< when, in rising order, on the common line
};

/// nullopt: no two cameras have pictures at the same time.
std::optional<Pairing> pair_cameras(std::span<const Taken> recordings);

}  // namespace st::takes
