#include <csignal>
#include <cstdio>
#include <iostream>
#include <stop_token>
#include <thread>

#include "av/worker.h"
#include "cli/exit_codes.h"
#include "cli/parse.h"
#include "cli/terminal.h"
#include "jobs.h"
#include "mux/report.h"
#include "options.h"

namespace st::h264mux {
namespace {

/// Turns SIGINT and SIGTERM into a request to stop: the job then removes what it began.
class Interrupt {
 public:
    Interrupt() {
        sigemptyset(&signals_);
        sigaddset(&signals_, SIGINT);
        sigaddset(&signals_, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
        thread_ = std::jthread([this](const std::stop_token& ended) {
            const timespec pause{0, 50'000'000};
            while (!ended.stop_requested()) {
                if (sigtimedwait(&signals_, nullptr, &pause) > 0) source_.request_stop();
            }
        });
    }
    std::stop_token token() const { return source_.get_token(); }

 private:
    sigset_t signals_{};
    std::stop_source source_;
    std::jthread thread_;  ///< last: it ends first
};

void say_text(const Options& options, const PlannedJob& planned, const mux::Report& report) {
    std::string text = mux::to_text(report);
    if (options.verbose) {
        for (const auto& gap : report.seq_gaps) {
            text += "  gap after message " + std::to_string(gap.after) + ": " +
                    std::to_string(gap.missing) + '\n';
        }
    }
    if (options.inputs.size() > 1) text.insert(0, planned.spoken_input + ": ");
    // What --info finds is the result; after a conversion the file is, and this is a message.
    std::fputs(text.c_str(), options.only_info ? stdout : stderr);
}

int run_one(const Options& options, PlannedJob& planned, const Interrupt& interrupt) {
    planned.job.cancel = interrupt.token();
    cli::Progress progress(!options.quiet);
    planned.job.progress = [&](const mux::Progress& now) {
        if (now.total_bytes == 0) return;
        progress.show(planned.spoken_input + ": " +
                      std::to_string(now.done_bytes * 100 / now.total_bytes) + " %");
    };
    auto report = options.only_info ? mux::inspect(planned.job) : mux::convert(planned.job);
    progress.clear();
    if (!report) {
        std::fprintf(stderr, "h264mux: %s\n", report.error().message.c_str());
        return report.error().code;
    }
    report->notes.insert(report->notes.begin(), planned.notes.begin(), planned.notes.end());
    if (options.as_json) {
        std::printf("%s\n", mux::to_json(*report).c_str());
    } else if (!options.quiet) {
        say_text(options, planned, *report);
    }
    if (options.only_info && report->pictures == 0 && report->exit_code() == 0)
        return cli::kBadInput;
    return report->exit_code();
}

int run(int argc, char** argv) {
    Options options;
    CLI::App app{"", "h264mux"};
    build(app, options);
    if (const auto code = cli::parse(app, argc, argv)) return *code;
    if (!options.generate.empty()) {
        std::cout << cli::generate(app, manual(), options.generate);
        return cli::kDone;
    }
    av::quiet_libav();
    av::release_loader_pages();
    auto jobs = plan_jobs(options);
    if (!jobs) {
        std::fprintf(stderr, "h264mux: %s\n", jobs.error().message.c_str());
        return jobs.error().code;
    }
    const Interrupt interrupt;
    int result = cli::kDone;
    for (PlannedJob& planned : *jobs) {
        const int code = run_one(options, planned, interrupt);
        if (code == cli::kInterrupted) return code;
        // The first failure decides; damage that was survived is less than one.
        if (result == cli::kDone || (result == cli::kDamaged && code != cli::kDone)) result = code;
        planned.spool.reset();
    }
    return std::fflush(stdout) == 0 ? result : int{cli::kIoFailed};
}

}  // namespace
}  // namespace st::h264mux

int main(int argc, char** argv) {
    try {
        return st::h264mux::run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "h264mux: %s\n", error.what());
        return st::cli::kIoFailed;
    }
}
