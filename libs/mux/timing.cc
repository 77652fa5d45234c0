#include "mux/timing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "clock/pace.h"
#include "mux/failure.h"

namespace st::mux {
namespace {

constexpr std::size_t kHeldBackMax = 16;  // MaxDpbFrames, A.3.1
constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
constexpr std::uint64_t kUsPerSecond = 1'000'000;
constexpr std::uint64_t kUsPerMs = 1'000;

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
        out.times[shown_at[i]] = pictures[i].device_us;
    std::size_t back_as_coded = 0;
    std::size_t back_as_shown = 0;
    for (std::size_t i = 1; i < pictures.size(); ++i) {
        if (pictures[i].is_bare || pictures[i - 1].is_bare) continue;
        back_as_coded += goes_back(pictures[i - 1].device_us, pictures[i].device_us) ? 1 : 0;
        back_as_shown += goes_back(out.times[i - 1], out.times[i]) ? 1 : 0;
    }
    // A camera may stamp pictures as it codes them: then the earliest time is the first picture
    // shown.
    out.in_decoding_order = back_as_coded < back_as_shown;
    if (out.in_decoding_order) {
        for (std::size_t i = 0; i < pictures.size(); ++i) {
            if (!pictures[i].is_bare) out.times[i] = pictures[i].device_us;
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

std::optional<double> said_rate_of(const media::Vui& vui) {
    if (vui.time_scale == 0 || vui.num_units_in_tick == 0) return std::nullopt;
    return static_cast<double>(vui.time_scale) / (2.0 * vui.num_units_in_tick);
}

std::optional<double> rate_of(const media::Vui& vui) {
    constexpr double kLeast = 1;
    constexpr double kMost = 240;
    const auto fps = said_rate_of(vui);
    return fps && *fps >= kLeast && *fps <= kMost ? fps : std::nullopt;
}

void time_bare_pictures(mp4::PictureIndex& pictures, const std::vector<std::uint32_t>& shown_at,
                        std::span<const double> rates) {
    std::size_t stream = 0;
    std::uint64_t latest = 0;  // device time of what came before
    for (std::size_t first = 0; first < pictures.size();) {
        const mp4::Picture* const before = first > 0 ? &pictures[first - 1] : nullptr;
        if (!pictures[first].begins_bare(before)) {
            const bool is_later = before == nullptr || pictures[first].is_seam ||
                                  !goes_back(latest, pictures[first].device_us);
            if (is_later) latest = pictures[first].device_us;
            ++first;
            continue;
        }
        std::size_t end = first + 1;
        while (end < pictures.size() && pictures[end].is_bare && !pictures[end].is_seam) ++end;
        const double step_us = 1e6 / rates[stream++];
        const auto after = [&](std::size_t steps) {
            return static_cast<std::uint64_t>(std::llround(static_cast<double>(steps) * step_us));
        };
        std::uint64_t begin = latest + after(1);
        if (first == 0) begin = end < pictures.size() ? pictures[end].device_us - after(end) : 0;
        for (std::size_t i = first; i < end; ++i)
            pictures[i].device_us = begin + after(shown_at[i] - first);
        latest = begin + after(end - first - 1);
        first = end;
    }
}

namespace {

std::vector<std::uint32_t> sizes_of(const mp4::PictureIndex& pictures) {
    std::vector<std::uint32_t> bytes(pictures.size());
    for (std::size_t i = 0; i < pictures.size(); ++i) bytes[i] = pictures[i].bytes;
    return bytes;
}

/// Weighs the clocks of one recording against each other.
class Chooser {
 public:
    Chooser(const mp4::PictureIndex& pictures, const std::vector<std::uint32_t>& shown_at,
            const TimingRequest& request)
        : request_(request), count_(pictures.size()), seams_(seams_of(pictures)) {
        if (request.has_arrival_times) arrival_ = arrival_times(pictures);
        if (request.has_device_times) {
            DeviceTimes device = device_times(pictures, shown_at);
            device_ = std::move(device.times);
            choice_.in_decoding_order = device.in_decoding_order;
            judge(pictures);
        }
        measure_arrivals();
    }

    TimingChoice choose() {
        const bool is_auto = request_.timing == Timing::automatic && !request_.given_fps;
        if (request_.timing == Timing::device || (is_auto && prefers_device())) {
            take_device(is_auto);
        } else if (request_.timing == Timing::arrival || (is_auto && request_.has_arrival_times)) {
            take_arrivals(is_auto);
        } else {
            take_constant(is_auto);
        }
        const auto seconds = [&] {
            return static_cast<double>(choice_.times.ticks.back()) /
                   static_cast<double>(choice_.times.ticks_per_second);
        };
        if (count_ > 1) choice_.fps = rate(count_, seconds());
        return std::move(choice_);
    }

 private:
    clock::ClockTimes device_clock() const {
        return {device_, choice_.device_units_per_second, seams_};
    }
    clock::ClockTimes arrival_clock() const { return {arrival_, kNsPerSecond, seams_}; }

    void judge(const mp4::PictureIndex& pictures) {
        const std::vector<std::uint32_t> bytes = sizes_of(pictures);
        const std::uint64_t per_unit = request_.has_fine_times ? 1 : kUsPerMs;
        pace_ = clock::judge_pace(
            {device_clock(), arrival_clock(), bytes, request_.is_unpaced, request_.said_fps},
            per_unit);
        if (request_.is_device_confirmed) {
            // Whatever pace the pictures come in at, then, is that of the network.
            const bool is_paced = pace_.is_paced;
            pace_ = {};
            pace_.is_paced = is_paced;
            pace_.units_per_second = kUsPerSecond;
        }
        choice_.device_units_per_second = pace_.units_per_second;
        choice_.is_paced = pace_.is_paced;
        clock::PlanOptions options{request_.max_gap, clock::kTicksPerSecond, pace_.is_paced};
        const bool is_finer = pace_.is_other_unit && pace_.units_per_second > 90'000 * per_unit;
        if (request_.has_fine_times || is_finer)
            options.ticks_per_second = clock::kFineTicksPerSecond;
        choice_.times = clock::plan_device_times(
            device_clock(), pace_.is_off ? clock::ClockTimes{} : arrival_clock(), options);
        repairs_ = choice_.times.repairs;
        choice_.clocks_are_sound = repairs_ == 0 && choice_.times.restarts.empty() &&
                                   !pace_.is_off && std::ranges::is_sorted(arrival_);
        is_trusted_ = clock::is_trustworthy(repairs_, count_);
        if (is_trusted_ && count_ > 1) {
            choice_.fps_device =
                rate(count_, static_cast<double>(choice_.times.ticks.back()) /
                                 static_cast<double>(choice_.times.ticks_per_second));
        }
    }

    void measure_arrivals() {
        if (arrival_.empty() || goes_back(arrival_.front(), arrival_.back())) return;
        const auto span = static_cast<double>(arrival_.back() - arrival_.front());
        choice_.fps_arrival = rate(count_, span / static_cast<double>(kNsPerSecond));
    }

    bool prefers_device() const {
        if (!request_.has_device_times) return false;
        if (!request_.has_arrival_times) return is_trusted_;
        if (pace_.is_off) return false;
        if (is_trusted_) return true;
        // Arrivals of a file tell nothing of when its pictures were taken; a clock that is wrong
        // more often than right tells even less.
        return !pace_.is_paced && repairs_ * 2 <= count_;
    }

    std::string repairs() const {
        return plural(repairs_, "device time") + " of " + std::to_string(count_);
    }

    void warn_of_pace(const char* consequence) {
        if (pace_.warning.empty()) return;
        choice_.warnings.push_back(pace_.warning + (pace_.is_off ? consequence : ""));
    }

    void take_device(bool is_auto) {
        if (!request_.has_device_times)
            throw Failure(Exit::bad_input, "--timing device: the input has no device times");
        choice_.timing = Timing::device;
        choice_.why = !is_auto        ? "requested"
                      : repairs_ == 0 ? "all device times are plausible"
                      : is_trusted_   ? repairs() + " repaired"
                                      : repairs() +
                                          " repaired, but the pictures arrived faster than "
                                          "they were taken";
        warn_of_pace("");
        if (repairs_ > 0)
            choice_.warnings.push_back("the camera's clock was wrong: " + repairs() + " repaired");
        if (choice_.times.doubt_us > 0) {
            choice_.warnings.push_back("the camera's clock and the arrivals differ by up to " +
                                       std::to_string((choice_.times.doubt_us + 500) / 1000) +
                                       " ms over a pause: the camera's clock was used");
        }
    }

    void take_arrivals(bool is_auto) {
        if (!request_.has_arrival_times)
            throw Failure(Exit::bad_input, "--timing arrival: the input has no arrival times");
        choice_.timing = Timing::arrival;
        // A clock at a wrong but even pace can still confirm a pause.
        clock::ClockTimes device;
        if (pace_.is_paced && pace_.ratio.value_or(0) > 0) {
            device = device_clock();
            if (pace_.is_off && !pace_.is_other_unit) {
                device.units_per_second = std::max<std::uint64_t>(
                    1, static_cast<std::uint64_t>(std::llround(
                           static_cast<double>(device.units_per_second) * *pace_.ratio)));
            }
        }
        choice_.times = clock::plan_arrival_times(arrival_clock(), device,
                                                  {request_.max_gap, clock::kTicksPerSecond});
        choice_.why = !is_auto       ? "requested"
                      : pace_.is_off ? pace_.warning
                                     : repairs() + " would need a repair";
        warn_of_pace(": its times were not used");
        if (is_auto && !pace_.is_off && request_.has_device_times)
            choice_.warnings.push_back("the camera's clock was wrong: " + repairs() +
                                       " would need a repair, and its times were not used");
    }

    void take_constant(bool is_auto) {
        choice_.timing = Timing::constant;
        choice_.why = request_.given_fps          ? "frame rate given"
                      : !is_auto                  ? "requested"
                      : request_.has_device_times ? repairs() +
                                                        " would need a repair and there are no "
                                                        "arrival times"
                                                  : "the input has no times";
        choice_.times = clock::constant_times(count_, constant_fps());
    }

    /// Given, else measured by the better clock, else what the stream says.
    double constant_fps() const {
        if (request_.given_fps) return *request_.given_fps;
        if (prefers_device() && choice_.fps_device) return *choice_.fps_device;
        if (choice_.fps_arrival) return *choice_.fps_arrival;
        if (request_.has_device_times && choice_.times.ticks.size() > 1) {
            const auto fps = static_cast<double>(choice_.times.ticks_per_second) /
                             static_cast<double>(choice_.times.median_ticks);
            return fps;
        }
        return request_.fallback_fps;
    }

    const TimingRequest& request_;
    const std::size_t count_;
    const std::vector<std::size_t> seams_;
    std::vector<std::uint64_t> arrival_;
    std::vector<std::uint64_t> device_;
    clock::Pace pace_;
    TimingChoice choice_;
    std::uint64_t repairs_ = 0;
    bool is_trusted_ = false;
};

}  // namespace

TimingChoice choose_timing(const mp4::PictureIndex& pictures,
                           const std::vector<std::uint32_t>& shown_at,
                           const TimingRequest& request) {
    return Chooser(pictures, shown_at, request).choose();
}

TimingChoice part_of(const TimingChoice& whole, std::span<const std::uint32_t> places) {
    std::vector<std::uint32_t> shown(places.begin(), places.end());
    std::ranges::sort(shown);
    TimingChoice part = whole;
    clock::DisplayTimes& times = part.times;
    times.ticks.clear();
    for (const std::uint32_t place : shown)
        times.ticks.push_back(whole.times.ticks[place] - whole.times.ticks[shown.front()]);
    times.restarts.clear();
    for (const std::size_t place : whole.times.restarts) {
        const auto found = std::ranges::lower_bound(shown, place);
        if (found != shown.begin() && found != shown.end())
            times.restarts.push_back(static_cast<std::size_t>(found - shown.begin()));
    }
    part.fps.reset();
    if (times.ticks.size() > 1) {
        part.fps = rate(times.ticks.size(), static_cast<double>(times.ticks.back()) /
                                                static_cast<double>(times.ticks_per_second));
    }
    return part;
}

}  // namespace st::mux
