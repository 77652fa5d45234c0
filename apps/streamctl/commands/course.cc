#include "streamctl/commands/course.h"

#include <algorithm>

#include "streamctl/commands/commands.h"
#include "streamctl/recordings/select.h"

namespace st::streamctl {
namespace {

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

/// Whether the start that began `last` goes on in `next`: not so if somebody else started the
/// camera meanwhile. A recording that is rolled over keeps its part where no message is lost.
bool continues(const control::Recording& last, const control::Recording& next) {
    const bool is_later = next.part > last.part ||
                          (next.part == last.part && end_of(last) == RecordingEnd::rolled_over);
    return is_later && next.take == last.take && next.started_by == last.started_by;
}

/// Neither recording nor about to: it may show its picture meanwhile.
bool is_unused(const control::CameraStatus& status) {
    return status.state == control::CameraState::idle ||
           status.state == control::CameraState::previewing;
}

/// What a camera records that is not listed yet.
control::Recording recorded_now(const control::CameraStatus& status) {
    control::Recording recording;
    recording.id = *status.session;
    if (!status.recording) return recording;
    recording.take = status.recording->take;
    recording.part = status.recording->part;
    recording.started_by = status.recording->started_by;
    return recording;
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
    std::optional<control::Recording> others;
    for (const control::Recording& next : later) {
        if (!goes_on()) break;
        if (!continues(*at, next)) {
            others = next;
            continue;
        }
        course.steps.push_back({next.id, end});
        at = &next;
        end = end_of(next);
        if (status.session == next.id) return course;
    }
    if (end == RecordingEnd::open) {
        course.now = Course::Now::ending;
    } else if (!goes_on()) {
        course.now = Course::Now::over;
        course.why = end_sentence(*at);
        course.is_failure = is_failure(at->end_reason.value_or(""));
    } else if (status.session && continues(*at, recorded_now(status))) {
        course.steps.push_back({*status.session, end});  // not listed yet
    } else if (status.session || others) {
        course.now = Course::Now::over;
        const control::Recording other = status.session ? recorded_now(status) : *others;
        course.why = "its recording has ended; another was started, " + other.id +
                     (other.started_by ? ", by " + *other.started_by : "");
        course.is_failure = end != RecordingEnd::rolled_over;
    } else if (end == RecordingEnd::no_room) {
        course.now = Course::Now::no_room;
        course.why = end_sentence(*at);
    } else if (end == RecordingEnd::dropped) {
        course.now = Course::Now::away;
    } else {
        course.now = is_unused(status) ? Course::Now::over : Course::Now::ending;
        course.why = "its recording has ended";
    }
    return course;
}

Course course_of(const std::string& session, const control::CameraStatus* status,
                 ApiClient& client) {
    Course course;
    if (status != nullptr && status->session == session) return course;
    const auto last = find_recording(client, session);
    if (!last) {
        course.now = Course::Now::over;
        course.why = kDeleted;
        course.is_failure = true;
    } else if (status != nullptr && end_of(*last) != RecordingEnd::open) {
        return course_of(*last, recordings_after(*last, client), *status);
    } else if (end_of(*last) == RecordingEnd::over) {
        course.now = Course::Now::over;
        course.why = end_sentence(*last);
        course.is_failure = is_failure(last->end_reason.value_or(""));
    } else {
        course.now = status != nullptr ? Course::Now::ending : Course::Now::away;
    }
    return course;
}

bool Absence::end() {
    unused_since_.reset();
    return std::exchange(is_away_, false);
}

bool Absence::is_for_good(const control::CameraStatus* status, Clock::time_point now) {
    if (status == nullptr || !is_unused(*status)) {
        unused_since_.reset();
    } else if (!unused_since_) {
        unused_since_ = now;
    }
    return unused_since_ && now - *unused_since_ >= kUnusedMax;
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
