#pragma once
/// Flashes of light in the pictures of several cameras, found row by row: when each camera's clock
/// says that the light went off. Pure. Spec: docs/times.md, "Check it with a lamp".
///
/// A row that begins its exposure before the light goes off still gets some of it, the next one
/// below gets none. So the lowest row that is lit tells when the light went off, whatever the
/// exposure and however long the flash: the row's own time, which is its picture's plus its share
/// of the read-out from the top down. Where a lamp lights a part of the view alone, the rows that
/// it never lit say nothing: the light went off before the next row that some flash lit.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace st::takes {

/// How long a sensor takes from its first row to its last.
struct Readout {
    /// Below 0: from the bottom up. Nobody said: most lie between 0 and 30 ms.
    double us = 15'000;
    double off_us = 15'000;  ///< it may be so much more or less
};

/// How bright a camera's pictures are.
struct Brightness {
    std::span<const std::int64_t> taken_us;  ///< of each picture, rising
    std::span<const std::uint16_t> means;    ///< `bands` for each picture, from the top, in 1/256
    std::size_t bands = 0;
    Readout readout;
};

/// The light went off then, by one camera.
struct Flash {
    double at_us = 0;
    double off_us = 0;  ///< what rows and read-out leave open
};

/// Of a short or long light that is clearly brighter than what was before and behind.
std::vector<Flash> find_flashes(const Brightness& brightness);

/// What a camera's clock says of the flashes, against those of all others.
struct FlashCheck {
    std::size_t flashes = 0;  ///< that others saw too; 0: there is nothing to say
    double off_us = 0;        ///< how much later than by the others' clocks it saw them
    double allowed_us = 0;    ///< what the bounds and the rows leave open
    bool is_refuted() const;
};

struct Witness {
    std::vector<Flash> flashes;
    double bound_us = 0;  ///< of its times
};

/// Flashes that two cameras put farther apart than that are not one.
constexpr double kSameFlashUs = 250'000;

std::vector<FlashCheck> compare(std::span<const Witness> cameras);

}  // namespace st::takes
