#include "capture/sessions.h"

#include "capture/camera_connection.h"

namespace st::capture {
namespace {

control::SessionState to_control(record::RecordingState state) {
    switch (state) {
        case record::RecordingState::recording:
            return control::SessionState::recording;
        case record::RecordingState::finalising:
            return control::SessionState::finalising;
        case record::RecordingState::done:
            return control::SessionState::done;
        case record::RecordingState::failed:
            return control::SessionState::failed;
    }
    return control::SessionState::failed;
}

std::uint64_t serial_of(const record::Event& event) {
    return std::visit([](const auto& e) { return e.serial; }, event);
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

void Sessions::created(const LinkPtr& link, const record::SessionPtr& session) {
    live_[session->serial()] = Open{link, session};
    const auto early = early_.extract(session->serial());
    if (early.empty()) return;
    for (const record::Event& event : early.mapped()) on_event(event);
}

void Sessions::on_event(const record::Event& event) {
    const std::uint64_t serial = serial_of(event);
    if (serial == 0) {  // a recording of an earlier run
        if (const auto* finished = std::get_if<record::Finished>(&event)) {
            report(finished->summary, false);
        }
        return;
    }
    const auto found = live_.find(serial);
    if (found == live_.end()) {
        early_[serial].push_back(event);
        return;
    }
    const Open live = found->second;
    std::visit([&](const auto& e) { handle(e, live); }, event);
}

void Sessions::handle(const record::Opened& event, const Open& live) {
    counters_.sessions_opened_total.fetch_add(1);
    events_.add("session.opened", {{"camera", event.camera}, {"session", event.id}});
    captures_->session_opened(live.link->id, event.id, event.camera);
    live.link->post([serial = event.serial, id = event.id](CameraConnection& camera) {
        camera.on_session_opened(serial, id);
    });
}

void Sessions::handle(const record::Failed& event, const Open& live) {
    events_.add("server.disk",
                {{"camera", event.camera}, {"session", event.id}, {"error", event.error}},
                LogLevel::error);
    events_.add("session.failed",
                {{"camera", event.camera}, {"session", event.id}, {"error", event.error}},
                LogLevel::error);
    live_.at(event.serial).failure_told = true;
    live.link->post([serial = event.serial, error = event.error](CameraConnection& camera) {
        camera.on_session_failed(serial, error);
    });
}

void Sessions::handle(const record::Room& event, const Open& live) {
    live.link->post([serial = event.serial](CameraConnection& camera) { camera.on_room(serial); });
}

void Sessions::handle(const record::Finalising& event, const Open&) {
    captures_->session_ended(event.id);
}

void Sessions::handle(const record::Finished& event, const Open& live) {
    report(event.summary, live.failure_told);
    SessionOutcome outcome;
    outcome.id = event.summary.id;
    outcome.camera = event.camera;
    outcome.state = to_control(event.summary.state);
    outcome.error = event.summary.error.value_or("");
    outcome.files = session_files(event.summary);
    outcome.seq_missing = event.summary.seq_missing;
    outcome.damage_count = event.summary.damage_count;
    outcome.warnings = event.summary.warnings;
    outcome.was_answered = event.summary.end_reason != camera::EndReason::stop_timeout;
    captures_->session_finished(live.link->id, outcome);
    live.link->post(
        [serial = event.serial](CameraConnection& camera) { camera.on_session_finished(serial); });
    live_.erase(event.serial);
}

void Sessions::report(const record::Summary& summary, bool failure_told) {
    const bool failed = summary.state == record::RecordingState::failed;
    (failed ? counters_.sessions_failed_total : counters_.sessions_finished_total).fetch_add(1);
    EventFields fields{{"camera", summary.camera},
                       {"session", summary.id},
                       {"state", std::string(record::to_string(summary.state))},
                       {"end_reason", std::string(camera::to_string(summary.end_reason))},
                       {"pictures", std::uint64_t{summary.pictures}}};
    for (const control::SessionFile& file : session_files(summary)) {
        fields.emplace_back("file", file.path);
        break;
    }
    if (summary.error) fields.emplace_back("error", *summary.error);
    events_.add(failed && !failure_told ? "session.failed" : "session.finished", fields,
                failed ? LogLevel::error : LogLevel::info);
}

std::uint64_t Sessions::progress(const std::string& id) const {
    for (const auto& [serial, live] : live_) {
        if (live.session->id() == id) {
            return static_cast<std::uint64_t>(live.session->last_progress_ns()) +
                   live.session->progress_bytes();
        }
    }
    return 0;
}

}  // namespace st::capture
