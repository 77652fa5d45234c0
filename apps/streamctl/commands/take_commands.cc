/// take run, take show and take delete.
#include <algorithm>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/joined.h"
#include "base/nearest.h"
#include "base/units.h"
#include "cli/terminal.h"
#include "control/camera_status.h"
#include "control/glob.h"
#include "control/refusals.h"
#include "control/status.h"
#include "json/read.h"
#include "json/write.h"
#include "streamctl/client/ctrl_c.h"
#include "streamctl/client/printable.h"
#include "streamctl/commands/capture.h"
#include "streamctl/commands/commands.h"
#include "streamctl/commands/follow.h"
#include "streamctl/commands/sentences.h"
#include "streamctl/console/confirm.h"
#include "streamctl/console/table.h"
#include "streamctl/recordings/select.h"
#include "streamctl/takes/films.h"
#include "takes/manifest.h"

namespace st::streamctl {
namespace {

using takes::Manifest;
using takes::Verdict;

// ---- before it begins

/// A clock of which nothing is known may be as far off as this.
constexpr milliseconds kAnyError = std::chrono::hours(1);

std::string under_way(const std::string& session, const control::RecordingNow& now) {
    const auto since = parse_rfc3339(now.started_at);
    const std::chrono::microseconds age(since ? wall_us() - *since : 0);
    return control::sentence(
        control::UnderWay{session, now.take.value_or(""), printable(now.started_by.value_or("")),
                          std::chrono::duration_cast<std::chrono::seconds>(age)});
}

/// What stands against this camera; empty: nothing.
std::string trouble_of(const control::CameraStatus& camera, milliseconds max_error) {
    if (camera.session && camera.recording) return under_way(*camera.session, *camera.recording);
    if (max_error >= kAnyError) return {};
    const std::int64_t most_us = std::chrono::microseconds(max_error).count();
    const control::CameraClock& clock = camera.clock;
    if (!clock.bound_us)
        return "nothing is known about its clock yet (--max-error 1h takes it as it is)";
    if (*clock.bound_us <= most_us) return {};
    return "its clock is known to ±" + ms_text(*clock.bound_us) + " ms only, not to " +
           format_duration(max_error) +
           (clock.method == "exchange" ? "" : "; it does not answer about it");
}

/// Sentences.
struct Preflight {
    /// What the troubles are, for --json.
    control::ErrorCode code = control::ErrorCode::conflict;
    std::vector<std::string> troubles;  ///< none: it may begin
    std::vector<std::string> warnings;  ///< what may end it early
};

Preflight preflight(const Options& options, ApiClient& client) {
    Preflight out;
    const auto cameras = cameras_by_name(client);
    std::vector<std::string> names;
    for (const auto& [name, camera] : cameras) names.push_back(name);
    const auto chosen = control::select_names(options.start.cameras, names);
    for (const std::string& missing : chosen.missing)
        out.troubles.push_back(control::no_such_camera(missing, nearest(missing, names)));
    if (!chosen.missing.empty()) out.code = control::ErrorCode::not_found;
    if (chosen.matched.empty() && chosen.missing.empty()) {
        out.code = control::ErrorCode::no_cameras;
        out.troubles.emplace_back("no camera is connected");
    }
    for (const std::string& name : chosen.matched) {
        const control::CameraStatus& camera = cameras.at(name);
        const std::string why = trouble_of(camera, options.take.max_error);
        if (!why.empty()) out.troubles.push_back(name + ": " + why);
        if (const auto battery = battery_sentence(camera))
            (is_battery_empty(camera) ? out.troubles : out.warnings)
                .push_back(name + ": " + *battery);
    }
    const auto disk = disk_trouble(client, options.start.parameters, chosen.matched.size(),
                                   options.capture.duration.value_or(milliseconds(0)));
    if (disk) out.troubles.push_back(*disk);
    return out;
}

/// take.json with what the preflight warned of.
std::string with_warnings(const std::string& manifest, const std::vector<std::string>& warnings) {
    const auto value = json::read(manifest, {takes::kManifestBytesMax, takes::kManifestDepthMax});
    if (!value || value->object() == nullptr) return manifest;
    json::Array sentences;
    for (const std::string& warning : warnings) sentences.emplace_back(warning);
    json::Object object = *value->object();
    object.set("warnings", sentences);
    return json::write(object);
}

// ---- what came of it

/// How many files have their digest, and how many have none yet.
struct Digests {
    std::size_t there = 0;
    std::size_t missing = 0;
};

Digests digests_of(const Manifest& manifest) {
    Digests out;
    for (const takes::Camera& camera : manifest.cameras) {
        for (const takes::Part& part : camera.parts) {
            if (!part.file.empty()) ++(part.sha256 ? out.there : out.missing);
        }
    }
    return out;
}

/// How long the server may need for the largest file of the take.
milliseconds time_to_read_largest(const std::string& take, ApiClient& client) {
    control::RecordingQuery query;
    query.take = take;
    std::uint64_t most = 0;
    for (const std::string& item : known_recordings(client, query).items) {
        for (const auto& file : understood(control::decode_recording(item)).files) {
            if (file.kind == "mp4") most = std::max(most, file.bytes);
        }
    }
    return time_to_read(most);
}

struct FinishedTake {
    std::string body;
    bool is_interrupted = false;
};

/// The take once its files have been read; says so if it is given without that, because Ctrl-C
/// came, or nothing was seen to go on for `patience` and the time that a file may take. Throws
/// Failed 75 if not even its recordings are finished, or known, by then.
FinishedTake finished_take(const std::string& take, milliseconds patience, ApiClient& client,
                           Console& console) {
    constexpr milliseconds kLookEvery{100};
    CtrlC ctrl_c(client);
    auto deadline = Clock::now() + patience;
    std::optional<std::size_t> read;
    milliseconds for_a_file{0};
    std::string why;
    for (;;) {
        FinishedTake out;
        Digests digests;
        try {
            out.body = take_body(take, client);
            digests = digests_of(understood_take(out.body));
            if (digests.missing == 0) return out;
            if (!read) for_a_file = time_to_read_largest(take, client);
            if (!read || digests.there > *read) deadline = Clock::now() + patience + for_a_file;
            read = digests.there;
        } catch (const Refused& refused) {
            if (!is_too_early(refused)) throw;
            why = refused.what();
        }
        ctrl_c.wait(kLookEvery);
        out.is_interrupted = ctrl_c.came();
        if (!out.is_interrupted && Clock::now() < deadline) continue;
        if (out.body.empty()) {
            if (out.is_interrupted) throw Failed(cli::kInterrupted, "interrupted");
            throw Failed(cli::kNoAnswer, "take " + take + ": has no take.json yet: " + why);
        }
        console.trouble("take " + take + ": " + counted(digests.missing, "file") +
                        " not read yet; the sha256 follows in take.json");
        return out;
    }
}

std::string clock_text_of(const takes::Part& part) {
    return part.bound_us ? "±" + ms_text(*part.bound_us) + " ms" : "not known";
}

void print(const Manifest& manifest, Console& console) {
    // The recording's id has the camera's name in front.
    Table table({{"RECORDING", false, 0, 0, true},
                 {"CAMERA", false, 3},
                 {"BEGINS", true, 2},
                 {"PICTURES", true},
                 {"LOST", true},
                 {"FPS", true, 1},
                 {"ERROR", true},
                 {"MODEL", false, 4}});
    for (const takes::Camera& camera : manifest.cameras) {
        for (const takes::Part& part : camera.parts) {
            table.add(
                {part.recording, camera.camera,
                 part.first_us ? fixed(static_cast<double>(*part.first_us) / 1e6, 3) + " s" : "-",
                 std::to_string(part.pictures), std::to_string(part.lost),
                 part.fps ? fixed(*part.fps, 2) : "-", clock_text_of(part),
                 camera.model.value_or("-")});
        }
    }
    table.print(std::cout, output_width());
    console.result("take: " + manifest.take);
    console.result("started: " + local_time(manifest.started_at));
    if (manifest.pairing) {
        console.result("pairing: 95 % within " + ms_text(manifest.pairing->p95_us) +
                       " ms of another camera's picture, " + ms_text(manifest.pairing->worst_us) +
                       " ms at worst");
    }
    console.result("verdict: " + std::string(takes::to_string(manifest.verdict)));
    for (const std::string& why : manifest.why) console.result("  " + why);
}

int code_of(Verdict verdict) {
    return verdict == Verdict::ok      ? cli::kDone
           : verdict == Verdict::check ? cli::kDamaged
                                       : cli::kRefused;
}

int run(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console) {
    const Preflight found = preflight(options, client);
    for (const std::string& warning : found.warnings) console.trouble("warning: " + warning);
    if (!found.troubles.empty()) {
        for (const std::string& trouble : found.troubles) console.trouble(trouble);
        std::string message = "take " + options.take.name + ": nothing was started";
        if (console.json()) message += ": " + joined(found.troubles, "; ");
        throw Refused({found.code, message, {}});
    }
    const Captured captured = capture(options, client, interrupt, console);
    // With --append there may be recordings of an earlier run, which are no result of this one.
    if (!captured.has_recorded) {
        if (captured.exit_code != cli::kDone) return captured.exit_code;  // why has been said
        throw Failed(cli::kRefused, "take " + options.take.name + ": nothing was recorded");
    }
    const FinishedTake finished =
        finished_take(options.take.name, options.start.timeout, client, console);
    const Manifest manifest = understood_take(finished.body);
    if (console.json()) {
        console.body(with_warnings(finished.body, found.warnings));
    } else {
        console.note("verdict: " + std::string(takes::to_string(manifest.verdict)));
        for (const std::string& why : manifest.why) console.note("  " + why);
    }
    if (finished.is_interrupted) return cli::kInterrupted;
    const int judged = code_of(manifest.verdict);
    const bool is_whole = captured.exit_code == cli::kDone || captured.exit_code == cli::kDamaged;
    return is_whole && judged != cli::kDone ? judged : captured.exit_code;
}

int show(const Options& options, ApiClient& client, Console& console) {
    const std::string body = take_body(options.take.name, client);
    if (console.json())
        console.body(body);
    else
        print(understood_take(body), console);
    return cli::kDone;
}

int remove(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console) {
    const Manifest manifest = fetch_take(options.take.name, client);
    std::size_t recordings = 0;
    for (const takes::Camera& camera : manifest.cameras) recordings += camera.parts.size();
    if (!options.is_confirmed && !is_confirmed("Delete take " + options.take.name + " with " +
                                                   counted(recordings, "recording") + " for good?",
                                               interrupt)) {
        console.note("nothing was deleted");
        return cli::kRefused;
    }
    return console.done(
        client.ask_as_client("takes.delete", json::Object{{"name", options.take.name}}),
        "take " + options.take.name + ": deleted");
}

}  // namespace

int run_take(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console) {
    if (options.command.back() == "run") return run(options, client, interrupt, console);
    if (options.command.back() == "delete") return remove(options, client, interrupt, console);
    return show(options, client, console);
}

}  // namespace st::streamctl
