#include "mp4/samples.h"

#include <algorithm>

namespace st::mp4 {

std::uint32_t Samples::depth() const {
    std::uint32_t depth = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t place = shown_at[i] - first_place;
        if (i > place) depth = std::max(depth, static_cast<std::uint32_t>(i - place));
    }
    return depth;
}

std::int64_t Samples::decoded(std::size_t i, std::uint32_t depth) const {
    if (i >= depth) return ticks[i - depth] - ticks[0];
    return -static_cast<std::int64_t>(depth - i) * usual_ticks;
}

}  // namespace st::mp4
