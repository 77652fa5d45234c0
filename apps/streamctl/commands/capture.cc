#include "streamctl/commands/capture.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "cli/terminal.h"
#include "control/camera_status.h"
#include "control/glob.h"
#include "control/refusals.h"
#include "streamctl/client/who.h"
#include "streamctl/commands/course.h"
#include "streamctl/commands/follow.h"
#include "streamctl/commands/sentences.h"
#include "streamctl/commands/sizes.h"
#include "streamctl/recordings/align.h"
#include "streamctl/recordings/download.h"
#include "streamctl/recordings/fetch_line.h"

namespace st::streamctl {

using control::StartOutcome;
using control::StopOutcome;

namespace {

/// The cameras that were started, watched until they are stopped.
class Capture {
 public:
    Capture(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console)
        : options_(options),
          client_(client),
          interrupt_(interrupt),
          console_(console),
          owner_(new_owner()),
          sizes_(options.start.parameters, console) {}
    ~Capture() { client_.on_interrupt({}); }
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;

    int run();

 private:
    enum class Ended { duration, signal, all_lost };
    /// A camera that records for this capture.
    struct Watched {
        std::vector<std::string> sessions;  ///< its recordings so far, the present one last
        bool is_own = true;                 ///< else somebody else's, which was joined
        Absence absence;                    ///< while it may come back
    };
    /// A recording that ended before the stop.
    struct Ending {
        std::string camera;
        std::string session;
        std::string why;  ///< empty: another one took its place
    };

    std::string start();
    void note_started(const control::StartReply& reply);
    Ended wait(Clock::time_point end);
    /// True if an event says that a camera may be lost.
    bool heard_of_a_loss();
    /// Says at once which camera is no longer recording its session.
    void look_after();
    /// False: its recording is over for good.
    bool look_at(const std::string& camera, Watched& one, const control::CameraStatus* status);
    /// `why`: said once. True: it is waited for.
    bool drop_out(const std::string& camera, Watched& one, const std::string& why);
    bool lose(const std::string& camera, const Watched& one, const std::string& why);
    void show_progress(const std::map<std::string, control::CameraStatus>& now);
    int stop(Ended ended);
    void send_stop(const std::vector<std::string>& cameras);
    /// Recordings of the camera that the answer to the stop does not list.
    void note_earlier(const control::StopResult& result);
    void leave_joined();
    /// What became of the recordings that ended before the stop.
    void report_ended();
    control::StopResult result_of(const Ending& ending);
    /// Nullopt, and said, if it is not finished in time.
    std::optional<control::Recording> finished_recording(const std::string& id);
    /// Ctrl-C came, and is not the end that was asked for.
    bool was_cut_short() const { return signalled_ && !options_.capture.until_interrupt; }
    /// With --json: all cameras, in one line.
    void print_outcome(bool is_ok);
    /// Downloads, or puts on one time line: the exit code.
    int fetch_files();
    int fetch(const std::vector<control::Recording>& recordings);

    const Options& options_;
    ApiClient& client_;
    Interrupt& interrupt_;
    Console& console_;
    const std::string owner_;  ///< of what this capture starts
    SizeWatch sizes_;
    std::map<std::string, Watched> cameras_;  ///< still recording
    std::vector<Ending> endings_;
    std::vector<control::StopResult> outcome_;
    std::vector<std::string> finished_;  ///< sessions whose files can be fetched
    std::size_t delivered_ = 0;          ///< cameras whose files are there
    Clock::time_point begin_{};
    Clock::time_point end_ = Clock::time_point::max();
    Clock::time_point disk_looked_{};
    std::string disk_;
    bool all_started_ = true;
    bool all_well_ = true;    ///< of those that started
    bool came_back_ = false;  ///< a camera dropped out and returned: pictures are missing
    bool signalled_ = false;
};

std::string Capture::start() {
    control::StartRequest request = options_.start;
    request.owner = owner_;
    request.all_or_none = options_.capture.require == Require::all;
    // Ctrl-C: what was asked for may still begin, so it is stopped, and its files are waited for.
    client_.on_interrupt([&] {
        if (std::exchange(signalled_, true)) return false;
        console_.note("interrupted before all cameras had started: stopping them");
        control::StopRequest stop;
        stop.owner = owner_;
        stop.wait = false;
        client_.begin_stop(stop);
        return true;
    });
    return client_.start(request);
}

/// Whether the camera did not begin because it was stopped before, and not for a reason of its own.
bool was_called_off(const control::StartResult& result) {
    const std::string why = result.error.value_or("");
    return result.outcome == StartOutcome::refused &&
           (why == control::kStoppedBefore || why == control::kStopping);
}

void Capture::note_started(const control::StartReply& reply) {
    for (const control::StartResult& result : reply.results) {
        if (is_recording(result) && !result.error) {
            Watched one;
            one.sessions.push_back(result.session.value_or(""));
            one.is_own = result.outcome == StartOutcome::started;
            if (!one.is_own) {
                console_.note(result.camera + ": joined " + result.session.value_or("") +
                              (result.started_by ? ", started by " + *result.started_by : ""));
            }
            cameras_[result.camera] = std::move(one);
            continue;
        }
        control::StopResult missing;
        missing.camera = result.camera;
        missing.outcome = StopOutcome::not_recording;
        const bool is_meant = signalled_ && was_called_off(result);
        if (!is_meant || was_cut_short()) {
            const std::string why = sentence(result);
            if (!is_meant) console_.trouble(result.camera + ": " + why);
            all_started_ = false;
            missing.outcome = StopOutcome::failed;
            missing.error = why;
        }
        outcome_.push_back(std::move(missing));
    }
}

bool Capture::lose(const std::string& camera, const Watched& one, const std::string& why) {
    console_.trouble(camera + ": " + why);
    for (const std::string& session : one.sessions) {
        endings_.push_back({camera, session, session == one.sessions.back() ? why : ""});
    }
    all_well_ = false;
    return false;
}

bool Capture::drop_out(const std::string& camera, Watched& one, const std::string& why) {
    if (one.absence.begin()) console_.trouble(camera + ": " + why);
    return true;
}

bool Capture::look_at(const std::string& camera, Watched& one,
                      const control::CameraStatus* status) {
    const Course course = course_of(one.sessions.back(), status, client_);
    for (const Step& step : course.steps) {
        one.sessions.push_back(step.session);
        one.absence.end();
        came_back_ = came_back_ || has_gap(step);
        const std::string said = camera + ": " + sentence(step);
        has_gap(step) ? console_.trouble(said) : console_.note(said);
    }
    switch (course.now) {
        case Course::Now::recording:
            if (one.absence.end())
                console_.note(camera + ": is back, and goes on with its recording");
            sizes_.look(*status);
            return true;
        case Course::Now::ending:
            return true;
        case Course::Now::away:
            if (!one.absence.is_for_good(status)) return drop_out(camera, one, kConnectionLost);
            return lose(camera, one, Absence::kForGood);
        case Course::Now::no_room:
            return drop_out(camera, one, course.why + kWaitsForRoom);
        case Course::Now::over:
            break;
    }
    return lose(camera, one, course.why);
}

void Capture::look_after() {
    const auto now = cameras_by_name(client_);
    for (auto at = cameras_.begin(); at != cameras_.end();) {
        const auto found = now.find(at->first);
        const bool goes_on =
            look_at(at->first, at->second, found == now.end() ? nullptr : &found->second);
        at = goes_on ? std::next(at) : cameras_.erase(at);
    }
    show_progress(now);
}

void Capture::show_progress(const std::map<std::string, control::CameraStatus>& now) {
    constexpr auto kDiskEvery = std::chrono::seconds(5);
    if (!console_.shows_status()) return;
    using std::chrono::duration_cast;
    using std::chrono::seconds;
    const auto time = Clock::now();
    std::optional<seconds> left;
    if (end_ != Clock::time_point::max()) {
        left = duration_cast<seconds>(std::max(end_ - time, Clock::duration{}) +
                                      std::chrono::milliseconds(500));
    }
    std::vector<std::string> lines;
    for (const auto& [camera, one] : cameras_) {
        const auto found = now.find(camera);
        if (found == now.end() || one.absence.is_away()) {
            lines.push_back(camera + kAway);
        } else {
            lines.push_back(
                progress_line(found->second, duration_cast<seconds>(time - begin_), left));
        }
    }
    if (time - disk_looked_ >= kDiskEvery) {
        disk_looked_ = time;
        disk_ = disk_line(understood(control::decode_status(client_.status())));
    }
    lines.push_back(disk_);
    console_.show_status(std::move(lines));
}

bool Capture::heard_of_a_loss() {
    bool heard = false;
    while (const auto event = client_.connection().take_event()) {
        heard = heard || cameras_.contains(event->camera);
    }
    return client_.connection().take_lost() > 0 || heard;
}

Capture::Ended Capture::wait(Clock::time_point end) {
    // Losses come as events; sizes, and a server that is silent, have to be looked for.
    constexpr auto kLookEvery = std::chrono::seconds(1);
    client_.on_interrupt([this] { return signalled_ = true; });
    auto next_look = Clock::now();
    while (!cameras_.empty()) {
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

void Capture::print_outcome(bool is_ok) {
    if (!console_.json() || options_.capture.is_take) return;
    std::stable_sort(outcome_.begin(), outcome_.end(),
                     [](const auto& a, const auto& b) { return a.camera < b.camera; });
    console_.body(encode(control::StopReply{is_ok, outcome_}));
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
    request.owner = owner_;
    const auto reply = understood(control::decode_stop_reply(client_.stop(request)));
    if (!report(reply, console_, options_.folder.empty())) all_well_ = false;
    for (const control::StopResult& result : reply.results) {
        outcome_.push_back(result);
        note_earlier(result);
        if (result.outcome == StopOutcome::stopped && !result.files.empty()) ++delivered_;
        for (const control::SessionPart& part : result.parts) {
            if (part.state == control::SessionState::done) finished_.push_back(part.session);
        }
        if (result.parts.empty() && result.session && result.state == control::SessionState::done) {
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

void Capture::note_earlier(const control::StopResult& result) {
    const auto found = cameras_.find(result.camera);
    if (found == cameras_.end()) return;
    for (const std::string& session : found->second.sessions) {
        const auto is_it = [&](const control::SessionPart& part) {
            return part.session == session;
        };
        const bool is_listed = result.session == session ||
                               std::any_of(result.parts.begin(), result.parts.end(), is_it);
        if (!is_listed && !session.empty()) endings_.push_back({result.camera, session, {}});
    }
}

/// Somebody else's recordings: they go on.
void Capture::leave_joined() {
    for (const auto& [camera, one] : cameras_) {
        if (one.is_own) continue;
        console_.note(camera + ": goes on recording " + one.sessions.back());
        control::StopResult result;
        result.camera = camera;
        result.outcome = StopOutcome::joined;
        result.session = one.sessions.back();
        result.state = control::SessionState::recording;
        outcome_.push_back(std::move(result));
    }
}

int Capture::stop(Ended ended) {
    if (ended == Ended::signal) signalled_ = true;
    console_.show_status({});
    std::vector<std::string> cameras;
    for (const auto& [camera, one] : cameras_) {
        if (one.is_own) cameras.push_back(camera);
    }
    if (!cameras.empty()) send_stop(cameras);
    leave_joined();
    report_ended();
    const bool is_enough =
        all_started_ || (options_.capture.require == Require::any && delivered_ > 0);
    const bool is_ok = all_well_ && is_enough;
    print_outcome(is_ok);
    const int fetched = fetch_files();
    if (was_cut_short()) return cli::kInterrupted;
    if (!is_ok) return cli::kRefused;
    if (fetched != cli::kDone) return fetched;
    return came_back_ ? int{cli::kDamaged} : losses_code(outcome_);
}

int Capture::run() {
    if (options_.align) refuse_used_folder(options_.folder);
    warn_of_disk(client_, options_.start.parameters, count_meant(client_, options_.start.cameras),
                 options_.capture.duration, console_);
    // Before the start, so that nothing is missed.
    client_.subscribe({{"camera.disconnected", "camera.ready", "session.*"}, std::nullopt});
    const std::string body = start();
    const auto reply = understood(control::decode_start_reply(body));
    begin_ = Clock::now();  // the last camera has answered just now
    note_started(reply);
    // A take that was not begun has nothing else to print.
    const bool is_refused = cameras_.empty() && (!signalled_ || was_cut_short());
    if (is_refused && console_.json() && options_.capture.is_take) console_.body(body);
    if (signalled_) return stop(Ended::signal);
    const bool give_up =
        cameras_.empty() || (options_.capture.require == Require::all && !all_started_);
    if (give_up) {
        if (cameras_.empty()) {
            print_outcome(false);
        } else {
            console_.trouble("not every camera started: stopping the others");
            stop(Ended::duration);
        }
        return was_cut_short() ? cli::kInterrupted : cli::kRefused;
    }
    const std::string asked = asked_for(options_.start.parameters);
    console_.note("recording " + std::to_string(cameras_.size()) +
                  (cameras_.size() == 1 ? " camera" : " cameras") +
                  (asked.empty() ? "" : ", asked for " + asked));
    if (options_.capture.duration) end_ = begin_ + *options_.capture.duration;
    Ended ended{};
    try {
        ended = wait(end_);
    } catch (const Failed& failed) {
        // The connection was lost, perhaps for once: what we started must not go on for ever
        // because of that.
        console_.trouble(std::string(failed.what()) + "; stopping the cameras");
        client_.reconnect();
        std::vector<std::string> ids;
        for (const auto& [camera, one] : cameras_) {
            if (one.is_own) ids.insert(ids.end(), one.sessions.begin(), one.sessions.end());
        }
        for (const Ending& ending : endings_) ids.push_back(ending.session);
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

std::map<std::string, control::CameraStatus> cameras_by_name(ApiClient& client) {
    std::map<std::string, control::CameraStatus> cameras;
    for (const std::string& item : understood(control::decode_list(client.cameras())).items) {
        auto camera = understood(control::decode_camera(item));
        cameras[camera.name] = std::move(camera);
    }
    return cameras;
}

std::size_t count_meant(ApiClient& client, const std::vector<std::string>& cameras) {
    std::vector<std::string> names;
    for (const auto& [name, camera] : cameras_by_name(client)) names.push_back(name);
    return control::select_names(cameras, names).matched.size();
}

int run_capture(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console) {
    return Capture(options, client, interrupt, console).run();
}

}  // namespace st::streamctl
