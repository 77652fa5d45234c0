#include <algorithm>
#include <chrono>
#include <map>
#include <vector>

#include "base/units.h"
#include "cli/terminal.h"
#include "streamctl/client/who.h"
#include "streamctl/commands/capture.h"
#include "streamctl/commands/follow.h"
#include "streamctl/commands/sentences.h"
#include "streamctl/commands/sizes.h"
#include "streamctl/recordings/fetch_line.h"

namespace st::streamctl {

using control::StopOutcome;

bool report(const control::StartReply& reply, Console& console) {
    for (const control::StartResult& result : reply.results) {
        const std::string line = result.camera + ": " + sentence(result);
        const bool is_fine = !result.error && (is_recording(result) ||
                                               result.outcome == control::StartOutcome::sent);
        if (!is_fine) {
            console.trouble(line);
        } else if (!console.json() && !console.quiet()) {
            console.result(line);
        }
    }
    return reply.ok;
}

int losses_code(const std::vector<control::StopResult>& results) {
    const auto is_incomplete = [](const control::StopResult& result) {
        return has_losses(result) || was_away(result);
    };
    return std::any_of(results.begin(), results.end(), is_incomplete) ? cli::kDamaged : cli::kDone;
}

bool report(const control::StopReply& reply, Console& console, bool prints_paths) {
    bool is_ok = reply.ok;
    for (const control::StopResult& result : reply.results) {
        if (result.error || result.state == control::RecordingState::failed) is_ok = false;
        const std::string line = result.camera + ": " + sentence(result);
        for (const std::string& warning : result.warnings)
            console.note(result.camera + ": " + warning);
        const bool is_well = result.outcome == StopOutcome::stopped && !result.error &&
                             result.state != control::RecordingState::failed;
        const bool is_sent = result.outcome == StopOutcome::sent && !result.error;
        if (is_sent || (is_well && result.files.empty())) {
            console.note(line);
        } else if (result.outcome == StopOutcome::not_recording) {
            console.note(result.camera + ": was not recording");
        } else if (!is_well) {
            console.trouble(line);
        }
        if (was_away(result)) {
            console.trouble(result.camera + ": lost its connection for a while; recorded in " +
                            std::to_string(result.parts.size()) + " parts");
        }
        if (has_losses(result)) console.trouble(result.camera + ": " + losses_text(result));
        for (const control::SessionFile& file : result.files) {
            const bool is_mp4 =
                file.path.size() > 4 && file.path.compare(file.path.size() - 4, 4, ".mp4") == 0;
            if (is_mp4 && prints_paths && !console.json()) {
                console.server_file(file.path, result.session.value_or(""));
            }
        }
    }
    return is_ok;
}

namespace {

/// Says what size each camera delivers that records, as soon as its first picture has come.
void say_sizes(const control::StartReply& reply, const control::StartParameters& parameters,
               ApiClient& client, Console& console) {
    constexpr auto kPatience = std::chrono::seconds(2);
    constexpr auto kLookEvery = milliseconds(100);
    const auto deadline = Clock::now() + kPatience;
    SizeWatch sizes(parameters, console, true);
    std::vector<const control::StartResult*> left;
    for (const control::StartResult& result : reply.results) {
        if (is_recording(result) && !result.error && result.session) left.push_back(&result);
    }
    while (!left.empty()) {
        const auto cameras = cameras_by_name(client);
        std::erase_if(left, [&](const control::StartResult* started) {
            const auto found = cameras.find(started->camera);
            const bool is_over =
                found == cameras.end() || found->second.session != started->session;
            return is_over || sizes.look(found->second);
        });
        if (Clock::now() >= deadline) return;
        if (!left.empty() &&
            client.connection().wait(Clock::now() + kLookEvery) == Connection::Woke::interrupted)
            throw Failed(cli::kInterrupted, "interrupted");
    }
}

using Cameras = std::map<std::string, control::CameraStatus>;

/// Whether another start has begun what the camera does: it was doing that, or starting, before.
bool was_begun(const Cameras& before, const control::CameraStatus& camera) {
    const auto found = before.find(camera.name);
    if (found == before.end()) return false;
    const control::CameraStatus& then = found->second;
    return then.state == control::CameraState::starting ||
           (then.session && then.session == camera.session);
}

/// Ctrl-C does not take back what the cameras were told. `before`: as they were until then. Of one
/// that is starting nobody says who asked for it.
void say_who_records(const Options& options, const Cameras& before, ApiClient& client,
                     Console& console) {
    for (const auto& [name, camera] : meant_cameras(client, options.start.cameras)) {
        if (was_begun(before, camera)) continue;
        if (camera.state == control::CameraState::starting) console.trouble(name + ": starting");
        if (!camera.session || !camera.recording || camera.recording->started_by != who()) continue;
        console.trouble(name + ": recording " + *camera.session +
                        "; it goes on until: " + stop_line(options, {name}));
    }
}

control::StartReply start(const Options& options, ApiClient& client, Console& console) {
    const std::string body = client.start(options.start);
    auto reply = understood(control::decode_start_reply(body));
    if (console.json()) console.body(body);
    const std::string asked = asked_for(options.start.parameters);
    const bool is_asked = std::ranges::any_of(reply.results, [](const auto& result) {
        return result.outcome == control::StartOutcome::started ||
               result.outcome == control::StartOutcome::sent;
    });
    if (is_asked && !asked.empty()) console.note("asked for " + asked);
    report(reply, console);
    const control::StartParameters& wanted = options.start.parameters;
    // Nobody would read that nothing is amiss.
    const bool is_heard = !console.quiet() || wanted.resolution || wanted.aspect;
    cli::flush_output();
    if (!options.start.wait || options.capture.follow || !is_heard) return reply;
    try {
        say_sizes(reply, wanted, client, console);
    } catch (const Failed& failed) {
        if (failed.exit_code() == cli::kInterrupted) throw;
        console.trouble(failed.what());  // that they record has been said
    }
    return reply;
}

}  // namespace

int run_start(const Options& options, ApiClient& client, Console& console) {
    const Cameras before = meant_cameras(client, options.start.cameras);
    warn_of_disk(client, options.start.parameters, before.size(), std::nullopt, console);
    control::StartReply reply;
    try {
        reply = start(options, client, console);
    } catch (const Failed& failed) {
        if (failed.exit_code() == cli::kInterrupted)
            say_who_records(options, before, client, console);
        throw;
    }
    if (options.capture.follow) {
        std::vector<WatchedCamera> started;
        for (const control::StartResult& result : reply.results) {
            if (!is_recording(result) || result.error || !result.session) continue;
            const bool is_own = result.outcome == control::StartOutcome::started;
            started.emplace_back(result.camera, *result.session, is_own);
        }
        const int followed = follow(std::move(started), options, client, console);
        if (followed != cli::kDone) return followed;
    }
    return reply.ok ? cli::kDone : cli::kRefused;
}

int run_preview(const Options& options, ApiClient& client, Console& console) {
    control::PreviewRequest request;
    request.cameras = options.start.cameras;
    request.parameters = options.start.parameters;
    request.stop = options.stop_preview;
    request.wait = options.start.wait;
    request.timeout = options.start.timeout;
    const std::string body = client.preview(request);
    const auto reply = understood(control::decode_preview_reply(body));
    if (console.json()) console.body(body);
    for (const control::PreviewResult& result : reply.results) {
        const std::string line = result.camera + ": " + sentence(result);
        if (result.error) {
            console.trouble(line);
        } else if (!console.json() && !console.quiet()) {
            console.result(line);
        }
    }
    return reply.ok ? cli::kDone : cli::kRefused;
}

int run_stop(const Options& options, ApiClient& client, Console& console) {
    control::StopRequest request;
    request.cameras = options.start.cameras;
    request.wait = options.start.wait;
    request.timeout = options.start.timeout;
    const std::string body = client.stop(request);
    const auto reply = understood(control::decode_stop_reply(body));
    if (console.json()) console.body(body);
    if (!report(reply, console, true)) return cli::kRefused;
    return losses_code(reply.results);
}

}  // namespace st::streamctl
