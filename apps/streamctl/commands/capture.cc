#include "streamctl/commands/capture.h"

#include <algorithm>
#include <utility>

#include "control/glob.h"
#include "control/refusals.h"
#include "streamctl/client/who.h"
#include "streamctl/commands/capture_outcome.h"
#include "streamctl/commands/capture_watch.h"
#include "streamctl/commands/follow.h"
#include "streamctl/commands/sentences.h"
#include "streamctl/commands/sizes.h"
#include "streamctl/console/table.h"
#include "streamctl/recordings/align.h"
#include "streamctl/recordings/fetch_line.h"

namespace st::streamctl {

using control::StartOutcome;
using control::StopOutcome;

namespace {

/// Starts cameras, stops them again, and says what became of it.
class Capture {
 public:
    Capture(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console)
        : options_(options),
          client_(client),
          interrupt_(interrupt),
          console_(console),
          owner_(new_owner()),
          outcome_(options, client, interrupt, console),
          watch_(options, client, interrupt, console, outcome_) {}
    ~Capture() { client_.on_interrupt({}); }
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;

    int run();
    bool has_recorded() const { return outcome_.has_recorded(); }

 private:
    using Ended = CaptureWatch::Ended;

    std::string start();
    void note_started(const control::StartReply& reply);
    /// Until it is over: the exit code.
    int record();
    /// What became of all of it: the exit code.
    int stop(Ended ended);
    int stop_and_fetch(Ended ended);
    void send_stop();
    control::StopReply ask_to_stop();
    control::StopReply ours(control::StopReply reply) const;
    /// The recordings of a camera that is watched; none of another.
    std::vector<std::string> sessions_of(const std::string& camera) const;
    void leave_joined();
    /// After a failure: how to end what may go on, and to have what there is.
    void say_what_is_left();
    /// Ctrl-C came, and is not the end that was asked for.
    bool was_cut_short() const { return signalled_ && !options_.capture.until_interrupt; }

    const Options& options_;
    ApiClient& client_;
    Interrupt& interrupt_;
    Console& console_;
    const std::string owner_;  ///< of what this capture starts
    CaptureOutcome outcome_;
    CaptureWatch watch_;
    bool all_started_ = true;
    bool signalled_ = false;
    bool asked_again_ = false;  ///< to stop: an answer was lost
    bool is_stopped_ = false;   ///< the server has answered that
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
            const std::string session = result.session.value_or("");
            const bool is_joined = result.outcome != StartOutcome::started;
            if (is_joined) {
                console_.note(result.camera + ": joined " + session +
                              (result.started_by ? ", started by " + *result.started_by : ""));
            }
            watch_.add(WatchedCamera(result.camera, session, !is_joined));
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
        outcome_.add(std::move(missing));
    }
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
            watch_.bear(failed, "trying again to stop the cameras");
        }
        if (interrupt_.wait(Clock::now() + std::chrono::seconds(1))) {
            throw Failed(cli::kInterrupted, "interrupted");
        }
    }
}

std::vector<std::string> Capture::sessions_of(const std::string& camera) const {
    const auto found = watch_.cameras().find(camera);
    return found == watch_.cameras().end() ? std::vector<std::string>() : found->second.sessions();
}

/// Without cameras of which this capture has no recording, and with those of its cameras that the
/// server does not know any more.
control::StopReply Capture::ours(control::StopReply reply) const {
    const auto& cameras = watch_.cameras();
    const auto is_others = [&](const control::StopResult& result) {
        const auto found = cameras.find(result.camera);
        const bool is_own = found != cameras.end() && found->second.is_own();
        return !is_own && !result.session;
    };
    // What is left is judged one by one.
    if (std::erase_if(reply.results, is_others) > 0) reply.ok = true;
    for (const auto& [camera, one] : cameras) {
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
            outcome_.add_earlier(result, sessions_of(result.camera));
            return true;
        });
    }
    if (!report(reply, console_, options_.folder.empty())) outcome_.mark_failed();
    for (const control::StopResult& result : reply.results) {
        outcome_.add_stopped(result, sessions_of(result.camera));
    }
}

/// Somebody else's recordings: they go on.
void Capture::leave_joined() {
    for (const auto& [camera, one] : watch_.cameras()) {
        if (one.is_own()) continue;
        console_.note(camera + ": goes on recording " + one.sessions().back());
        control::StopResult result;
        result.camera = camera;
        result.outcome = StopOutcome::joined;
        result.session = one.sessions().back();
        result.state = control::RecordingState::recording;
        outcome_.add(std::move(result));
    }
}

int Capture::stop(Ended ended) {
    try {
        return stop_and_fetch(ended);
    } catch (const Failed& failed) {
        say_what_is_left();
        if (!outcome_.was_printed()) throw;
        console_.trouble(failed.what());
        return failed.exit_code();
    }
}

void Capture::say_what_is_left() {
    std::vector<std::string> names;
    std::vector<std::string> sessions;
    for (const auto& [camera, one] : watch_.cameras()) {
        if (!one.is_own()) continue;
        names.push_back(camera);
        sessions.insert(sessions.end(), one.sessions().begin(), one.sessions().end());
    }
    if (!is_stopped_) {
        console_.trouble("the cameras may go on recording; to end that when the server is back: " +
                         (names.empty()
                              ? "streamctl cameras says which do, streamctl stop CAMERA ends one"
                              : stop_line(options_, names)));
    }
    if (const auto ids = outcome_.ids_left(sessions); !ids.empty()) {
        console_.trouble("the recordings are kept on the server; to fetch them: " +
                         fetch_line(options_, ids));
    }
}

int Capture::stop_and_fetch(Ended ended) {
    if (ended == Ended::signal) signalled_ = true;
    console_.show_status({});
    watch_.forget_failures();
    send_stop();
    leave_joined();
    if (outcome_.await_ended()) signalled_ = true;
    const bool is_enough =
        all_started_ || (options_.capture.require == Require::any && outcome_.has_delivered());
    const bool is_ok = outcome_.is_well() && is_enough;
    outcome_.print(is_ok);
    const int fetched = outcome_.fetch();
    if (was_cut_short()) return cli::kInterrupted;
    if (!is_ok) return cli::kRefused;
    if (fetched != cli::kDone) return fetched;
    return watch_.dropped_out() ? int{cli::kDamaged} : outcome_.losses();
}

int Capture::run() {
    if (options_.align) refuse_used_folder(options_.folder);
    warn_of_disk(client_, options_.start.parameters,
                 meant_cameras(client_, options_.start.cameras).size(), options_.capture.duration,
                 console_);
    watch_.subscribe();  // before the start, so that nothing is missed
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
        watch_.bear(failed, "stopping what has begun");
        stop(Ended::duration);
        return failed.exit_code();
    }
    note_started(reply);
    const bool is_refused = watch_.cameras().empty() && (!signalled_ || was_cut_short());
    const int exit_code = record();
    // A take that was not begun has nothing else to print.
    if (is_refused && console_.json() && options_.capture.is_take && !has_recorded())
        console_.body(body);
    return exit_code;
}

int Capture::record() {
    if (signalled_) return stop(Ended::signal);
    const std::size_t cameras = watch_.cameras().size();
    if (cameras == 0 || (options_.capture.require == Require::all && !all_started_)) {
        if (cameras > 0) console_.trouble("not every camera started: stopping the others");
        stop(Ended::duration);
        return was_cut_short() ? cli::kInterrupted : cli::kRefused;
    }
    const std::string asked = asked_for(options_.start.parameters);
    console_.note("recording " + counted(cameras, "camera") +
                  (asked.empty() ? "" : ", asked for " + asked));
    Ended ended{};
    try {
        ended = watch_.wait(options_.capture.duration);
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
    for (const std::string& item :
         understood(control::decode_list(client.ask("cameras.list"))).items) {
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
