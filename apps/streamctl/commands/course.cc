#include "streamctl/commands/course.h"

#include <algorithm>

#include "streamctl/commands/commands.h"
#include "streamctl/recordings/select.h"

namespace st::streamctl {
namespace {

constexpr int kIdleLooksMax = 5;

/// The recordings of a camera that began after `last`, the oldest first. Those of now are known
/// also to a server that is still looking through its folder.
std::vector<control::Recording> recordings_after(const control::Recording& last,
                                                 ApiClient& client) {
    control::RecordingQuery query;
    query.camera = last.camera;
    query.since = last.started_at;
    std::vector<control::Recording> later;
    for (const std::string& item : known_recordings(client, query).items) {
        auto recording = understood(control::decode_recording(item));
        if (recording.id != last.id) later.push_back(std::move(recording));
    }
    std::ranges::reverse(later);
    return later;
}

}  // namespace

Course course_of(const control::Recording& last, const std::vector<control::Recording>& later,
                 const control::CameraStatus& status) {
    Course course;
    const control::Recording* at = &last;
    RecordingEnd end = end_of(last);
    const auto goes_on = [&] {
        return end == RecordingEnd::rolled_over || end == RecordingEnd::dropped ||
               end == RecordingEnd::no_room;
    };
    for (const control::Recording& next : later) {
        if (!goes_on()) break;
        course.steps.push_back({next.id, end});
        at = &next;
        end = end_of(next);
        if (status.session == next.id) return course;
    }
    const bool is_idle = status.state == control::CameraState::idle;
    if (end == RecordingEnd::open) {
        course.now = Course::Now::ending;
    } else if (!goes_on()) {
        course.now = Course::Now::over;
        course.why = end_sentence(*at);
    } else if (status.session) {
        course.steps.push_back({*status.session, end});  // not listed yet
    } else if (end == RecordingEnd::no_room) {
        course.now = Course::Now::no_room;
        course.why = end_sentence(*at);
    } else if (end == RecordingEnd::dropped) {
        course.now = Course::Now::away;
    } else {
        course.now = is_idle ? Course::Now::over : Course::Now::ending;
        course.why = "its recording has ended";
    }
    return course;
}

Course course_of(const std::string& session, const control::CameraStatus* status,
                 ApiClient& client) {
    Course course;
    course.now = Course::Now::away;
    if (status == nullptr) return course;
    course.now = Course::Now::recording;
    if (status->session == session) return course;
    try {
        const auto last = understood(control::decode_recording(client.recording(session)));
        if (end_of(last) != RecordingEnd::open)
            return course_of(last, recordings_after(last, client), *status);
        course.now = Course::Now::ending;
    } catch (const Refused& refused) {
        if (refused.code() != control::ErrorCode::not_found) throw;
        course.now = Course::Now::over;
        course.why = "its recording was deleted";
    }
    return course;
}

bool Absence::end() {
    idle_looks_ = 0;
    return std::exchange(is_away_, false);
}

bool Absence::is_for_good(const control::CameraStatus* status) {
    const bool is_idle = status != nullptr && status->state == control::CameraState::idle;
    idle_looks_ = is_idle ? idle_looks_ + 1 : 0;
    return idle_looks_ >= kIdleLooksMax;
}

std::string sentence(const Step& step) {
    switch (step.after) {
        case RecordingEnd::dropped:
            return "is back, and recording goes on in " + step.session;
        case RecordingEnd::no_room:
            return "there is room again, and recording goes on in " + step.session;
        case RecordingEnd::open:
        case RecordingEnd::rolled_over:
        case RecordingEnd::over:
            break;
    }
    return "goes on in a new recording, " + step.session;
}

bool has_gap(const Step& step) { return step.after != RecordingEnd::rolled_over; }

}  // namespace st::streamctl
