#include "streamctl/commands/capture.h"

#include <algorithm>
#include <map>
#include <set>

#include "cli/terminal.h"
#include "control/camera_status.h"
#include "streamctl/recordings/align.h"
#include "streamctl/recordings/download.h"
#include "streamctl/recordings/fetch_line.h"

namespace st::streamctl {

using control::StartOutcome;
using control::StopOutcome;

namespace {

std::string size_text(std::uint32_t width, std::uint32_t height) {
    return std::to_string(width) + "x" + std::to_string(height);
}

/// The cameras that were started, watched until they are stopped.
class Capture {
 public:
    Capture(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console)
        : options_(options),
          client_(client),
          interrupt_(interrupt),
          console_(console),
          sizes_(options.start.parameters, console) {}

    int run();

 private:
    enum class Ended { duration, signal, all_lost };
    /// A recording that ended before the stop.
    struct Ending {
        std::string camera;
        std::string session;
        std::string why;  ///< empty: another one took its place
    };

    void note_started(const control::StartReply& reply);
    Ended wait(Clock::time_point end);
    /// True if an event says that a camera may be lost.
    bool heard_of_a_loss();
    /// Says at once which camera is no longer recording its session.
    void look_after();
    void lose(const std::string& camera, const std::string& why);
    /// Its recording was ended to begin another: recording.max_session, or the camera began anew.
    bool goes_on(const control::CameraStatus& camera);
    /// Ctrl-C before the cameras had answered.
    int stop_unanswered();
    int stop(Ended ended);
    void send_stop(const std::vector<std::string>& cameras);
    /// What became of the recordings that ended before the stop.
    void report_ended();
    control::StopResult result_of(const Ending& ending);
    /// Nullopt, and said, if it is not finished in time.
    std::optional<control::Recording> finished_recording(const std::string& id);
    /// With --json: all cameras, in one line.
    void print_outcome(bool is_enough);
    /// Downloads, or puts on one time line: the exit code.
    int fetch_files();
    int fetch(const std::vector<control::Recording>& recordings);

    const Options& options_;
    ApiClient& client_;
    Interrupt& interrupt_;
    Console& console_;
    SizeWatch sizes_;
    std::map<std::string, std::string> sessions_;   ///< camera -> session, still recording
    std::map<std::string, std::string> connected_;  ///< camera -> since when, to know it again
    std::vector<Ending> endings_;
    std::vector<control::StopResult> outcome_;
    std::vector<std::string> finished_;  ///< sessions whose files can be fetched
    std::size_t delivered_ = 0;          ///< cameras whose files are there
    bool all_well_ = true;
    bool signalled_ = false;
};

void Capture::note_started(const control::StartReply& reply) {
    for (const control::StartResult& result : reply.results) {
        if (is_recording(result)) {
            sessions_[result.camera] = result.session.value_or("");
            continue;
        }
        all_well_ = false;
        const std::string why =
            std::string(to_text(result.outcome)) + (result.error ? ": " + *result.error : "");
        console_.trouble(result.camera + ": " + why);
        control::StopResult missing;
        missing.camera = result.camera;
        missing.outcome = StopOutcome::failed;
        missing.error = "start: " + why;
        outcome_.push_back(std::move(missing));
    }
    // Already recording, but otherwise than asked: the server says that with ok alone.
    if (!reply.ok) all_well_ = false;
}

void Capture::lose(const std::string& camera, const std::string& why) {
    console_.trouble(camera + ": lost: " + why);
    endings_.push_back({camera, sessions_[camera], "lost: " + why});
    sessions_.erase(camera);
    all_well_ = false;
}

void Capture::look_after() {
    const auto now = cameras_by_name(client_);
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
            endings_.push_back({camera, session, {}});
            sessions_[camera] = *found->second.session;
            console_.note(camera + ": goes on in a new recording, " + *found->second.session);
        } else {
            lose(camera, "it is " + std::string(to_text(found->second.state)) +
                             ", its recording has ended");
        }
    }
}

bool Capture::goes_on(const control::CameraStatus& camera) {
    return camera.state == control::CameraState::recording && camera.session &&
           connected_[camera.name] == camera.connected_at;
}

bool Capture::heard_of_a_loss() {
    bool heard = false;
    while (const auto event = client_.connection().take_event()) {
        heard = heard || sessions_.contains(event->camera);
    }
    return client_.connection().take_lost() > 0 || heard;
}

Capture::Ended Capture::wait(Clock::time_point end) {
    // Losses come as events; sizes, and a server that is silent, have to be looked for.
    constexpr auto kLookEvery = std::chrono::seconds(1);
    client_.on_interrupt([this] { return signalled_ = true; });
    auto next_look = Clock::now();
    while (!sessions_.empty()) {
        const auto woke = client_.connection().wait(std::min<Clock::time_point>(end, next_look));
        if (signalled_ || woke == Connection::Woke::interrupted) return Ended::signal;
        if (Clock::now() >= end) return Ended::duration;
        if (!heard_of_a_loss() && Clock::now() < next_look) continue;
        next_look = Clock::now() + kLookEvery;
        look_after();
        if (signalled_) return Ended::signal;
    }
    return Ended::all_lost;
}

std::optional<control::Recording> Capture::finished_recording(const std::string& id) {
    const auto deadline = Clock::now() + options_.start.timeout;
    for (;;) {
        auto recording = understood(control::decode_recording(client_.recording(id)));
        if (recording.state == control::SessionState::done ||
            recording.state == control::SessionState::failed) {
            return recording;
        }
        if (Clock::now() >= deadline) break;
        if (client_.connection().wait(Clock::now() + milliseconds(200)) ==
            Connection::Woke::interrupted) {
            signalled_ = true;
            break;
        }
    }
    console_.trouble(id + ": not finished yet");
    return std::nullopt;
}

control::StopResult Capture::result_of(const Ending& ending) {
    control::StopResult result;
    result.camera = ending.camera;
    if (!ending.why.empty()) result.error = ending.why;
    result.outcome = ending.why.empty() ? StopOutcome::stopped : StopOutcome::failed;
    if (ending.session.empty()) return result;
    result.session = ending.session;
    const auto recording = finished_recording(ending.session);
    if (!recording) {
        result.outcome = StopOutcome::timeout;
        return result;
    }
    finished_.push_back(ending.session);
    result.state = recording->state;
    if (recording->state == control::SessionState::failed) {
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

void Capture::report_ended() {
    for (const Ending& ending : endings_) {
        control::StopResult result = result_of(ending);
        if (result.outcome != StopOutcome::stopped) all_well_ = false;
        for (const control::SessionFile& file : result.files) {
            if (!console_.json() && options_.folder.empty()) {
                console_.server_file(file.path, ending.session);
            }
        }
        outcome_.push_back(std::move(result));
    }
}

void Capture::print_outcome(bool is_enough) {
    if (!console_.json()) return;
    std::stable_sort(outcome_.begin(), outcome_.end(),
                     [](const auto& a, const auto& b) { return a.camera < b.camera; });
    console_.body(encode(control::StopReply{all_well_ || is_enough, outcome_}));
}

void Capture::send_stop(const std::vector<std::string>& cameras) {
    // The first Ctrl-C has stopped the cameras; only another one leaves without the files.
    client_.on_interrupt([this] {
        if (std::exchange(signalled_, true)) return false;
        console_.note("the cameras are being stopped; Ctrl-C again does not wait for the files");
        return true;
    });
    control::StopRequest request;
    request.timeout = options_.start.timeout;
    request.cameras = cameras;
    const auto reply = understood(control::decode_stop_reply(client_.stop(request)));
    if (!report(reply, console_, options_.folder.empty())) all_well_ = false;
    for (const control::StopResult& result : reply.results) {
        outcome_.push_back(result);
        if (result.outcome == StopOutcome::stopped && !result.files.empty()) ++delivered_;
        if (result.outcome == StopOutcome::stopped && result.session) {
            finished_.push_back(*result.session);
        }
        if (result.outcome == StopOutcome::not_recording) all_well_ = false;
    }
}

int Capture::fetch_files() {
    if (options_.folder.empty()) return cli::kDone;
    cli::flush_output();
    std::vector<control::Recording> recordings;
    for (const std::string& id : finished_) {
        recordings.push_back(understood(control::decode_recording(client_.recording(id))));
    }
    try {
        return fetch(recordings);
    } catch (const Failed&) {
        if (!finished_.empty()) {
            console_.trouble("the recordings are kept on the server; to fetch them: " +
                             fetch_line(options_, finished_));
        }
        throw;
    }
}

int Capture::fetch(const std::vector<control::Recording>& recordings) {
    if (options_.align) {
        return recordings.empty()
                   ? int{cli::kDone}
                   : align_recordings(recordings, options_, client_, interrupt_, console_);
    }
    int exit_code = cli::kDone;
    for (const control::Recording& recording : recordings) {
        Download download(client_, interrupt_, console_);
        if (!download.fetch(recording, options_)) exit_code = cli::kRefused;
    }
    return exit_code;
}

int Capture::stop(Ended ended) {
    if (ended == Ended::signal) signalled_ = true;
    if (!sessions_.empty()) {
        std::vector<std::string> cameras;
        for (const auto& [camera, session] : sessions_) cameras.push_back(camera);
        send_stop(cameras);
    }
    report_ended();
    const bool is_enough = options_.capture.require == Require::any && delivered_ > 0;
    print_outcome(is_enough);
    const int fetched = fetch_files();
    if (signalled_ && !options_.capture.until_interrupt) return cli::kInterrupted;
    if (!all_well_ && !is_enough) return cli::kRefused;
    return fetched != cli::kDone ? fetched : losses_code(outcome_);
}

int Capture::stop_unanswered() {
    console_.note("interrupted before all cameras had started: stopping them");
    signalled_ = true;
    send_stop(options_.start.cameras);
    print_outcome(false);
    fetch_files();
    return cli::kInterrupted;
}

int Capture::run() {
    if (options_.align) refuse_used_folder(options_.folder);
    // Before the start, so that nothing is missed.
    client_.subscribe({{"camera.disconnected", "camera.stopped", "session.*"}, std::nullopt});
    std::string body;
    try {
        body = client_.start(options_.start);
    } catch (const Failed& failed) {
        if (failed.exit_code() != cli::kInterrupted) throw;
        return stop_unanswered();
    }
    const auto reply = understood(control::decode_start_reply(body));
    const auto begin = Clock::now();  // the last camera has answered just now
    note_started(reply);
    const bool give_up =
        sessions_.empty() || (options_.capture.require == Require::all && !all_well_);
    if (give_up) {
        if (sessions_.empty()) {
            if (console_.json()) console_.body(body);
        } else {
            console_.trouble("not every camera started: stopping the others");
            stop(Ended::duration);
        }
        return signalled_ ? cli::kInterrupted : cli::kRefused;
    }
    const std::string asked = asked_for(options_.start.parameters);
    console_.note("recording " + std::to_string(sessions_.size()) +
                  (sessions_.size() == 1 ? " camera" : " cameras") +
                  (asked.empty() ? "" : ", asked for " + asked));
    const auto end =
        options_.capture.duration ? begin + *options_.capture.duration : Clock::time_point::max();
    Ended ended{};
    try {
        ended = wait(end);
    } catch (const Failed& failed) {
        // The connection was lost, perhaps for once: what we started must not go on for ever
        // because of that.
        console_.trouble(std::string(failed.what()) + "; stopping the cameras");
        client_.reconnect();
        std::vector<std::string> ids;
        for (const auto& [camera, session] : sessions_) ids.push_back(session);
        try {
            stop(Ended::duration);
        } catch (const Failed&) {
            console_.trouble("what was recorded is kept on the server; when it is back: " +
                             fetch_line(options_, ids));
            throw;
        }
        return failed.exit_code();
    }
    return stop(ended);
}

}  // namespace

bool is_recording(const control::StartResult& result) {
    return result.outcome == StartOutcome::started ||
           result.outcome == StartOutcome::already_recording;
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

std::map<std::string, control::CameraStatus> cameras_by_name(ApiClient& client) {
    std::map<std::string, control::CameraStatus> cameras;
    for (const std::string& item : understood(control::decode_list(client.cameras())).items) {
        auto camera = understood(control::decode_camera(item));
        cameras[camera.name] = std::move(camera);
    }
    return cameras;
}

void SizeWatch::look(const control::CameraStatus& camera) {
    if (!wanted_ || !camera.width || !camera.height) return;
    const control::Size size{*camera.width, *camera.height};
    if (size == *wanted_ || !said_.insert(camera.name).second) return;
    console_.trouble(camera.name + ": delivers " + size_text(size.width, size.height) + ", not " +
                     size_text(wanted_->width, wanted_->height));
}

int run_capture(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console) {
    return Capture(options, client, interrupt, console).run();
}

}  // namespace st::streamctl
