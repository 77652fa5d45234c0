#pragma once
/// Runs the planned jobs, and says what came of them: results and reports in the order they come.
#include <stop_token>
#include <vector>

#include "jobs.h"
#include "options.h"

namespace st::h264mux {

/// On options.threads threads. The exit code.
int run_jobs(const Options& options, std::vector<PlannedJob>& jobs, const std::stop_token& cancel);

}  // namespace st::h264mux
