#include "takes/pairing.h"

#include <algorithm>
#include <limits>

namespace st::takes {
namespace {

using Distances = std::vector<std::uint32_t>;

/// Of each picture of `from` while `to` has pictures, to the nearest one of those.
void add_distances(const std::vector<std::int64_t>& from, const std::vector<std::int64_t>& to,
                   Distances& out) {
    if (to.empty()) return;
    auto next = to.begin();
    for (const std::int64_t taken : from) {
        if (taken < to.front()) continue;
        if (taken > to.back()) break;
        while (*next < taken) ++next;
        std::int64_t distance = *next - taken;
        if (next != to.begin()) distance = std::min(distance, taken - *(next - 1));
        out.push_back(static_cast<std::uint32_t>(
            std::min<std::int64_t>(distance, std::numeric_limits<std::uint32_t>::max())));
    }
}

}  // namespace

std::optional<Pairing> pair_cameras(std::span<const Taken> recordings) {
    Distances all;
    for (const Taken& from : recordings) {
        for (const Taken& to : recordings) {
            if (from.camera != to.camera) add_distances(from.us, to.us, all);
        }
    }
    if (all.empty()) return std::nullopt;
    Pairing out;
    out.worst_us = *std::ranges::max_element(all);
    const auto rank = static_cast<std::ptrdiff_t>((all.size() * 95 + 99) / 100 - 1);
    std::ranges::nth_element(all, all.begin() + rank);
    out.p95_us = all[static_cast<std::size_t>(rank)];
    return out;
}

}  // namespace st::takes
