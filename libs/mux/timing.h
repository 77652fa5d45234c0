#pragma once
/// Which clock the display times come from, and what they are.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "clock/fps_estimate.h"
#include "clock/timeline.h"
#include "media/parameter_sets.h"
#include "mp4/picture_index.h"
#include "mux/convert.h"

namespace st::mux {

/// For each picture in decoding order its place in display order. A decoder shows the pictures of
/// one coded video sequence by their order counts and never holds back more than 16: an order count
/// that says otherwise (a key frame was lost) begins a sequence.
std::vector<std::uint32_t> display_order(const mp4::PictureIndex& pictures);

/// Frame rate that a stream says itself; nullopt: none, or one outside 1..240 that no camera has.
std::optional<double> rate_of(const media::Vui& vui);
/// The rate it says whatever it is, for a note; nullopt: none.
std::optional<double> said_rate_of(const media::Vui& vui);

/// Gives the pictures of bare streams among others the device times they lack: evenly spaced at
/// `rates`, one for each such stream, behind what is before them, or before what is behind.
void time_bare_pictures(mp4::PictureIndex& pictures, const std::vector<std::uint32_t>& shown_at,
                        std::span<const double> rates);

struct TimingRequest {
    Timing timing = Timing::automatic;
    std::chrono::milliseconds max_gap{60'000};
    bool has_device_times = false;
    bool has_arrival_times = false;
    bool has_fine_times = false;  ///< device times were declared in microseconds
    bool is_unpaced = false;      ///< the camera said that it does not send in real time
    /// The device's times are those of a clock that was read from here: arrivals cannot refute
    /// them.
    bool is_device_confirmed = false;
    double said_fps = 0;                        ///< by the pictures' own headers; 0: not said
    std::optional<double> given_fps;            ///< for constant timing
    double fallback_fps = clock::kFpsFallback;  ///< where nothing can be measured
};

struct TimingChoice {
    clock::DisplayTimes times;
    Timing timing = Timing::constant;
    std::string why;
    bool in_decoding_order =
        false;  ///< the camera stamped the pictures as it coded them, not as they are shown
    bool clocks_are_sound = false;  ///< both are there, rise, and needed no repair
    /// What the device's times, as handed on, count in a second: 10^6, or more or less where its
    /// clock counts another unit than it was declared to.
    std::uint64_t device_units_per_second = 1'000'000;
    /// The arrivals can tell when the pictures were taken.
    bool is_paced = false;
    std::optional<double> fps;  ///< of the times chosen; nullopt: one picture
    std::optional<double> fps_device;
    std::optional<double> fps_arrival;
    std::vector<std::string> warnings;  ///< sentences about faults of the clocks
};

/// Throws Failure 65 if the clock asked for does not exist.
TimingChoice choose_timing(const mp4::PictureIndex& pictures,
                           const std::vector<std::uint32_t>& shown_at,
                           const TimingRequest& request);

/// What `whole` says of some of its pictures, whose places among all in display order are `places`,
/// in decoding order: the same times, from 0.
TimingChoice part_of(const TimingChoice& whole, std::span<const std::uint32_t> places);

std::string to_string(Timing timing);

}  // namespace st::mux
