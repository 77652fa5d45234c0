#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string_view>

#include "av/jobs.h"
#include "cli/exit_codes.h"
#include "cli/parse.h"
#include "cli/terminal.h"
#include "jobs.h"
#include "options.h"
#include "runner.h"
#include "stop_signals.h"
#include "worker_pool.h"

namespace st::h264mux {
namespace {

constexpr char kProgram[] = "h264mux";

int run(int argc, char** argv) {
    Options options;
    CLI::App app{"", kProgram};
    build(app, options);
    if (const auto code = cli::parse(app, argc, argv)) return *code;
    if (!options.generate.empty()) {
        std::cout << cli::generate(app, manual(), options.generate);
        return cli::finish_output(kProgram, cli::kDone);
    }
    av::quiet_libav();
    av::release_loader_pages();
    auto jobs = plan_jobs(options);
    if (!jobs) {
        std::fprintf(stderr, "h264mux: %s\n", jobs.error().message.c_str());
        return jobs.error().code;
    }
    const StopSignals signals;
    const int result = run_jobs(options, *jobs, signals.token());
    return cli::finish_output(kProgram, result);
}

}  // namespace
}  // namespace st::h264mux

int main(int argc, char** argv) {
    try {
        if (argc == 2 && std::string_view(argv[1]) == st::h264mux::kServeJobs) {
            return st::h264mux::serve_jobs();
        }
        return st::h264mux::run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "h264mux: %s\n", error.what());
        return st::cli::kIoFailed;
    }
}
