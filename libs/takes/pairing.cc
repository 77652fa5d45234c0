#include "takes/pairing.h"

#include <algorithm>
#include <cstdint>
#include <map>

namespace st::takes {
namespace {

/// How often each distance was found: to a microsecond below a second, else to a millisecond.
class Distances {
 public:
    void add(std::int64_t us) {
        worst_us_ = std::max(worst_us_, us);
        ++count_;
        if (us < kFine) {
            ++fine_[static_cast<std::size_t>(us)];
        } else {
            ++coarse_[us / 1000];
        }
    }
    bool empty() const { return count_ == 0; }
    std::int64_t worst_us() const { return worst_us_; }
    /// The least distance that 95 of 100 do not exceed.
    std::int64_t p95_us() const {
        const std::uint64_t rank = (count_ * 95 + 99) / 100;
        std::uint64_t before = 0;
        for (std::size_t us = 0; us < fine_.size(); ++us) {
            if ((before += fine_[us]) >= rank) return static_cast<std::int64_t>(us);
        }
        for (const auto& [ms, times] : coarse_) {
            if ((before += times) >= rank) return std::min(worst_us_, (ms + 1) * 1000 - 1);
        }
        return worst_us_;
    }

 private:
    static constexpr std::int64_t kFine = 1'000'000;

    std::vector<std::uint64_t> fine_ = std::vector<std::uint64_t>(kFine);
    std::map<std::int64_t, std::uint64_t> coarse_;
    std::uint64_t count_ = 0;
    std::int64_t worst_us_ = 0;
};

/// Of each picture of `from` while `to` has pictures, to the nearest one of those.
void add_distances(std::span<const std::int64_t> from, std::span<const std::int64_t> to,
                   Distances& out) {
    if (to.empty()) return;
    const auto first = std::ranges::lower_bound(from, to.front());
    if (first == from.end()) return;
    auto next = std::ranges::lower_bound(to, *first);
    for (const std::int64_t taken : from.subspan(static_cast<std::size_t>(first - from.begin()))) {
        if (taken > to.back()) break;
        while (*next < taken) ++next;
        std::int64_t distance = *next - taken;
        if (next != to.begin()) distance = std::min(distance, taken - *(next - 1));
        out.add(distance);
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
    return Pairing{all.worst_us(), all.p95_us()};
}

}  // namespace st::takes
