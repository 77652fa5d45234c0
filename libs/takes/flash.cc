#include "takes/flash.h"

#include <algorithm>
#include <cmath>

namespace st::takes {
namespace {

constexpr double kLevel = 256;              // one step of luma
constexpr double kLeastFall = 6 * kLevel;   // a band that gets no darker was not lit
constexpr double kLeastPeak = 12 * kLevel;  // a light that is no brighter is none
constexpr double kWeakest = 3;  // a flash so much weaker than the best one was half seen
constexpr double kLeastFaint = 2 * kLevel;  // noise and motion are
constexpr std::size_t kBandsLeast = 4;

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

/// All bands of all pictures in the order of their times, and how much darker each is for the next
/// few pictures: that is where it lost its light, whether it had it for one picture or for many.
/// Light that flickers with the mains is back within those.
class Rows {
 public:
    explicit Rows(const Brightness& of)
        : bands_(of.bands), upwards_(of.readout.us < 0), means_(of.means) {
        falls_.resize(means_.size());
        const std::size_t dark = dark_pictures(of.taken_us);
        for (std::size_t i = 0; i + dark * bands_ < falls_.size(); ++i) {
            double after = 0;
            for (std::size_t k = 1; k <= dark; ++k) after = std::max(after, mean(i + k * bands_));
            falls_[i] = mean(i) - after;
        }
    }

    std::size_t size() const { return falls_.size(); }
    double fall(std::size_t i) const { return falls_[i]; }
    std::size_t picture(std::size_t i) const { return i / bands_; }
    std::size_t band(std::size_t i) const { return i % bands_; }
    /// Where in picture `picture` the place `i`, which may lie between two bands, is: 0 where its
    /// sensor begins to read.
    double depth(double i, std::size_t picture) const {
        return (i - static_cast<double>(picture * bands_)) / static_cast<double>(bands_);
    }
    std::size_t bands() const { return bands_; }

 private:
    /// Pictures of a light on the mains repeat within that: at 24 a second, the slowest, six.
    static constexpr double kDarkUs = 250'000;
    static constexpr double kPicturesMost = 100;  ///< in that time

    static std::size_t dark_pictures(std::span<const std::int64_t> taken_us) {
        if (taken_us.size() < 2) return 1;
        const auto span_us = static_cast<double>(taken_us.back() - taken_us.front());
        const double pictures =
            kDarkUs * static_cast<double>(taken_us.size() - 1) / std::max(span_us, 1.0);
        return static_cast<std::size_t>(std::clamp(std::ceil(pictures), 1.0, kPicturesMost));
    }

    /// In the order in which the sensor reads.
    double mean(std::size_t i) const {
        const std::size_t band = i % bands_;
        return static_cast<double>(means_[upwards_ ? i - band + (bands_ - 1 - band) : i]);
    }

    const std::size_t bands_;
    const bool upwards_;
    const std::span<const std::uint16_t> means_;
    std::vector<double> falls_;
};

/// Bands that lost a light together.
struct Run {
    std::size_t first = 0;
    std::size_t last = 0;
    double peak = 0;
};

std::vector<Run> find_runs(const Rows& rows) {
    std::vector<Run> runs;
    std::size_t i = 0;
    while (i < rows.size()) {
        if (rows.fall(i) < kLeastFall) {
            ++i;
            continue;
        }
        Run run{i, i, 0};
        // Bands without it between those that have it belong to a lamp that is a part of the view.
        for (std::size_t dark = 0; i < rows.size() && dark < rows.bands(); ++i) {
            dark = rows.fall(i) >= kLeastFall ? 0 : dark + 1;
            if (dark > 0) continue;
            run.last = i;
            run.peak = std::max(run.peak, rows.fall(i));
        }
        // One band alone may be noise.
        const double clear = std::max(kLeastFall, run.peak / 12);
        while (run.last > run.first &&
               (rows.fall(run.last) < clear || rows.fall(run.last - 1) < clear))
            --run.last;
        // What faint light is left next to it belongs to the flash; in the next picture it has to
        // be clearer than one band of noise.
        const auto is_lit = [&](std::size_t at) {
            const bool goes_on = rows.picture(at) == rows.picture(at - 1);
            const double least = goes_on ? std::max(kLeastFaint, run.peak / 20)
                                         : std::max(kLeastFall, run.peak / 12);
            return rows.fall(at) > least && (goes_on || rows.fall(at + 1) > least);
        };
        while (run.last + 2 < rows.size() && is_lit(run.last + 1)) ++run.last;
        i = std::max(i, run.last + 1);
        runs.push_back(run);
    }
    double best = kLeastPeak * kWeakest;
    for (const Run& run : runs) best = std::max(best, run.peak);
    std::erase_if(runs, [&](const Run& run) { return run.peak < best / kWeakest; });
    return runs;
}

/// Bands in which light can be seen at all: those that some flash lit.
std::vector<bool> lit_bands(const Rows& rows, std::span<const Run> runs) {
    std::vector<bool> out(rows.bands());
    for (const Run& run : runs) {
        for (std::size_t i = run.first; i <= run.last; ++i) {
            if (rows.fall(i) > std::max(kLeastFaint, run.peak / 20)) out[rows.band(i)] = true;
        }
    }
    return out;
}

/// The place behind `last`, the last lit band, where the light fades to nothing: the slope of its
/// last quarter goes on.
double fades_at(const Rows& rows, const Run& run) {
    std::size_t from = run.last;
    while (from > run.first && rows.picture(from - 1) == rows.picture(run.last) &&
           rows.fall(from) < run.peak * 0.75)
        --from;
    if (run.last - from < 2) return static_cast<double>(run.last) + 1;
    const double fall =
        (rows.fall(from) - rows.fall(run.last)) / static_cast<double>(run.last - from);
    if (fall <= 0) return static_cast<double>(run.last) + 1;
    const double more = rows.fall(run.last) / fall;
    // The middle of a band stands for all of it.
    return static_cast<double>(run.last) + 0.5 + std::min(more, 2.0);
}

/// Between the last band that was lit and the next one in which the light would have been seen.
std::optional<Flash> flash_of(const Brightness& of, const Rows& rows, const Run& run,
                              const std::vector<bool>& lit) {
    const double readout_us = std::abs(of.readout.us);
    const std::size_t picture = rows.picture(run.last);
    const auto row_us = [&](double place, std::size_t in) {
        const double depth = std::min(1.0, rows.depth(place, in));
        return static_cast<double>(of.taken_us[in]) + depth * readout_us;
    };
    const double place = fades_at(rows, run);
    Flash out;
    out.at_us = row_us(place, picture);
    out.off_us = std::min(1.0, rows.depth(place, picture)) * of.readout.off_us +
                 readout_us / static_cast<double>(rows.bands());
    std::size_t next = run.last + 1;
    while (rows.picture(next) < of.taken_us.size() && !lit[rows.band(next)]) ++next;
    const std::size_t next_picture = rows.picture(next);
    if (next == run.last + 1 && next_picture == picture) return out;
    if (next_picture >= of.taken_us.size()) return std::nullopt;
    const double dark_us = row_us(static_cast<double>(next), next_picture);
    const double open_us = std::max(0.0, dark_us - out.at_us);
    out.at_us += open_us / 2;
    out.off_us += open_us / 2;
    return out;
}

}  // namespace

bool FlashCheck::is_refuted() const { return flashes > 0 && std::abs(off_us) > allowed_us; }

std::vector<Flash> find_flashes(const Brightness& brightness) {
    std::vector<Flash> found;
    if (brightness.bands < kBandsLeast || brightness.taken_us.empty()) return found;
    const Rows rows(brightness);
    const std::vector<Run> runs = find_runs(rows);
    const std::vector<bool> lit = lit_bands(rows, runs);
    for (const Run& run : runs) {
        // Nobody knows how a light ends that is still there at the end.
        if (run.last + 1 >= rows.size()) continue;
        if (const auto flash = flash_of(brightness, rows, run, lit)) found.push_back(*flash);
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
