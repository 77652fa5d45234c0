#pragma once
/// What runs libav on the pictures: copies of this process, or others of this program. Any thread.
#include <optional>

#include "worker/job.h"
#include "worker/pool.h"

namespace st::h264mux {

/// The one argument that makes this program such a process.
inline constexpr char kServeJobs[] = "--serve-jobs";
/// What it does then. The exit code.
int serve_jobs();

class WorkerPool {
 public:
    /// `threads`: jobs at a time.
    explicit WorkerPool(unsigned threads);
    worker::JobResult run(const worker::Job& job);

 private:
    std::optional<worker::Pool> pool_;
};

}  // namespace st::h264mux
