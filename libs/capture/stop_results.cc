#include "capture/stop_results.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <tuple>
#include <utility>

namespace st::capture {
namespace {

using control::StopOutcome;
using control::StopResult;

/// Recordings of a camera in the order they were made; what has none stands behind them.
bool is_before(const StopResult& a, const StopResult& b) {
    const auto key = [](const StopResult& result) {
        const bool has_none = result.parts.empty();
        const unsigned part = has_none ? 0 : result.parts.front().part;
        const std::string_view id = has_none ? std::string_view() : result.parts.front().session;
        return std::tuple(std::string_view(result.camera), has_none, part, id);
    };
    return key(a) < key(b);
}

/// How bad an outcome is: the worst is that of all parts.
int badness(StopOutcome outcome) {
    switch (outcome) {
        case StopOutcome::not_recording:
            return 0;
        case StopOutcome::stopped:
            return 1;
        case StopOutcome::sent:
        case StopOutcome::joined:
            return 2;
        case StopOutcome::timeout:
            return 3;
        case StopOutcome::failed:
            return 4;
    }
    return 4;
}

template <class List>
void append(List& to, List&& from) {
    std::move(from.begin(), from.end(), std::back_inserter(to));
}

void add_part(StopResult& whole, StopResult&& next) {
    if (badness(next.outcome) >= badness(whole.outcome)) {
        whole.outcome = next.outcome;
        if (next.state) whole.state = next.state;
    }
    if (next.session) whole.session = std::move(next.session);
    if (next.error) whole.error = whole.error ? *whole.error + "; " + *next.error : *next.error;
    whole.seq_missing += next.seq_missing;
    whole.damage_count += next.damage_count;
    whole.undecodable += next.undecodable;
    whole.lost_pictures += next.lost_pictures;
    append(whole.files, std::move(next.files));
    append(whole.warnings, std::move(next.warnings));
    append(whole.parts, std::move(next.parts));
}

}  // namespace

std::vector<control::SessionFile> session_files(const record::Summary& summary) {
    std::vector<control::SessionFile> files;
    for (const char* kind : {"mp4", "h264", "dump"}) {
        for (const record::RecordedFile& file : summary.files) {
            if (file.kind != kind) continue;
            files.push_back({file.path, "/api/v1/recordings/" + summary.id + "/files/" + file.name,
                             file.bytes, file.duration_ms, file.pictures});
        }
        if (!files.empty()) break;
    }
    return files;
}

bool was_answered(const record::Summary& summary) {
    return summary.end_reason != camera::EndReason::stop_timeout;
}

StopResult to_result(const record::Summary& summary) {
    StopResult result;
    result.camera = summary.camera;
    result.state = summary.state;
    const bool failed = result.state != control::RecordingState::done;
    result.outcome = failed ? StopOutcome::failed : StopOutcome::stopped;
    if (!summary.id.empty()) {
        result.session = summary.id;
        result.parts = {{summary.id, summary.part, *result.state,
                         std::string(camera::to_string(summary.end_reason))}};
    }
    result.files = session_files(summary);
    result.seq_missing = summary.seq_missing;
    result.damage_count = summary.damage_count;
    result.undecodable = summary.undecodable;
    result.lost_pictures = summary.lost_pictures;
    result.warnings = summary.warnings;
    if (summary.error) {
        result.error = summary.error;
    } else if (!was_answered(summary)) {
        result.error = "the camera did not answer in time; its recording was closed without it";
    }
    return result;
}

void merge_parts(std::vector<StopResult>& results) {
    std::stable_sort(results.begin(), results.end(), is_before);
    std::vector<StopResult> merged;
    for (StopResult& result : results) {
        if (merged.empty() || merged.back().camera != result.camera) {
            merged.push_back(std::move(result));
        } else {
            add_part(merged.back(), std::move(result));
        }
    }
    for (StopResult& result : merged) {
        if (result.parts.size() < 2) result.parts.clear();
    }
    results = std::move(merged);
}

}  // namespace st::capture
