#pragma once
/// Which clock the display times come from, and what they are.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "media/fps_estimate.h"
#include "media/parameter_sets.h"
#include "media/timeline.h"
#include "mp4/picture_index.h"
#include "mux/convert.h"

namespace st::mux {

/// For each picture in decoding order its place in display order. A decoder shows the pictures of
/// one coded video sequence by their order counts and never holds back more than 16: an order count
/// that says otherwise (a key frame was lost) begins a sequence.
std::vector<std::uint32_t> display_order(const mp4::PictureIndex& pictures);

/// Frame rate that a stream says itself, if it is one that can be.
std::optional<double> rate_of(const media::Vui& vui);

/// Gives the pictures of bare streams among others the device times they lack: evenly spaced at
/// `rates`, one for each such stream, behind what is before them, or before what is behind.
void time_bare_pictures(mp4::PictureIndex& pictures, const std::vector<std::uint32_t>& shown_at,
                        std::span<const double> rates);

struct TimingRequest {
    Timing timing = Timing::automatic;
    std::chrono::milliseconds max_gap{60'000};
    bool has_device_times = false;
    bool has_arrival_times = false;
    double constant_fps = media::kFpsFallback;  ///< if it comes to that
    bool fps_was_given = false;
};

struct TimingChoice {
    media::DisplayTimes times;
    Timing timing = Timing::constant;
    std::string why;
    bool in_decoding_order =
        false;  ///< the camera stamped the pictures as it coded them, not as they are shown
    bool clocks_are_sound = false;  ///< both are there, rise, and needed no repair
    std::optional<double> fps_device;
    std::optional<double> fps_arrival;
};

/// Throws Failure 65 if the clock asked for does not exist.
TimingChoice choose_timing(const mp4::PictureIndex& pictures,
                           const std::vector<std::uint32_t>& shown_at,
                           const TimingRequest& request);

std::string to_string(Timing timing);

}  // namespace st::mux
