#include "takes/flash.h"

#include <algorithm>
#include <cmath>

namespace st::takes {
namespace {

constexpr double kLevel = 256;              // one step of luma
constexpr double kLeastFall = 6 * kLevel;   // a light that is no brighter is none
constexpr double kLeastFaint = 2 * kLevel;  // noise and motion are
constexpr std::size_t kBandsLeast = 4;

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

/// All bands of all pictures in the order of their times, and how much darker each is in the next
/// picture: that is where it lost its light, whether it had it for one picture or for many.
class Rows {
 public:
    explicit Rows(const Brightness& of) : bands_(of.bands), falls_(of.means.size()) {
        for (std::size_t i = 0; i + bands_ < falls_.size(); ++i)
            falls_[i] =
                static_cast<double>(of.means[i]) - static_cast<double>(of.means[i + bands_]);
    }

    std::size_t size() const { return falls_.size(); }
    double fall(std::size_t i) const { return falls_[i]; }
    std::size_t picture(std::size_t i) const { return i / bands_; }
    /// Where in picture `picture` the place `i`, which may lie between two bands, is: 0 the top.
    double depth(double i, std::size_t picture) const {
        return (i - static_cast<double>(picture * bands_)) / static_cast<double>(bands_);
    }
    double bands() const { return static_cast<double>(bands_); }

 private:
    const std::size_t bands_;
    std::vector<double> falls_;
};

/// The place behind `last`, the lowest lit band, where the light fades to nothing: the slope of
/// its last quarter goes on.
double fades_at(const Rows& rows, std::size_t first, std::size_t last, double peak) {
    std::size_t from = last;
    while (from > first && rows.picture(from - 1) == rows.picture(last) &&
           rows.fall(from) < peak * 0.75)
        --from;
    if (last - from < 2) return static_cast<double>(last) + 1;
    const double fall = (rows.fall(from) - rows.fall(last)) / static_cast<double>(last - from);
    if (fall <= 0) return static_cast<double>(last) + 1;
    const double more = rows.fall(last) / fall;
    // The middle of a band stands for all of it.
    return static_cast<double>(last) + 0.5 + std::min(more, 2.0);
}

Flash flash_of(const Brightness& of, const Rows& rows, std::size_t first, std::size_t last,
               double peak) {
    const std::size_t picture = rows.picture(last);
    const double begin_us = static_cast<double>(of.taken_us[picture]);
    const bool is_lowest = (last + 1) % of.bands == 0;
    const double place = fades_at(rows, first, last, peak);
    const double depth = is_lowest ? 1 : std::min(1.0, rows.depth(place, picture));
    Flash out;
    out.at_us = begin_us + depth * of.readout.us;
    out.off_us = depth * of.readout.off_us + of.readout.us / rows.bands();
    // Between the last row of a picture and the first of the next one nothing is seen.
    if (is_lowest && picture + 1 < of.taken_us.size()) {
        const double gap_us =
            std::max(0.0, static_cast<double>(of.taken_us[picture + 1]) - out.at_us);
        out.at_us += gap_us / 2;
        out.off_us += gap_us / 2;
    }
    return out;
}

}  // namespace

bool FlashCheck::is_refuted() const { return flashes > 0 && std::abs(off_us) > allowed_us; }

std::vector<Flash> find_flashes(const Brightness& brightness) {
    std::vector<Flash> found;
    if (brightness.bands < kBandsLeast || brightness.taken_us.empty()) return found;
    const Rows rows(brightness);
    std::size_t i = 0;
    while (i < rows.size()) {
        if (rows.fall(i) < kLeastFall) {
            ++i;
            continue;
        }
        const std::size_t first = i;
        double peak = 0;
        for (; i < rows.size() && rows.fall(i) >= kLeastFall; ++i)
            peak = std::max(peak, rows.fall(i));
        // What faint light is left belongs to the flash.
        std::size_t last = i - 1;
        while (last + 1 < rows.size() && rows.picture(last + 1) == rows.picture(last) &&
               rows.fall(last + 1) > std::max(kLeastFaint, peak / 20))
            ++last;
        i = last + 1;
        // Nobody knows how a light ends that is still there at the end.
        if (i < rows.size()) found.push_back(flash_of(brightness, rows, first, last, peak));
    }
    return found;
}

std::vector<FlashCheck> compare(std::span<const Witness> cameras) {
    std::vector<std::vector<double>> off(cameras.size());
    std::vector<std::vector<double>> open(cameras.size());
    const auto nearest = [](const Witness& camera, double at_us) -> const Flash* {
        const Flash* best = nullptr;
        for (const Flash& flash : camera.flashes) {
            const double apart = std::abs(flash.at_us - at_us);
            if (apart <= kSameFlashUs && (best == nullptr || apart < std::abs(best->at_us - at_us)))
                best = &flash;
        }
        return best;
    };
    for (std::size_t c = 0; c < cameras.size(); ++c) {
        for (const Flash& flash : cameras[c].flashes) {
            std::vector<double> others;
            std::vector<double> others_open;
            for (std::size_t k = 0; k < cameras.size(); ++k) {
                const Flash* const same = k == c ? nullptr : nearest(cameras[k], flash.at_us);
                if (same == nullptr) continue;
                others.push_back(same->at_us);
                others_open.push_back(same->off_us + cameras[k].bound_us);
            }
            if (others.empty()) continue;
            off[c].push_back(flash.at_us - median(others));
            open[c].push_back(flash.off_us + cameras[c].bound_us + median(others_open));
        }
    }
    std::vector<FlashCheck> out(cameras.size());
    for (std::size_t c = 0; c < cameras.size(); ++c) {
        if (off[c].empty()) continue;
        out[c] = {off[c].size(), median(off[c]), median(open[c])};
    }
    return out;
}

}  // namespace st::takes
