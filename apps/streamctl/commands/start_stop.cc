#include <algorithm>

#include "base/units.h"
#include "streamctl/commands/capture.h"
#include "streamctl/commands/follow.h"
#include "streamctl/commands/sentences.h"

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
        if (result.error || result.state == control::SessionState::failed) is_ok = false;
        const std::string line = result.camera + ": " + sentence(result);
        for (const std::string& warning : result.warnings)
            console.note(result.camera + ": " + warning);
        const bool is_well = result.outcome == StopOutcome::stopped && !result.error &&
                             result.state != control::SessionState::failed;
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

/// Ctrl-C does not take back what the cameras were told.
void say_who_records(ApiClient& client, Console& console) {
    for (const auto& [name, camera] : cameras_by_name(client)) {
        if (camera.state != control::CameraState::recording &&
            camera.state != control::CameraState::starting) {
            continue;
        }
        console.trouble(name + ": " + std::string(to_text(camera.state)) +
                        (camera.session ? " " + *camera.session : "") +
                        "; it goes on until streamctl stop");
    }
}

std::string start(const control::StartRequest& request, ApiClient& client, Console& console) {
    try {
        return client.start(request);
    } catch (const Failed& failed) {
        if (failed.exit_code() == cli::kInterrupted) say_who_records(client, console);
        throw;
    }
}

}  // namespace

int run_start(const Options& options, ApiClient& client, Console& console) {
    warn_of_disk(client, options.start.parameters, count_meant(client, options.start.cameras),
                 std::nullopt, console);
    const std::string body = start(options.start, client, console);
    const auto reply = understood(control::decode_start_reply(body));
    if (console.json()) console.body(body);
    const std::string asked = asked_for(options.start.parameters);
    const bool is_asked = std::ranges::any_of(reply.results, [](const auto& result) {
        return result.outcome == control::StartOutcome::started ||
               result.outcome == control::StartOutcome::sent;
    });
    if (is_asked && !asked.empty()) console.note("asked for " + asked);
    const bool ok = report(reply, console);
    SizeWatch sizes(options.start.parameters, console);
    if (ok && sizes.wants_to_know()) {
        const auto cameras = cameras_by_name(client);
        for (const control::StartResult& result : reply.results) {
            const auto found = cameras.find(result.camera);
            if (found != cameras.end()) sizes.look(found->second);
        }
    }
    if (options.capture.follow) {
        std::vector<Followed> started;
        for (const control::StartResult& result : reply.results) {
            if (is_recording(result) && result.session)
                started.push_back({result.camera, *result.session});
        }
        const int followed = follow(started, client, console);
        if (followed != cli::kDone) return followed;
    }
    return ok ? cli::kDone : cli::kRefused;
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
