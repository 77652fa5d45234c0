#include "runner.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "av/picture.h"
#include "base/clock.h"
#include "base/field.h"
#include "base/units.h"
#include "cli/exit_codes.h"
#include "cli/terminal.h"
#include "even_rate.h"
#include "json/write.h"
#include "media/movie_facts.h"
#include "moment.h"
#include "mux/align.h"
#include "mux/report_json.h"
#include "record/remux.h"
#include "record/verifier.h"
#include "worker_pool.h"

namespace st::h264mux {
namespace {

/// What is known of the input beside what is in it.
void add_notes(const PlannedJob& planned, mux::Report& report) {
    report.notes.insert(report.notes.begin(), planned.notes.begin(), planned.notes.end());
}

void say_text(const Options& options, const PlannedJob& planned, const mux::Report& report) {
    std::string text = mux::to_text(report);
    if (options.verbose) {
        for (const auto& gap : report.seq_gaps) {
            text += "  gap after message " + std::to_string(gap.after) + ": " +
                    std::to_string(gap.missing) + '\n';
        }
        if (report.seq_gap_count > report.seq_gaps.size()) {
            const std::uint64_t more = report.seq_gap_count - report.seq_gaps.size();
            text += "  and " + std::to_string(more) + (more == 1 ? " more gap\n" : " more gaps\n");
        }
    }
    if (options.inputs.size() > 1) text.insert(0, planned.spoken_input + ": ");
    // What --info finds is the result; after a conversion the file is, and this is a message.
    std::fputs(text.c_str(), options.only_info ? stdout : stderr);
}

/// "cam.fdump: 43 %, 712 MB/s, 3 s left".
class Meter {
 public:
    Meter(const std::string& name, bool wanted) : name_(name), line_(wanted) {}
    void show(const mux::Progress& now) {
        if (now.total_bytes == 0) return;
        const double seconds = static_cast<double>(monotonic_ns() - begin_ns_) / 1e9;
        const double rate = static_cast<double>(now.done_bytes) / std::max(seconds, 0.001);
        const auto left_bytes =
            static_cast<double>(now.total_bytes - std::min(now.done_bytes, now.total_bytes));
        const auto left = std::llround(left_bytes / std::max(rate, 1.0));
        line_.show(name_ + ": " + std::to_string(now.done_bytes * 100 / now.total_bytes) + " %, " +
                   human_bytes(static_cast<std::uint64_t>(rate)) + "/s, " + std::to_string(left) +
                   " s left");
    }
    void clear() { line_.clear(); }

 private:
    const std::string& name_;
    cli::Progress line_;
    const std::int64_t begin_ns_ = monotonic_ns();
};

/// Runs jobs on `threads` threads; results are said one by one, in the order they come.
class Runner {
 public:
    Runner(const Options& options, std::vector<PlannedJob>& jobs, std::stop_token cancel)
        : options_(options), jobs_(jobs), cancel_(std::move(cancel)), workers_(options.threads) {}

    int run() {
        if (options_.align) align();
        if (options_.cfr) {
            make_even();
        } else {
            std::vector<std::jthread> others;
            const std::size_t threads = std::min<std::size_t>(options_.threads, jobs_.size());
            for (std::size_t i = 1; i < threads; ++i) others.emplace_back([this] { work(); });
            work();
        }
        return result_;
    }

 private:
    /// --cfr: what the films have in common is known once all of them have been read.
    void make_even() {
        EvenRate even(
            options_, [this](const worker::Job& job) { return workers_.run(job); }, cancel_);
        for (PlannedJob& planned : jobs_) {
            planned.job.cancel = cancel_;
            auto done = resolve(planned);
            if (done) done = even.read(planned);
            planned.spools.clear();
            if (!done) report(planned, done.error());
        }
        even.write([this](const PlannedJob& planned, const Result<mux::Report>& made) {
            report(planned, made);
        });
    }

    void fail(const Error& error) {
        std::fprintf(stderr, "h264mux: %s\n", error.message.c_str());
        tell(error.code);
    }

    void report(const PlannedJob& planned, Result<mux::Report> made) {
        if (!made) return fail(made.error());
        add_notes(planned, *made);
        if (options_.as_json)
            std::printf("%s\n", mux::to_json(*made).c_str());
        else if (!options_.quiet)
            say_text(options_, planned, *made);
        const bool has_nothing =
            options_.only_info && made->pictures == 0 && made->exit_code() == 0;
        tell(has_nothing ? int{cli::kBadInput} : made->exit_code());
    }

    /// Reads all inputs for the line they share; those without a place on it fail here and now.
    void align() {
        std::vector<mux::Job*> wanted;
        for (PlannedJob& planned : jobs_) {
            planned.job.cancel = cancel_;
            wanted.push_back(&planned.job);
        }
        const auto results = mux::align(wanted);
        std::vector<PlannedJob> aligned;
        for (std::size_t i = 0; i < jobs_.size(); ++i) {
            if (results[i]) {
                aligned.push_back(std::move(jobs_[i]));
                continue;
            }
            fail(results[i].error());
        }
        jobs_ = std::move(aligned);
    }

    void work() {
        for (std::size_t i = next_++; i < jobs_.size(); i = next_++) {
            if (cancel_.stop_requested()) {
                tell(cli::kInterrupted);
                return;
            }
            one(jobs_[i]);
            jobs_[i].spools.clear();
        }
    }

    /// --from, --to and --at as positions; what they are may depend on the recording.
    Result<void> resolve(PlannedJob& planned) {
        struct Wanted {
            const std::optional<Moment>& moment;
            std::optional<std::chrono::microseconds>& position;
            std::optional<std::int64_t>& wall_us;
            Edge edge;
        };
        mux::Job& job = planned.job;
        const std::array all{Wanted{options_.from, job.from, job.from_wall_us, Edge::from},
                             Wanted{options_.to, job.to, job.to_wall_us, Edge::to},
                             Wanted{options_.at, job.from, job.from_wall_us, Edge::at}};
        const bool needs_span = std::ranges::any_of(all, [](const Wanted& wanted) {
            return wanted.moment && !wanted.moment->is_position();
        });
        Span span;
        if (needs_span) {
            const auto report = mux::inspect(job);
            if (!report) return report.error();
            span = {std::chrono::milliseconds(report->duration_ms), report->first_taken_wall_us,
                    report->end_taken_wall_us};
        }
        for (const Wanted& wanted : all) {
            if (!wanted.moment) continue;
            const auto found = place_of(*wanted.moment, span, wanted.edge);
            if (!found) {
                return Error{planned.spoken_input + ": " + found.error().message, cli::kBadInput};
            }
            wanted.position = found->position;
            wanted.wall_us = found->wall_us;
        }
        // A picture that is shown just then, and coded behind the next key frame, is part of it.
        if (options_.at) {
            job.to = *job.from + std::chrono::milliseconds(1);
            if (job.from_wall_us) job.to_wall_us = *job.from_wall_us + 1000;
        }
        if (options_.from && options_.to && *job.from >= *job.to) {
            return Error{planned.spoken_input + ": --from must be before --to", cli::kUsage};
        }
        return {};
    }

    /// The picture shown at planned.job.from, by way of the pictures from its key frame on.
    Result<mux::Report> make_picture(PlannedJob& planned) {
        std::error_code ignored;
        if (!options_.overwrite && std::filesystem::exists(planned.picture, ignored)) {
            return Error{planned.picture + " exists already; -y overwrites it", cli::kCannotCreate};
        }
        auto film = unlinked_file();
        if (!film) return film.error();
        planned.job.format = mux::OutputFormat::fmp4;
        planned.job.output = "the pictures before it";
        planned.job.output_fd = film->get();
        auto report = mux::convert(planned.job);
        if (!report) return report;
        const bool is_png =
            iequals(std::filesystem::path(planned.picture).extension().string(), ".png");
        auto picture = unlinked_file();
        if (!picture) return picture.error();
        const media::PictureAt wanted{av::kPixelsMax, report->from_us - report->cut_begins_us,
                                      is_png ? 1U : 0U};
        const std::array fds{film->get(), picture->get()};
        worker::Job job;
        job.name = media::kPictureAtJob;
        job.request = media::to_bytes(wanted);
        job.fds = fds;
        job.limits = {std::chrono::minutes(10), std::chrono::minutes(10)};
        job.cancel = cancel_;
        const auto result = workers_.run(job);
        if (!result.answer) {
            const auto& error = result.answer.error();
            if (error.fault == worker::Fault::cancelled) {
                return Error{"interrupted", cli::kInterrupted};
            }
            return Error{planned.spoken_input + ": " + error.message,
                         error.fault == worker::Fault::refused ? cli::kBadInput : cli::kIoFailed};
        }
        if (auto stored = store_file(picture->get(), planned.picture); !stored) {
            return stored.error();
        }
        return report;
    }

    /// With what was lost anywhere in the input: the picture may be the one that suffered.
    void say_picture(const PlannedJob& planned, const mux::Report& report) {
        if (options_.as_json) {
            json::Object object;
            object.set("input", planned.spoken_input);
            object.set("picture", planned.picture);
            object.set("at_ms", report.from_us / 1000);
            object.set("width", report.width);
            object.set("height", report.height);
            const json::Object whole = mux::to_object(report);
            for (const char* key :
                 {"dropped", "seq_gaps", "seq_gap_count", "seq_missing", "seq_restarts", "damage",
                  "damage_count", "damage_bytes", "notes"}) {
                object.set(key, whole[key]);
            }
            std::printf("%s\n", json::write(object).c_str());
        } else if (!options_.quiet) {
            std::fprintf(stderr, "%s: the picture shown at %s s, %ux%u\n%s",
                         planned.picture.c_str(),
                         fixed(static_cast<double>(report.from_us) / 1e6, 3).c_str(), report.width,
                         report.height, mux::losses_text(report).c_str());
            for (const std::string& note : report.notes)
                std::fprintf(stderr, "  note: %s\n", note.c_str());
        }
        tell(report.exit_code());
    }

    void one(PlannedJob& planned) {
        planned.job.cancel = cancel_;
        if (const auto resolved = resolve(planned); !resolved) {
            const std::scoped_lock lock(mutex_);
            return fail(resolved.error());
        }
        if (!planned.picture.empty()) {
            auto report = make_picture(planned);
            const std::scoped_lock lock(mutex_);
            if (!report) return fail(report.error());
            std::erase(report->notes, report->cut);  // of the film that the picture was taken from
            add_notes(planned, *report);
            return say_picture(planned, *report);
        }
        Meter meter(planned.spoken_input, !options_.quiet && options_.threads == 1);
        planned.job.progress = [&](const mux::Progress& now) { meter.show(now); };
        record::HelperVerifier verifier(
            [this](const worker::Job& job) { return workers_.run(job); }, {});
        planned.job.verifier = &verifier;
        const bool makes_no_film = options_.only_info || is_table_alone(options_);
        const auto make = !makes_no_film           ? mux::convert
                          : options_.times.empty() ? mux::inspect
                                                   : mux::make_table;
        auto made = make(planned.job);
        planned.job.verifier = nullptr;
        meter.clear();
        const std::scoped_lock lock(mutex_);
        if (made && !planned.session.empty()) {
            const auto noted = record::note_remux(planned.session, *made);
            if (!noted) planned.notes.push_back("session.json: " + noted.error().message);
        }
        report(planned, std::move(made));
    }

    /// The first failure decides, an interruption before all; damage that was survived is less than
    /// a failure.
    void tell(int code) {
        int now = result_;
        while (code == cli::kInterrupted || now == cli::kDone ||
               (now == cli::kDamaged && code != cli::kDone)) {
            if (result_.compare_exchange_weak(now, code)) return;
        }
    }

    const Options& options_;
    std::vector<PlannedJob>& jobs_;
    const std::stop_token cancel_;
    WorkerPool workers_;
    std::atomic<std::size_t> next_{0};
    std::atomic<int> result_{cli::kDone};
    std::mutex mutex_;  ///< one report at a time
};

}  // namespace

int run_jobs(const Options& options, std::vector<PlannedJob>& jobs, const std::stop_token& cancel) {
    return Runner(options, jobs, cancel).run();
}

}  // namespace st::h264mux
