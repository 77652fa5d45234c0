#include "mux/timing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "mux/failure.h"

namespace st::mux {
namespace {

constexpr std::size_t kHeldBackMax = 16;  // MaxDpbFrames, A.3.1
constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

/// Pictures waiting to be shown, fewest order counts first.
class Waiting {
 public:
    Waiting(std::vector<std::uint32_t>& shown_at) : shown_at_(shown_at) {}

    void add(std::int32_t order, std::size_t picture) {
        std::size_t at = size_++;
        while (at > 0 && held_[at - 1].first > order) {
            held_[at] = held_[at - 1];
            --at;
        }
        held_[at] = {order, static_cast<std::uint32_t>(picture)};
        if (size_ > kHeldBackMax) show_first();
    }
    /// `order` belongs before something that has been shown already.
    bool is_too_late(std::int32_t order) const { return has_shown_ && order < last_shown_; }
    void show_all() {
        while (size_ > 0) show_first();
        has_shown_ = false;
    }

 private:
    void show_first() {
        shown_at_[held_[0].second] = next_place_++;
        last_shown_ = held_[0].first;
        has_shown_ = true;
        std::copy(held_.begin() + 1, held_.begin() + static_cast<std::ptrdiff_t>(size_),
                  held_.begin());
        --size_;
    }

    std::vector<std::uint32_t>& shown_at_;
    std::array<std::pair<std::int32_t, std::uint32_t>, kHeldBackMax + 1> held_{};
    std::size_t size_ = 0;
    std::uint32_t next_place_ = 0;
    std::int32_t last_shown_ = 0;
    bool has_shown_ = false;
};

bool goes_back(std::uint64_t before, std::uint64_t now) {
    return static_cast<std::int64_t>(now - before) <= 0;
}

struct DeviceTimes {
    std::vector<std::uint64_t> times;  ///< by place in display order
    bool in_decoding_order = false;
};

DeviceTimes device_times(const mp4::PictureIndex& pictures,
                         const std::vector<std::uint32_t>& shown_at) {
    DeviceTimes out;
    out.times.resize(pictures.size());
    for (std::size_t i = 0; i < pictures.size(); ++i)
        out.times[shown_at[i]] = pictures[i].device_ms;
    std::size_t back_as_coded = 0;
    std::size_t back_as_shown = 0;
    for (std::size_t i = 1; i < pictures.size(); ++i) {
        if (pictures[i].is_bare || pictures[i - 1].is_bare) continue;
        back_as_coded += goes_back(pictures[i - 1].device_ms, pictures[i].device_ms) ? 1 : 0;
        back_as_shown += goes_back(out.times[i - 1], out.times[i]) ? 1 : 0;
    }
    // A camera may stamp pictures as it codes them: then the earliest time is the first picture
    // shown.
    out.in_decoding_order = back_as_coded < back_as_shown;
    if (out.in_decoding_order) {
        for (std::size_t i = 0; i < pictures.size(); ++i) {
            if (!pictures[i].is_bare) out.times[i] = pictures[i].device_ms;
        }
    }
    return out;
}

/// Pictures arrive as they were coded; the n-th to arrive gives the n-th shown its time.
std::vector<std::uint64_t> arrival_times(const mp4::PictureIndex& pictures) {
    std::vector<std::uint64_t> times(pictures.size());
    for (std::size_t i = 0; i < pictures.size(); ++i) times[i] = pictures[i].arrival_ns;
    return times;
}

/// Places in display order are numbers in decoding order where an input begins: nothing is held
/// back over it.
std::vector<std::size_t> seams_of(const mp4::PictureIndex& pictures) {
    std::vector<std::size_t> seams;
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        if (pictures[i].is_seam) seams.push_back(i);
    }
    return seams;
}

std::optional<double> rate(std::size_t pictures, double seconds) {
    if (pictures < 2 || seconds <= 0) return std::nullopt;
    return static_cast<double>(pictures - 1) / seconds;
}

std::string plural(std::uint64_t count, const std::string& what) {
    return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

}  // namespace

std::string to_string(Timing timing) {
    switch (timing) {
        case Timing::automatic:
            return "auto";
        case Timing::device:
            return "device";
        case Timing::arrival:
            return "arrival";
        case Timing::constant:
            return "constant";
    }
    return {};
}

std::vector<std::uint32_t> display_order(const mp4::PictureIndex& pictures) {
    std::vector<std::uint32_t> shown_at(pictures.size());
    Waiting waiting(shown_at);
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        const mp4::Picture& picture = pictures[i];
        if (picture.begins_sequence || waiting.is_too_late(picture.order)) waiting.show_all();
        waiting.add(picture.order, i);
    }
    waiting.show_all();
    return shown_at;
}

std::optional<double> rate_of(const media::Vui& vui) {
    if (vui.time_scale == 0 || vui.num_units_in_tick == 0) return std::nullopt;
    const double fps = static_cast<double>(vui.time_scale) / (2.0 * vui.num_units_in_tick);
    return fps >= 0.001 && fps <= 1000 ? std::optional(fps) : std::nullopt;
}

void time_bare_pictures(mp4::PictureIndex& pictures, const std::vector<std::uint32_t>& shown_at,
                        std::span<const double> rates) {
    std::size_t stream = 0;
    std::uint64_t latest = 0;  // device time of what came before
    for (std::size_t first = 0; first < pictures.size();) {
        const mp4::Picture* const before = first > 0 ? &pictures[first - 1] : nullptr;
        if (!pictures[first].begins_bare(before)) {
            const bool is_later = before == nullptr || pictures[first].is_seam ||
                                  !goes_back(latest, pictures[first].device_ms);
            if (is_later) latest = pictures[first].device_ms;
            ++first;
            continue;
        }
        std::size_t end = first + 1;
        while (end < pictures.size() && pictures[end].is_bare && !pictures[end].is_seam) ++end;
        const double step_ms = 1000 / rates[stream++];
        const auto after = [&](std::size_t steps) {
            return static_cast<std::uint64_t>(std::llround(static_cast<double>(steps) * step_ms));
        };
        std::uint64_t begin = latest + after(1);
        if (first == 0) begin = end < pictures.size() ? pictures[end].device_ms - after(end) : 0;
        for (std::size_t i = first; i < end; ++i)
            pictures[i].device_ms = begin + after(shown_at[i] - first);
        latest = begin + after(end - first - 1);
        first = end;
    }
}

namespace {

/// The pictures came in much faster than they were taken: sent from a file, not as they were
/// filmed. Believed only of a device clock that is right more often than not.
bool came_faster_than_taken(const TimingChoice& device, std::uint64_t repairs,
                            const std::vector<std::uint64_t>& arrival) {
    constexpr std::uint64_t kMuchFaster = 4;
    const std::size_t count = arrival.size();
    if (count < 2 || repairs * 2 > count || goes_back(arrival.front(), arrival.back() + 1))
        return false;
    const std::uint64_t taken_ns = static_cast<std::uint64_t>(device.times.median_ticks) *
                                   (count - 1) * kNsPerSecond / media::kTicksPerSecond;
    return (arrival.back() - arrival.front()) < taken_ns / kMuchFaster;
}

}  // namespace

TimingChoice choose_timing(const mp4::PictureIndex& pictures,
                           const std::vector<std::uint32_t>& shown_at,
                           const TimingRequest& request) {
    TimingChoice choice;
    const std::size_t count = pictures.size();
    std::vector<std::uint64_t> arrival;
    if (request.has_arrival_times) {
        arrival = arrival_times(pictures);
        if (count > 0 && !goes_back(arrival.front(), arrival.back())) {
            const auto span = static_cast<double>(arrival.back() - arrival.front());
            choice.fps_arrival = rate(count, span / static_cast<double>(kNsPerSecond));
        }
    }
    const std::vector<std::size_t> seams = seams_of(pictures);
    const media::ClockTimes other{arrival, kNsPerSecond, seams};
    std::uint64_t device_repairs = 0;
    if (request.has_device_times) {
        DeviceTimes device = device_times(pictures, shown_at);
        choice.times = media::plan_times({device.times, 1000, seams}, other, request.max_gap);
        choice.in_decoding_order = device.in_decoding_order;
        device_repairs = choice.times.repairs;
        choice.clocks_are_sound =
            device_repairs == 0 && choice.times.restarts.empty() && std::ranges::is_sorted(arrival);
        if (media::is_trustworthy(device_repairs, count) && count > 1) {
            choice.fps_device = rate(
                count, static_cast<double>(choice.times.ticks.back()) / media::kTicksPerSecond);
        }
    }
    const bool is_auto = request.timing == Timing::automatic;
    if (request.timing == Timing::device && !request.has_device_times) {
        throw Failure(Exit::bad_input, "--timing device: the input carries no device times");
    }
    if (request.timing == Timing::arrival && !request.has_arrival_times) {
        throw Failure(Exit::bad_input, "--timing arrival: the input carries no arrival times");
    }
    const bool has_arrivals_to_use =
        request.has_arrival_times &&
        (!request.has_device_times || !came_faster_than_taken(choice, device_repairs, arrival));
    const bool device_is_best = media::is_trustworthy(device_repairs, count) ||
                                (request.has_arrival_times && !has_arrivals_to_use);
    const std::string repairs =
        plural(device_repairs, "device time") + " of " + std::to_string(count);
    if (request.timing == Timing::device ||
        (is_auto && !request.fps_was_given && request.has_device_times && device_is_best)) {
        choice.timing = Timing::device;
        choice.why = !is_auto              ? "asked for"
                     : device_repairs == 0 ? "all device times are sound"
                     : media::is_trustworthy(device_repairs, count)
                         ? repairs + " repaired"
                         : repairs +
                               " repaired, but the pictures came in faster than they were "
                               "taken";
        return choice;
    }
    if (request.timing == Timing::arrival ||
        (is_auto && !request.fps_was_given && request.has_arrival_times)) {
        choice.timing = Timing::arrival;
        choice.times = media::plan_times(other, {}, request.max_gap);
        choice.why = is_auto ? repairs + " would need a repair" : "asked for";
        return choice;
    }
    choice.timing = Timing::constant;
    choice.times = media::constant_times(count, request.constant_fps);
    choice.why = request.fps_was_given ? "frame rate given"
                 : !is_auto            ? "asked for"
                 : request.has_device_times
                     ? repairs + " would need a repair and there are no arrival times"
                     : "the input carries no times";
    return choice;
}

}  // namespace st::mux
