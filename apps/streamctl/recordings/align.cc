#include "streamctl/recordings/align.h"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <stop_token>

#include "base/clock.h"
#include "base/fd.h"
#include "cli/terminal.h"
#include "control/take.h"
#include "mux/align.h"
#include "record/verifier.h"
#include "streamctl/console/table.h"
#include "streamctl/recordings/download.h"
#include "streamctl/recordings/new_file.h"
#include "streamctl/takes/helpers.h"
#include "worker/pool.h"

namespace st::streamctl {
namespace {

namespace fs = std::filesystem;

/// One recording on its way to the line.
struct Placed {
    const control::Recording* recording;
    std::string dump;  ///< where it was put
    mux::Job job;
    std::optional<mux::Report> report;
};

class Aligning {
 public:
    Aligning(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console)
        : options_(options), client_(client), interrupt_(interrupt), console_(console) {}

    int run(const std::vector<control::Recording>& recordings) {
        refuse_used_folder(options_.folder);
        for (const control::Recording& recording : recordings) refuse_used_name(recording);
        for (const control::Recording& recording : recordings) fetch(recording);
        place();
        for (Placed& placed : placed_) convert(placed);
        const bool has_any = std::any_of(placed_.begin(), placed_.end(),
                                         [](const Placed& placed) { return placed.report; });
        if (has_any) write_take();
        if (!options_.all_files) {
            for (const std::string& dump : fetched_) fs::remove(dump);
        }
        return exit_code_;
    }

 private:
    void fail(const std::string& why, int exit_code = cli::kRefused) {
        console_.trouble(why);
        if (exit_code_ == cli::kDone || exit_code_ == cli::kDamaged) exit_code_ = exit_code;
    }

    fs::path path(const std::string& name) const {
        return fs::absolute(fs::path(options_.folder) / name).lexically_normal();
    }

    /// Before anything is fetched for it.
    void refuse_used_name(const control::Recording& recording) const {
        const fs::path target = path(recording.id + ".mp4");
        struct stat there {};
        if (::lstat(target.c_str(), &there) != 0) return;
        throw Failed(cli::kCannotCreate,
                     target.string() + ": exists already; choose another folder for this take");
    }

    void fetch(const control::Recording& recording) {
        Download download(client_, interrupt_, console_);
        const auto dump = download.fetch_dump(recording, options_);
        if (dump && !download.was_there()) fetched_.push_back(*dump);
        if (!dump) {
            fail(recording.id +
                 ": its dump was not kept (recording.keep), and nothing else says when its "
                 "pictures came in");
            return;
        }
        Placed placed{&recording, *dump, {}, {}};
        placed.job.input = *dump;
        placed.job.output = path(recording.id + ".mp4").string();
        placed.job.camera = recording.camera;
        if (recording.ping_us) placed.job.ping = std::chrono::microseconds(*recording.ping_us);
        placed.job.cancel = stop_.get_token();
        placed_.push_back(std::move(placed));
    }

    /// Gives all jobs their line; those without a place on it are said and dropped.
    void place() {
        std::vector<mux::Job*> jobs;
        for (Placed& placed : placed_) jobs.push_back(&placed.job);
        const auto results = mux::align(jobs);
        std::vector<Placed> kept;
        for (std::size_t i = 0; i < results.size(); ++i) {
            if (results[i])
                kept.push_back(std::move(placed_[i]));
            else
                fail(results[i].error().message, results[i].error().code);
        }
        placed_ = std::move(kept);
    }

    void convert(Placed& placed) {
        cli::Progress progress(!console_.quiet());
        placed.job.progress = [&](const mux::Progress& now) {
            if (interrupt_.take()) stop_.request_stop();
            if (now.total_bytes == 0) return;
            progress.show(placed.recording->id + ".mp4 " +
                          std::to_string(now.done_bytes * 100 / now.total_bytes) + " %");
        };
        record::HelperVerifier verifier(
            [this](const worker::Job& job) { return helpers_.run(job); }, {});
        placed.job.verifier = &verifier;
        auto report = mux::convert(placed.job);
        placed.job.verifier = nullptr;
        progress.clear();
        if (interrupt_.take() || stop_.stop_requested()) {
            throw Failed(cli::kInterrupted, "interrupted");
        }
        if (!report) return fail(report.error().message, report.error().code);
        if (report->exit_code() != cli::kDone && exit_code_ == cli::kDone) {
            exit_code_ = report->exit_code();
            console_.trouble(placed.recording->id + ": some messages are missing or damaged");
        }
        placed.report = std::move(*report);
        for (const mux::OutputFile& file : placed.report->files) {
            if (file.kind == "mp4" && !console_.json()) console_.path(file.path);
        }
        say_error(placed);
    }

    void say_error(const Placed& placed) {
        const auto& alignment = placed.report->alignment;
        const std::string who = placed.recording->camera;
        console_.note(who + ": " +
                      (alignment ? mux::to_text(static_cast<const mux::Accuracy&>(*alignment))
                                 : "accuracy unknown"));
    }

    control::TakeRecording describe(const Placed& placed) const {
        const mux::Report& report = *placed.report;
        control::TakeRecording made;
        made.id = placed.recording->id;
        made.camera = placed.recording->camera;
        made.file = fs::path(placed.job.output).filename().string();
        made.pictures = report.pictures;
        made.duration_ms = report.duration_ms;
        if (report.clock.method != clock::Method::none) {
            made.clock_offset_us = static_cast<double>(report.clock.offset_us);
            made.clock_drift_ppm = static_cast<double>(report.clock.drift_ppm);
        }
        if (const auto& alignment = report.alignment) {
            made.begins_us = alignment->begins_us;
            made.error_ms = alignment->error_ms;
            made.clock_error_ms = alignment->clock_error_ms;
            made.network_error_ms = alignment->network_error_ms;
            made.was_pinged = alignment->was_pinged;
            made.camera_error_ms = alignment->camera_error_ms;
        }
        return made;
    }

    void write_take() {
        control::Take take;
        take.name = options_.start.take ? options_.start.take : options_.recordings.take;
        bool is_bounded = true;
        double most = 0;
        for (const Placed& placed : placed_) {
            if (!placed.report) continue;
            take.recordings.push_back(describe(placed));
            const auto& error = take.recordings.back().error_ms;
            is_bounded = is_bounded && error;
            most = std::max(most, error.value_or(0));
            if (take.zero.empty() && placed.report->place) take.zero = zero_of(placed);
        }
        if (is_bounded) take.error_ms = most;
        const std::string text = encode(take);
        write_file(path(kTakeFile), text + "\n", NewFile::Existing::replaced);
        if (console_.json())
            console_.body(text);
        else
            console_.path(path(kTakeFile).string());
    }

    /// The server's wall clock at time 0.
    static std::string zero_of(const Placed& placed) {
        const mux::ServerOrigin& origin = placed.report->place->origin;
        const mux::CommonLine& line = *placed.job.line;
        const double after_us = line.zero_us - origin.us(line.by_wall_clock);
        return rfc3339(origin.wall_us + std::llround(after_us));
    }

    const Options& options_;
    ApiClient& client_;
    Interrupt& interrupt_;
    Console& console_;
    /// What a server sends is decoded, but not here.
    worker::Pool helpers_{media_helpers(), Log()};
    std::stop_source stop_;
    std::vector<Placed> placed_;
    std::vector<std::string> fetched_;  ///< dumps that were not there before
    int exit_code_ = cli::kDone;
};

}  // namespace

void refuse_used_folder(const std::string& folder) {
    const fs::path taken = fs::path(folder) / kTakeFile;
    struct stat there {};
    if (::lstat(taken.c_str(), &there) == 0) {
        throw Failed(cli::kCannotCreate,
                     taken.string() + ": exists already; choose another folder for this take");
    }
}

int align_recordings(const std::vector<control::Recording>& recordings, const Options& options,
                     ApiClient& client, Interrupt& interrupt, Console& console) {
    return Aligning(options, client, interrupt, console).run(recordings);
}

}  // namespace st::streamctl
