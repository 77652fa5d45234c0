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
#include "streamctl/recordings/select.h"

namespace st::streamctl {

using control::StartOutcome;
using control::StopOutcome;

namespace {

/// A server that nobody has found for so long was not restarted, or has lost what it was to record.
constexpr std::chrono::seconds kGoneAfter{10};
/// What follows from a look at the cameras that failed.
constexpr char kGoesOn[] = "recording goes on; trying again to see how";

bool lists(const control::StopResult& result, const std::string& session) {
    return result.session == session ||
           std::ranges::find(result.parts, session, &control::SessionPart::session) !=
               result.parts.end();
}

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
    /// It has recordings that it began itself.
    bool has_recorded() const;

 private:
    enum class Ended { duration, signal, all_lost };
    /// A recording that ended before the stop.
    struct Ending {
        std::string camera;
        std::string session;
        std::string why;  ///< empty: another one took its place
    };

    void subscribe();
    std::string start();
    void note_started(const control::StartReply& reply);
    Ended wait();
    /// Until `deadline`, or there is news; true: until Ctrl-C.
    bool rest(Clock::time_point deadline);
    /// True if an event says that a camera may be lost.
    bool heard_of_a_loss();
    /// Looks after the cameras, if the server can be asked.
    void look();
    /// Recording goes on whether the server can be asked or not: says once that it cannot.
    /// In its handler: passes it on once the server has been gone for kGoneAfter, or refuses us a
    /// second time, with a token that was read meanwhile.
    void bear(const Failed& failed, const char* consequence);
    /// Says at once which camera is no longer recording its session.
    void look_after();
    void lose(const std::string& camera, const WatchedCamera& one, const std::string& why);
    void show_progress(const std::map<std::string, control::CameraStatus>& now);
    /// What became of all of it: the exit code.
    int stop(Ended ended);
    int stop_and_fetch(Ended ended);
    void send_stop();
    control::StopReply ask_to_stop();
    bool is_own(const std::string& camera) const;
    control::StopReply ours(control::StopReply reply) const;
    void note_outcome(const control::StopResult& result);
    /// After a failure: how to end what may go on, and to have what there is.
    void say_what_is_left();
    /// Recordings of the camera that the answer to the stop does not list.
    void note_earlier(const control::StopResult& result);
    void leave_joined();
    /// What became of the recordings that ended before the stop.
    void report_ended();
    control::StopResult result_of(const Ending& ending);
    /// Waits until it is finished, or nothing of it has changed for --timeout; nullopt: deleted.
    std::optional<control::Recording> await_finished(const std::string& id);
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
    std::map<std::string, WatchedCamera> cameras_;  ///< still recording
    std::vector<Ending> endings_;
    std::vector<control::StopResult> outcome_;
    std::set<std::string> given_up_;       ///< cameras that the server does not start again
    std::vector<std::string> finished_;    ///< sessions whose files can be fetched
    std::vector<std::string> unfinished_;  ///< those that were not waited for any longer
    std::size_t delivered_ = 0;            ///< cameras whose files are there
    Clock::time_point begin_{};
    Clock::time_point end_ = Clock::time_point::max();
    Clock::time_point disk_looked_{};
    std::string disk_;
    bool all_started_ = true;
    bool all_well_ = true;    ///< of those that started
    bool came_back_ = false;  ///< a camera dropped out and returned: pictures are missing
    bool signalled_ = false;
    bool is_subscribed_ = false;
    bool is_cut_off_ = false;                      ///< the server cannot be asked, which was said
    std::optional<Clock::time_point> gone_since_;  ///< nobody has listened there
    bool is_shut_out_ = false;                     ///< the last answer was that we may not ask
    bool asked_again_ = false;                     ///< to stop: an answer was lost
    bool has_answered_ = false;                    ///< with --json
    bool is_stopped_ = false;                      ///< the server has answered that
};

void Capture::subscribe() {
    client_.subscribe(
        {{"camera.disconnected", "camera.ready", "camera.given_up", "session.*"}, std::nullopt});
    is_subscribed_ = true;
}

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
            const std::string session = result.session.value_or("");
            const bool is_joined = result.outcome != StartOutcome::started;
            if (is_joined) {
                console_.note(result.camera + ": joined " + session +
                              (result.started_by ? ", started by " + *result.started_by : ""));
            }
            cameras_.emplace(result.camera, WatchedCamera(result.camera, session, !is_joined));
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

void Capture::lose(const std::string& camera, const WatchedCamera& one, const std::string& why) {
    console_.trouble(camera + ": " + why);
    const std::vector<std::string>& sessions = one.sessions();
    for (const std::string& session : sessions) {
        endings_.push_back({camera, session, session == sessions.back() ? why : ""});
    }
    all_well_ = false;
}

void Capture::look_after() {
    const auto now = cameras_by_name(client_);
    for (auto at = cameras_.begin(); at != cameras_.end();) {
        auto& [camera, one] = *at;
        const auto found = now.find(camera);
        auto over =
            one.look(found == now.end() ? nullptr : &found->second, client_, sizes_, console_);
        came_back_ = came_back_ || one.came_back();
        if (!over && one.is_away() && given_up_.contains(camera)) {
            over = WatchedCamera::Over{"is back, but could not be started again", true};
        }
        if (over) lose(camera, one, over->why);
        at = over ? cameras_.erase(at) : std::next(at);
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
    std::vector<StatusLine> lines;
    for (const auto& [camera, one] : cameras_) {
        const auto found = now.find(camera);
        lines.push_back(one.progress(found == now.end() ? nullptr : &found->second,
                                     duration_cast<seconds>(time - begin_), left));
    }
    if (time - disk_looked_ >= kDiskEvery) {
        disk_looked_ = time;
        disk_ = disk_line(understood(control::decode_status(client_.status())));
    }
    console_.show_status(std::move(lines), disk_);
}

bool Capture::heard_of_a_loss() {
    if (!is_subscribed_) return false;
    bool heard = false;
    while (const auto event = client_.connection().take_event()) {
        heard = heard || cameras_.contains(event->camera);
        if (event->type == "camera.given_up") given_up_.insert(event->camera);
    }
    return client_.connection().take_lost() > 0 || heard;
}

void Capture::bear(const Failed& failed, const char* consequence) {
    if (!std::exchange(is_cut_off_, true)) {
        console_.trouble(std::string(failed.what()) + "; " + consequence);
    }
    const bool is_gone = dynamic_cast<const Gone*>(&failed) != nullptr;
    if (!is_gone) gone_since_.reset();
    if (is_gone && !gone_since_) gone_since_ = Clock::now();
    if (gone_since_ && Clock::now() - *gone_since_ >= kGoneAfter) throw;
    const bool is_shut_out = failed.exit_code() == cli::kNotAuthorised;
    if (std::exchange(is_shut_out_, is_shut_out) && is_shut_out) throw;
    // A refusal came by a connection that works.
    if (dynamic_cast<const Refused*>(&failed) != nullptr) return;
    client_.reconnect();
    is_subscribed_ = false;
}

void Capture::look() {
    try {
        if (!is_subscribed_) subscribe();
        look_after();
        gone_since_.reset();
        is_shut_out_ = false;
        if (std::exchange(is_cut_off_, false)) console_.note("the server answers again");
    } catch (const Failed& failed) {
        if (failed.exit_code() == cli::kInterrupted) {
            signalled_ = true;
        } else {
            bear(failed, kGoesOn);
        }
    }
}

bool Capture::rest(Clock::time_point deadline) {
    if (is_subscribed_) {
        try {
            return client_.connection().wait(deadline) == Connection::Woke::interrupted;
        } catch (const Failed& failed) {
            bear(failed, kGoesOn);
        }
    }
    return interrupt_.wait(deadline);
}

Capture::Ended Capture::wait() {
    // Losses come as events; sizes, and a server that is silent, have to be looked for.
    constexpr auto kLookEvery = std::chrono::seconds(1);
    client_.on_interrupt([this] { return signalled_ = true; });
    auto next_look = Clock::now();
    while (!cameras_.empty()) {
        if (rest(std::min<Clock::time_point>(end_, next_look)) || signalled_) return Ended::signal;
        if (Clock::now() >= end_) return Ended::duration;
        if (!heard_of_a_loss() && Clock::now() < next_look) continue;
        next_look = Clock::now() + kLookEvery;
        look();
        if (signalled_) return Ended::signal;
    }
    return Ended::all_lost;
}

std::optional<control::Recording> Capture::await_finished(const std::string& id) {
    std::optional<control::Recording> seen;
    for (Clock::time_point deadline;;) {
        auto recording = find_recording(client_, id);
        if (!recording || has_ended(*recording)) return recording;
        if (recording != seen) deadline = Clock::now() + options_.start.timeout;
        if (Clock::now() >= deadline) return recording;
        seen = recording;
        if (client_.connection().wait(Clock::now() + milliseconds(200)) ==
            Connection::Woke::interrupted) {
            signalled_ = true;
            return recording;
        }
    }
}

control::StopResult Capture::result_of(const Ending& ending) {
    control::StopResult result;
    result.camera = ending.camera;
    if (!ending.why.empty()) result.error = ending.why;
    result.outcome = ending.why.empty() ? StopOutcome::stopped : StopOutcome::failed;
    if (ending.session.empty()) return result;
    result.session = ending.session;
    const auto recording = await_finished(ending.session);
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

void Capture::report_ended() {
    for (const Ending& ending : endings_) {
        control::StopResult result = result_of(ending);
        if (result.outcome != StopOutcome::stopped) all_well_ = false;
        if (result.outcome == StopOutcome::stopped && !result.files.empty()) ++delivered_;
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
    has_answered_ = true;
}

/// By the owner alone: that ends also what began unheard, and what is to begin when its camera is
/// back. An answer that was lost is asked for again.
control::StopReply Capture::ask_to_stop() {
    constexpr auto kServerPatience = std::chrono::minutes(2);
    control::StopRequest request;
    request.timeout = options_.start.timeout;
    request.owner = owner_;
    for (const auto deadline = Clock::now() + kServerPatience;; asked_again_ = true) {
        try {
            return understood(control::decode_stop_reply(client_.stop(request)));
        } catch (const Refused& refused) {
            if (refused.code() != control::ErrorCode::no_cameras) throw;
            return {};
        } catch (const Failed& failed) {
            const bool may_pass = failed.exit_code() == cli::kUnreachable ||
                                  failed.exit_code() == cli::kNoAnswer ||
                                  failed.exit_code() == cli::kNotAuthorised;
            if (!may_pass || Clock::now() >= deadline) throw;
            bear(failed, "trying again to stop the cameras");
        }
        if (interrupt_.wait(Clock::now() + std::chrono::seconds(1))) {
            throw Failed(cli::kInterrupted, "interrupted");
        }
    }
}

bool Capture::is_own(const std::string& camera) const {
    const auto found = cameras_.find(camera);
    return found != cameras_.end() && found->second.is_own();
}

/// Without cameras of which this capture has no recording, and with those of its cameras that the
/// server does not know any more.
control::StopReply Capture::ours(control::StopReply reply) const {
    const auto is_others = [&](const control::StopResult& result) {
        return !is_own(result.camera) && !result.session;
    };
    // What is left is judged one by one.
    if (std::erase_if(reply.results, is_others) > 0) reply.ok = true;
    for (const auto& [camera, one] : cameras_) {
        const bool is_listed =
            std::ranges::find(reply.results, camera, &control::StopResult::camera) !=
            reply.results.end();
        if (is_listed || !one.is_own()) continue;
        control::StopResult result;
        result.camera = camera;
        result.outcome = StopOutcome::not_recording;
        reply.results.push_back(std::move(result));
    }
    return reply;
}

void Capture::note_outcome(const control::StopResult& result) {
    // Of a camera that began after its start was answered with a failure, this is the last word.
    std::erase_if(outcome_, [&](const auto& one) { return one.camera == result.camera; });
    std::erase_if(endings_, [&](const Ending& one) { return lists(result, one.session); });
    outcome_.push_back(result);
    note_earlier(result);
    if (result.outcome == StopOutcome::stopped && !result.files.empty()) ++delivered_;
    for (const control::SessionPart& part : result.parts) {
        if (part.state == control::RecordingState::done) finished_.push_back(part.session);
        if (part.state == control::RecordingState::finalising) unfinished_.push_back(part.session);
    }
    if (result.parts.empty() && result.session && result.state == control::RecordingState::done) {
        finished_.push_back(*result.session);
    }
    if (result.parts.empty() && result.session && result.outcome == StopOutcome::timeout) {
        unfinished_.push_back(*result.session);
    }
    if (result.outcome == StopOutcome::not_recording) all_well_ = false;
}

void Capture::send_stop() {
    // The first Ctrl-C has stopped the cameras; only another one leaves without the files.
    client_.on_interrupt([this] {
        if (std::exchange(signalled_, true)) return false;
        console_.note("the cameras are being stopped; Ctrl-C again does not wait for the files");
        return true;
    });
    control::StopReply reply = ours(ask_to_stop());
    is_stopped_ = true;
    if (asked_again_) {
        // A stop whose answer was lost has ended them.
        std::erase_if(reply.results, [&](const control::StopResult& result) {
            if (result.outcome != StopOutcome::not_recording) return false;
            note_earlier(result);
            return true;
        });
    }
    if (!report(reply, console_, options_.folder.empty())) all_well_ = false;
    for (const control::StopResult& result : reply.results) note_outcome(result);
}

int Capture::fetch_files() {
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
    const int fetched = fetch(recordings);
    const bool is_all = recordings.size() == finished_.size();
    return is_all || fetched == cli::kInterrupted ? fetched : int{cli::kRefused};
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
    for (const std::string& session : found->second.sessions()) {
        if (!lists(result, session) && !session.empty())
            endings_.push_back({result.camera, session, {}});
    }
}

/// Somebody else's recordings: they go on.
void Capture::leave_joined() {
    for (const auto& [camera, one] : cameras_) {
        if (one.is_own()) continue;
        console_.note(camera + ": goes on recording " + one.sessions().back());
        control::StopResult result;
        result.camera = camera;
        result.outcome = StopOutcome::joined;
        result.session = one.sessions().back();
        result.state = control::RecordingState::recording;
        outcome_.push_back(std::move(result));
    }
}

int Capture::stop(Ended ended) {
    try {
        return stop_and_fetch(ended);
    } catch (const Failed& failed) {
        say_what_is_left();
        if (!has_answered_) throw;
        console_.trouble(failed.what());
        return failed.exit_code();
    }
}

void Capture::say_what_is_left() {
    std::vector<std::string> names;
    std::vector<std::string> ids = finished_;
    for (const auto& [camera, one] : cameras_) {
        if (!one.is_own()) continue;
        names.push_back(camera);
        const auto& sessions = one.sessions();
        if (finished_.empty()) ids.insert(ids.end(), sessions.begin(), sessions.end());
    }
    for (const Ending& ending : endings_) {
        if (finished_.empty()) ids.push_back(ending.session);
    }
    if (!is_stopped_) {
        console_.trouble("the cameras may go on recording; to end that when the server is back: " +
                         (names.empty()
                              ? "streamctl cameras says which do, streamctl stop CAMERA ends one"
                              : stop_line(options_, names)));
    }
    if (!ids.empty()) {
        console_.trouble("the recordings are kept on the server; to fetch them: " +
                         fetch_line(options_, ids));
    }
}

int Capture::stop_and_fetch(Ended ended) {
    if (ended == Ended::signal) signalled_ = true;
    console_.show_status({});
    is_cut_off_ = false;
    send_stop();
    leave_joined();
    report_ended();
    if (!unfinished_.empty()) {
        console_.trouble("to fetch what is not finished yet, later: " +
                         fetch_line(options_, unfinished_));
    }
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

bool Capture::has_recorded() const {
    return std::ranges::any_of(outcome_, [](const control::StopResult& result) {
        return result.session && result.outcome != StopOutcome::joined;
    });
}

int Capture::run() {
    if (options_.align) refuse_used_folder(options_.folder);
    warn_of_disk(client_, options_.start.parameters,
                 meant_cameras(client_, options_.start.cameras).size(), options_.capture.duration,
                 console_);
    subscribe();  // before the start, so that nothing is missed
    std::string body;
    control::StartReply reply;
    try {
        body = start();
        reply = understood(control::decode_start_reply(body));
    } catch (const Refused&) {
        throw;
    } catch (const Failed& failed) {
        if (failed.exit_code() == cli::kInterrupted) throw;  // all of it has been stopped
        all_started_ = false;
        bear(failed, "stopping what has begun");
        stop(Ended::duration);
        return failed.exit_code();
    }
    begin_ = Clock::now();  // the last camera has answered just now
    note_started(reply);
    const bool is_refused = cameras_.empty() && (!signalled_ || was_cut_short());
    const bool prints_refusal = is_refused && console_.json() && options_.capture.is_take;
    if (signalled_) {
        const int exit_code = stop(Ended::signal);
        if (prints_refusal && !has_recorded()) console_.body(body);
        return exit_code;
    }
    const bool give_up =
        cameras_.empty() || (options_.capture.require == Require::all && !all_started_);
    if (give_up) {
        if (!cameras_.empty()) {
            console_.trouble("not every camera started: stopping the others");
        }
        stop(Ended::duration);
        // A take that was not begun has nothing else to print.
        if (prints_refusal && !has_recorded()) console_.body(body);
        return was_cut_short() ? cli::kInterrupted : cli::kRefused;
    }
    const std::string asked = asked_for(options_.start.parameters);
    console_.note("recording " + std::to_string(cameras_.size()) +
                  (cameras_.size() == 1 ? " camera" : " cameras") +
                  (asked.empty() ? "" : ", asked for " + asked));
    if (options_.capture.duration) end_ = begin_ + *options_.capture.duration;
    Ended ended{};
    try {
        ended = wait();
    } catch (const Failed&) {
        say_what_is_left();
        throw;
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

std::map<std::string, control::CameraStatus> meant_cameras(
    ApiClient& client, const std::vector<std::string>& cameras) {
    auto known = cameras_by_name(client);
    std::vector<std::string> names;
    for (const auto& [name, camera] : known) names.push_back(name);
    std::map<std::string, control::CameraStatus> meant;
    for (const std::string& name : control::select_names(cameras, names).matched)
        meant.insert(known.extract(name));
    return meant;
}

Captured capture(const Options& options, ApiClient& client, Interrupt& interrupt,
                 Console& console) {
    Capture capture(options, client, interrupt, console);
    const int exit_code = capture.run();
    return {exit_code, capture.has_recorded()};
}

int run_capture(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console) {
    return capture(options, client, interrupt, console).exit_code;
}

}  // namespace st::streamctl
