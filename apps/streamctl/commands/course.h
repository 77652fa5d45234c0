#pragma once
/// Where a camera records that was recording: in the same recording, in later ones, or no longer.
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/camera_status.h"
#include "streamctl/client/api_client.h"
#include "streamctl/commands/sentences.h"

namespace st::streamctl {

/// A recording in which a camera went on.
struct Step {
    std::string session;
    RecordingEnd after = RecordingEnd::rolled_over;  ///< how the one before it ended
};

struct Course {
    enum class Now {
        recording,
        ending,   ///< how it ended is not known yet, or what comes next
        away,     ///< it lost its connection: goes on when it is back
        no_room,  ///< the disk refused: goes on when there is room
        over,
    };
    Now now = Now::recording;
    std::vector<Step> steps;  ///< since the last look, the oldest first, each of them
    std::string why;          ///< of no_room and over, a sentence
    bool is_failure = false;  ///< over: nobody wanted it to end
};

/// Of a recording that is not listed any more.
inline constexpr char kDeleted[] = "its recording was deleted";

/// A camera that lost its connection, from look to look.
class Absence {
 public:
    /// False: that is known already.
    bool begin() { return !std::exchange(is_away_, true); }
    /// False: it was not away.
    bool end();
    bool is_away() const { return is_away_; }
    /// Whether it is back but was stopped while it was away. One that is still meant to record is
    /// started at once, and again after each refusal: it is unused for kUnusedMax at the longest.
    /// `status`: as for course_of(); once for each look at which it is away.
    bool is_for_good(const control::CameraStatus* status, Clock::time_point now);

    static constexpr char kForGood[] = "is back, but was stopped meanwhile";
    /// Longer than the server ever waits between two tries (MeantCaptures): 16 s.
    static constexpr std::chrono::seconds kUnusedMax{20};

 private:
    bool is_away_ = false;
    std::optional<Clock::time_point> unused_since_;
};

/// The course of a camera that was seen in the recording `session` last. `status`: what the server
/// lists it as now, null if it does not.
Course course_of(const std::string& session, const control::CameraStatus* status,
                 ApiClient& client);

/// The same of what the server answered: `last` is the recording `session`, `later` those of the
/// camera that began after it, the oldest first. Those that another start began are no part of it.
/// Pure.
Course course_of(const control::Recording& last, const std::vector<control::Recording>& later,
                 const control::CameraStatus& status);

/// Behind "door: ": "is back, and recording goes on in door_20260131_081530".
std::string sentence(const Step& step);
/// Whether the pictures between the two recordings are lost.
bool has_gap(const Step& step);

}  // namespace st::streamctl
