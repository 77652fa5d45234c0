#include "streamctl/commands/capture_outcome.h"

#include <algorithm>
#include <utility>

#include "cli/terminal.h"
#include "streamctl/commands/course.h"
#include "streamctl/recordings/align.h"
#include "streamctl/recordings/download.h"
#include "streamctl/recordings/fetch_line.h"
#include "streamctl/recordings/select.h"

namespace st::streamctl {

using control::StopOutcome;

namespace {

bool lists(const control::StopResult& result, const std::string& session) {
    return result.session == session ||
           std::ranges::find(result.parts, session, &control::SessionPart::session) !=
               result.parts.end();
}

}  // namespace

void CaptureOutcome::add_ended(Ending ending) {
    if (!ending.why.empty()) is_well_ = false;
    endings_.push_back(std::move(ending));
}

void CaptureOutcome::add_stopped(const control::StopResult& result,
                                 const std::vector<std::string>& sessions) {
    // The camera may have begun after its start was answered with a failure.
    std::erase_if(results_, [&](const auto& one) { return one.camera == result.camera; });
    std::erase_if(endings_, [&](const Ending& one) { return lists(result, one.session); });
    results_.push_back(result);
    add_earlier(result, sessions);
    if (result.outcome == StopOutcome::stopped && !result.files.empty()) has_delivered_ = true;
    if (result.outcome == StopOutcome::not_recording) is_well_ = false;
    for (const control::SessionPart& part : result.parts) {
        if (part.state == control::RecordingState::done) finished_.push_back(part.session);
        if (part.state == control::RecordingState::finalising) unfinished_.push_back(part.session);
    }
    if (!result.parts.empty() || !result.session) return;
    if (result.state == control::RecordingState::done) finished_.push_back(*result.session);
    if (result.outcome == StopOutcome::timeout) unfinished_.push_back(*result.session);
}

void CaptureOutcome::add_earlier(const control::StopResult& result,
                                 const std::vector<std::string>& sessions) {
    for (const std::string& session : sessions) {
        if (!lists(result, session) && !session.empty())
            endings_.push_back({result.camera, session, {}});
    }
}

std::optional<control::Recording> CaptureOutcome::await_finished(const std::string& id,
                                                                 CtrlC& ctrl_c) {
    constexpr milliseconds kLookEvery{200};
    std::optional<control::Recording> seen;
    for (Clock::time_point deadline;;) {
        auto recording = find_recording(client_, id);
        if (!recording || has_ended(*recording) || ctrl_c.came()) return recording;
        // Of the files that are being made nothing is listed before they are done.
        if (recording != seen) {
            deadline = Clock::now() + options_.start.timeout + time_to_read(recording->bytes);
        }
        if (Clock::now() >= deadline) return recording;
        seen = recording;
        ctrl_c.wait(kLookEvery);
    }
}

control::StopResult CaptureOutcome::result_of(const Ending& ending, CtrlC& ctrl_c) {
    control::StopResult result;
    result.camera = ending.camera;
    if (!ending.why.empty()) result.error = ending.why;
    result.outcome = ending.why.empty() ? StopOutcome::stopped : StopOutcome::failed;
    if (ending.session.empty()) return result;
    result.session = ending.session;
    const auto recording = await_finished(ending.session, ctrl_c);
    if (!recording) {
        console_.trouble(ending.session + ": was deleted");
        result.outcome = StopOutcome::failed;
        if (ending.why.empty()) result.error = kDeleted;
        return result;
    }
    if (!has_ended(*recording)) {
        console_.trouble(ending.session + ": not finished yet");
        unfinished_.push_back(ending.session);
        result.outcome = StopOutcome::timeout;
        return result;
    }
    finished_.push_back(ending.session);
    result.state = recording->state;
    if (recording->state == control::RecordingState::failed) {
        result.outcome = StopOutcome::failed;
        const std::string failure = recording->error.value_or("it has no MP4");
        console_.trouble(ending.session + ": " + failure);
        result.error = ending.why.empty() ? failure : ending.why + "; " + failure;
    }
    for (const control::RecordingFile& file : recording->files) {
        if (file.kind != "mp4") continue;
        result.files.push_back({recording->directory + "/" + file.name,
                                "/api/v1/recordings/" + recording->id + "/files/" + file.name,
                                file.bytes, file.duration_ms, file.pictures});
    }
    return result;
}

bool CaptureOutcome::await_ended() {
    CtrlC ctrl_c(client_);
    for (const Ending& ending : endings_) {
        control::StopResult result = result_of(ending, ctrl_c);
        if (result.outcome != StopOutcome::stopped) is_well_ = false;
        if (result.outcome == StopOutcome::stopped && !result.files.empty()) has_delivered_ = true;
        for (const control::SessionFile& file : result.files) {
            if (!console_.json() && options_.folder.empty()) {
                console_.server_file(file.path, ending.session);
            }
        }
        results_.push_back(std::move(result));
    }
    if (!unfinished_.empty()) {
        console_.trouble("to fetch what is not finished yet, later: " +
                         fetch_line(options_, unfinished_));
    }
    return ctrl_c.came();
}

void CaptureOutcome::print(bool is_ok) {
    if (!console_.json() || options_.capture.is_take) return;
    std::stable_sort(results_.begin(), results_.end(),
                     [](const auto& a, const auto& b) { return a.camera < b.camera; });
    console_.body(encode(control::StopReply{is_ok, results_}));
    was_printed_ = true;
}

int CaptureOutcome::fetch() {
    if (options_.folder.empty()) return cli::kDone;
    cli::flush_output();
    std::vector<control::Recording> recordings;
    for (const std::string& id : finished_) {
        if (auto recording = find_recording(client_, id)) {
            recordings.push_back(std::move(*recording));
        } else {
            console_.trouble(id + ": was deleted");
        }
    }
    int exit_code = recordings.size() == finished_.size() ? cli::kDone : cli::kRefused;
    if (options_.align) {
        if (recordings.empty()) return exit_code;
        const int aligned = align_recordings(recordings, options_, client_, interrupt_, console_);
        return exit_code == cli::kDone ? aligned : exit_code;
    }
    for (const control::Recording& recording : recordings) {
        Download download(client_, interrupt_, console_);
        if (!download.fetch(recording, options_)) exit_code = cli::kRefused;
    }
    return exit_code;
}

bool CaptureOutcome::has_recorded() const {
    return std::ranges::any_of(results_, [](const control::StopResult& result) {
        return result.session && result.outcome != StopOutcome::joined;
    });
}

std::vector<std::string> CaptureOutcome::ids_left(const std::vector<std::string>& others) const {
    if (!finished_.empty()) return finished_;
    std::vector<std::string> ids = others;
    for (const Ending& ending : endings_) ids.push_back(ending.session);
    return ids;
}

}  // namespace st::streamctl
