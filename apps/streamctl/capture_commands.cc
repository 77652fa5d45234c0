#include <signal.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "base/units.h"
#include "commands.h"
#include "control/camera_status.h"

namespace st::streamctl {
namespace {

using control::StartOutcome;
using control::StopOutcome;
using Clock = std::chrono::steady_clock;

bool is_recording(const control::StartResult& result) {
    return result.outcome == StartOutcome::started ||
           result.outcome == StartOutcome::already_recording;
}

std::string size_text(std::uint32_t width, std::uint32_t height) {
    return std::to_string(width) + "x" + std::to_string(height);
}

std::string asked_for(const control::StartParameters& parameters) {
    std::string text;
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    if (parameters.resolution) {
        add(size_text(parameters.resolution->width, parameters.resolution->height));
    }
    if (parameters.aspect) {
        add(std::to_string(parameters.aspect->width) + ":" +
            std::to_string(parameters.aspect->height));
    }
    if (parameters.bitrate_bps) add(std::to_string(*parameters.bitrate_bps / 1000) + " kbit/s");
    if (parameters.fps) {
        add(*parameters.fps == 0 ? "no limit to the pictures per second"
                                 : std::to_string(*parameters.fps) + " pictures/s");
    }
    return text;
}

std::map<std::string, control::CameraStatus> cameras_by_name(Door& door) {
    std::map<std::string, control::CameraStatus> cameras;
    for (const std::string& item : understood(control::decode_list(door.cameras())).items) {
        auto camera = understood(control::decode_camera(item));
        cameras[camera.name] = std::move(camera);
    }
    return cameras;
}

/// Says once for each camera when it delivers another size than was asked for.
class SizeWatch {
 public:
    SizeWatch(const control::StartParameters& parameters, Talk& talk)
        : wanted_(parameters.resolution), talk_(talk) {}

    bool wants_to_know() const { return wanted_.has_value(); }

    void look(const control::CameraStatus& camera) {
        if (!wanted_ || !camera.width || !camera.height) return;
        const control::Size size{*camera.width, *camera.height};
        if (size == *wanted_ || !said_.insert(camera.name).second) return;
        talk_.trouble(camera.name + ": delivers " + size_text(size.width, size.height) + ", not " +
                      size_text(wanted_->width, wanted_->height));
    }

 private:
    std::optional<control::Size> wanted_;
    Talk& talk_;
    std::set<std::string> said_;
};

/// The cameras that were started, watched until they are stopped.
class Capture {
 public:
    Capture(const Options& options, Door& door, Talk& talk)
        : options_(options), door_(door), talk_(talk), sizes_(options.start.parameters, talk) {}

    int run();

 private:
    enum class Ended { duration, signal, all_lost };

    void note_started(const control::StartReply& reply);
    Ended wait(Clock::time_point end);
    /// Says at once which camera is no longer recording its session.
    void look_after();
    void lose(const std::string& camera, const std::string& why);
    /// Its recording was ended to begin another: recording.max_session, or the camera began anew.
    bool goes_on(const control::CameraStatus& camera);
    int stop(Ended ended);
    /// Paths of the recordings that ended before the stop.
    void print_ended_files();

    const Options& options_;
    Door& door_;
    Talk& talk_;
    SizeWatch sizes_;
    std::map<std::string, std::string> sessions_;   ///< camera -> session, still recording
    std::map<std::string, std::string> connected_;  ///< camera -> since when, to know it again
    std::vector<std::string> ended_sessions_;
    std::size_t delivered_ = 0;  ///< cameras whose files are there
    bool all_well_ = true;
};

sigset_t end_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

void Capture::note_started(const control::StartReply& reply) {
    for (const control::StartResult& result : reply.results) {
        if (is_recording(result)) {
            sessions_[result.camera] = result.session.value_or("");
            continue;
        }
        all_well_ = false;
        talk_.trouble(result.camera + ": " + std::string(to_text(result.outcome)) +
                      (result.error ? ": " + *result.error : ""));
    }
    // Already recording, but otherwise than asked: the server says that with ok alone.
    if (!reply.ok) all_well_ = false;
}

void Capture::lose(const std::string& camera, const std::string& why) {
    talk_.trouble(camera + ": lost: " + why);
    ended_sessions_.push_back(sessions_[camera]);
    sessions_.erase(camera);
    all_well_ = false;
}

bool Capture::goes_on(const control::CameraStatus& camera) {
    return camera.state == control::CameraState::recording && camera.session &&
           connected_[camera.name] == camera.connected_at;
}

void Capture::look_after() {
    const auto now = cameras_by_name(door_);
    const auto recording = sessions_;
    for (const auto& [camera, session] : recording) {
        const auto found = now.find(camera);
        if (found == now.end()) {
            lose(camera, "it is no longer connected");
            continue;
        }
        connected_.try_emplace(camera, found->second.connected_at);
        if (session.empty() || found->second.session == session) {
            sizes_.look(found->second);
        } else if (goes_on(found->second)) {
            ended_sessions_.push_back(session);
            sessions_[camera] = *found->second.session;
            talk_.note(camera + ": goes on in a new recording, " + *found->second.session);
        } else {
            lose(camera, "it is " + std::string(to_text(found->second.state)) +
                             ", its recording has ended");
        }
    }
}

Capture::Ended Capture::wait(Clock::time_point end) {
    constexpr auto kLookEvery = std::chrono::milliseconds(250);
    const sigset_t set = end_signals();
    while (!sessions_.empty()) {
        const auto now = Clock::now();
        if (now >= end) return Ended::duration;
        const auto left = std::min<std::chrono::nanoseconds>(kLookEvery, end - now);
        const timespec patience{0, static_cast<long>(left.count())};
        if (::sigtimedwait(&set, nullptr, &patience) > 0) return Ended::signal;
        if (Clock::now() < end) look_after();
    }
    return Ended::all_lost;
}

void Capture::print_ended_files() {
    for (const std::string& id : ended_sessions_) {
        if (id.empty()) continue;
        const auto deadline = Clock::now() + options_.start.timeout;
        const timespec pause{0, 100'000'000};
        const sigset_t set = end_signals();
        for (;;) {
            const auto recording = understood(control::decode_recording(door_.recording(id)));
            const bool is_finished = recording.state == control::SessionState::done ||
                                     recording.state == control::SessionState::failed;
            if (!is_finished && Clock::now() < deadline &&
                ::sigtimedwait(&set, nullptr, &pause) < 0) {
                continue;
            }
            if (!is_finished) talk_.trouble(id + ": not finished yet");
            for (const auto& file : recording.files) {
                if (file.kind == "mp4" && !talk_.json()) {
                    talk_.result(recording.directory + "/" + file.name);
                }
            }
            break;
        }
    }
}

int Capture::stop(Ended ended) {
    if (!sessions_.empty()) {
        control::StopRequest request;
        request.timeout = options_.start.timeout;
        for (const auto& [camera, session] : sessions_) request.cameras.push_back(camera);
        const std::string body = door_.stop(request);
        const auto reply = understood(control::decode_stop_reply(body));
        if (talk_.json()) talk_.body(body);
        if (!report(reply, talk_)) all_well_ = false;
        for (const control::StopResult& result : reply.results) {
            if (result.outcome == StopOutcome::stopped && !result.files.empty()) ++delivered_;
            if (result.outcome == StopOutcome::not_recording) all_well_ = false;
        }
    }
    print_ended_files();
    if (ended == Ended::signal && !options_.capture.until_interrupt) return cli::kInterrupted;
    if (options_.capture.require == Require::any && delivered_ > 0) return cli::kDone;
    return all_well_ ? cli::kDone : cli::kRefused;
}

int Capture::run() {
    const std::string body = door_.start(options_.start);
    const auto reply = understood(control::decode_start_reply(body));
    const auto begin = Clock::now();  // the last camera has answered just now
    note_started(reply);
    const bool give_up =
        sessions_.empty() || (options_.capture.require == Require::all && !all_well_);
    if (give_up) {
        if (talk_.json()) talk_.body(body);
        if (!sessions_.empty()) {
            talk_.trouble("not every camera started: stopping the others");
            stop(Ended::duration);
        }
        return cli::kRefused;
    }
    const std::string asked = asked_for(options_.start.parameters);
    talk_.note("recording " + std::to_string(sessions_.size()) +
               (sessions_.size() == 1 ? " camera" : " cameras") +
               (asked.empty() ? "" : ", asked for " + asked));
    const auto end =
        options_.capture.duration ? begin + *options_.capture.duration : Clock::time_point::max();
    Ended ended{};
    try {
        ended = wait(end);
    } catch (const Failed&) {
        // The server was silent for once: what we started must not go on for ever because of that.
        talk_.trouble("stopping the cameras");
        stop(Ended::duration);
        throw;
    }
    return stop(ended);
}

}  // namespace

bool report(const control::StartReply& reply, Talk& talk) {
    for (const control::StartResult& result : reply.results) {
        const std::string line = result.camera + ": " + std::string(to_text(result.outcome));
        if (is_recording(result)) {
            if (!talk.json()) talk.result(line + (result.session ? " " + *result.session : ""));
            if (result.error) talk.trouble(line + ": " + *result.error);
        } else {
            talk.trouble(line + (result.error ? ": " + *result.error : ""));
        }
    }
    return reply.ok;
}

bool report(const control::StopReply& reply, Talk& talk) {
    for (const control::StopResult& result : reply.results) {
        std::string line = result.camera + ": " + std::string(to_text(result.outcome));
        if (result.session) line += " " + *result.session;
        if (result.error) line += ": " + *result.error;
        const bool is_well = result.outcome == StopOutcome::stopped && !result.error;
        if (is_well && result.files.empty()) {
            talk.note(line +
                      (result.state ? " (" + std::string(to_text(*result.state)) + ")" : ""));
        } else if (result.outcome == StopOutcome::not_recording) {
            talk.note(result.camera + ": was not recording");
        } else if (!is_well) {
            talk.trouble(line);
        }
        for (const control::SessionFile& file : result.files) {
            const bool is_mp4 =
                file.path.size() > 4 && file.path.compare(file.path.size() - 4, 4, ".mp4") == 0;
            if (is_mp4 && !talk.json()) talk.result(file.path);
        }
    }
    return reply.ok;
}

int run_start(const Options& options, Door& door, Talk& talk) {
    const std::string body = door.start(options.start);
    const auto reply = understood(control::decode_start_reply(body));
    if (talk.json()) talk.body(body);
    const std::string asked = asked_for(options.start.parameters);
    if (!asked.empty()) talk.note("asked for " + asked);
    const bool ok = report(reply, talk);
    SizeWatch sizes(options.start.parameters, talk);
    if (ok && sizes.wants_to_know()) {
        const auto cameras = cameras_by_name(door);
        for (const control::StartResult& result : reply.results) {
            const auto found = cameras.find(result.camera);
            if (found != cameras.end()) sizes.look(found->second);
        }
    }
    return ok ? cli::kDone : cli::kRefused;
}

int run_stop(const Options& options, Door& door, Talk& talk) {
    control::StopRequest request;
    request.cameras = options.start.cameras;
    request.wait = options.start.wait;
    request.timeout = options.start.timeout;
    const std::string body = door.stop(request);
    const auto reply = understood(control::decode_stop_reply(body));
    if (talk.json()) talk.body(body);
    return report(reply, talk) ? cli::kDone : cli::kRefused;
}

int run_capture(const Options& options, Door& door, Talk& talk) {
    const sigset_t set = end_signals();
    sigset_t before;
    ::pthread_sigmask(SIG_BLOCK, &set, &before);
    struct Restore {
        const sigset_t& mask;
        ~Restore() { ::pthread_sigmask(SIG_SETMASK, &mask, nullptr); }
    } restore{before};
    return Capture(options, door, talk).run();
}

}  // namespace st::streamctl
