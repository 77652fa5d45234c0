#include "streamctl/commands/sentences.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "streamctl/console/table.h"

namespace st::streamctl {

using control::StartOutcome;

std::string sentence(const control::StartResult& result) {
    const std::string session = result.session ? " " + *result.session : "";
    std::string why = result.error.value_or("");
    switch (result.outcome) {
        case StartOutcome::started:
            return "started" + session;
        case StartOutcome::already_recording:
            return why.empty() ? "already recording" + session : why;
        case StartOutcome::refused:
            return why.starts_with("not started") ? why : "did not start: " + why;
        case StartOutcome::timeout:
            return why.empty() ? "the camera did not answer in time" : why;
        case StartOutcome::disconnected:
            return why.empty() ? "the camera disconnected" : why;
        case StartOutcome::sent:
            return "told to start";
    }
    return why;
}

std::string sentence(const control::StopResult& result) {
    const std::string session = result.session ? " " + *result.session : "";
    std::string why = result.error ? ": " + *result.error : "";
    const std::string state = result.state ? " (" + std::string(to_text(*result.state)) + ")" : "";
    switch (result.outcome) {
        case control::StopOutcome::stopped:
            return "stopped" + session + (why.empty() ? state : why);
        case control::StopOutcome::not_recording:
            return "was not recording" + why;
        case control::StopOutcome::timeout:
            return "stopped" + session + why;
        case control::StopOutcome::failed:
            // What it left behind may be whole.
            if (session.empty() || result.state == control::RecordingState::done) {
                return result.error.value_or("it failed");
            }
            return session.substr(1) + " failed" + why;
        case control::StopOutcome::sent:
            return "told to stop" + session;
        case control::StopOutcome::joined:
            return "goes on recording" + session;
    }
    return why;
}

std::string sentence(const control::PreviewResult& result) {
    std::string why = result.error.value_or("");
    switch (result.outcome) {
        case control::PreviewOutcome::previewing:
            return "streams as /camera/" + result.camera;
        case control::PreviewOutcome::recording:
            return "is recording, and streams as /camera/" + result.camera;
        case control::PreviewOutcome::stopped:
            return "told to stop streaming";
        case control::PreviewOutcome::refused:
            return "did not start: " + why;
        case control::PreviewOutcome::timeout:
        case control::PreviewOutcome::disconnected:
            return why;
        case control::PreviewOutcome::sent:
            return "told to stream";
    }
    return why;
}

RecordingEnd end_of(std::string_view reason) {
    if (reason.empty()) return RecordingEnd::open;
    if (reason == "max_session" || reason == "max_bytes" || reason == "restarted")
        return RecordingEnd::rolled_over;
    if (reason == "disconnected" || reason == "replaced") return RecordingEnd::dropped;
    return reason == "disk" ? RecordingEnd::no_room : RecordingEnd::over;
}

RecordingEnd end_of(const control::Recording& recording) {
    return end_of(recording.end_reason.value_or(""));
}

bool is_failure(std::string_view reason) {
    constexpr std::array<std::string_view, 6> kFailures = {
        "camera_error", "disconnected", "replaced", "disk", "shutdown", "crash"};
    return std::ranges::find(kFailures, reason) != kFailures.end();
}

std::string end_words(std::string_view reason, const std::string& stopped_by) {
    const std::string by = stopped_by.empty() ? "" : " by " + stopped_by;
    if (reason == "stopped") return "stopped" + by;
    if (reason == "stop_timeout") return "stopped" + by + ", without an answer from the camera";
    constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kReasons = {{
        {"camera_stopped", "the camera stopped by itself"},
        {"camera_error", "the camera reported an error"},
        {"disconnected", "the camera lost its connection"},
        {"replaced", "another connection took the camera's name"},
        {"restarted", "the camera started again, in a new recording"},
        {"max_session", "recording.max_session was reached; continued in a new recording"},
        {"max_bytes", "its file was full; continued in a new recording"},
        {"disk", "it could not be written any more"},
        {"shutdown", "the server was shut down"},
        {"crash", "the server ended unexpectedly"},
    }};
    for (const auto& [word, words] : kReasons) {
        if (word == reason) return std::string(words);
    }
    return std::string(reason);  // of a newer server
}

std::string end_sentence(const control::Recording& recording) {
    const std::string reason = recording.end_reason.value_or("");
    const std::string words = end_words(reason, recording.stopped_by.value_or(""));
    if (reason == "disk" && recording.error) return words + ": " + *recording.error;
    return words.empty() ? "its recording has ended" : words;
}

std::optional<std::string> battery_sentence(const control::CameraStatus& camera) {
    constexpr double kLow = 0.15;  // as the monitor page has it
    if (!camera.health || !camera.health->battery) return std::nullopt;
    const double share = *camera.health->battery;
    const auto& charging = camera.health->charging;
    if (share > kLow || charging.value_or(false)) return std::nullopt;
    return "its battery is at " + std::to_string(std::lround(share * 100)) + " %" +
           (charging ? " and is not charging" : "");
}

bool is_battery_empty(const control::CameraStatus& camera) {
    constexpr double kEmpty = 0.05;
    return battery_sentence(camera) && *camera.health->battery < kEmpty;
}

bool has_losses(const control::StopResult& result) {
    return result.seq_missing > 0 || result.damage_count > 0 || result.undecodable > 0 ||
           result.lost_pictures > 0;
}

bool was_away(const control::StopResult& result) {
    const control::SessionPart* before = nullptr;
    for (const control::SessionPart& part : result.parts) {
        const bool is_next = part.part > (before == nullptr ? 1 : before->part);
        if (is_next && (before == nullptr ||
                        end_of(before->end_reason.value_or("")) != RecordingEnd::rolled_over))
            return true;
        before = &part;
    }
    return false;
}

std::string losses_text(const control::StopResult& result) {
    std::string text;
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    if (result.seq_missing > 0) {
        add(counted(result.seq_missing, "message") + " missing");
    }
    if (result.damage_count > 0) {
        add(counted(result.damage_count, "damaged place"));
    }
    if (result.undecodable > 0) {
        add(counted(result.undecodable, "message that is", "messages that are") +
            " not H.264 in a known form");
    }
    if (result.lost_pictures > 0) {
        add(counted(result.lost_pictures, "picture") + " that cannot be decoded");
    }
    return text + (result.session ? " in " + *result.session : "");
}

}  // namespace st::streamctl
