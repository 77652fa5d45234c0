#include "worker_pool.h"

#include "av/jobs.h"
#include "av/picture.h"
#include "worker/filter.h"
#include "worker/serve.h"

namespace st::h264mux {

int serve_jobs() {
    av::quiet_libav();
    av::warm_up();
    const std::string unfiltered = worker::restrict_system_calls();
    return worker::serve(av::perform_job, unfiltered);
}

WorkerPool::WorkerPool(unsigned threads) {
    // With one job at a time the only other thread waits for signals: a fork is safe, and cheaper.
    if (threads == 1 && !worker::is_sanitized()) return;
    worker::PoolOptions options;
    options.command = {"/proc/self/exe", kServeJobs};
    options.helpers_max = threads;
    options.limits.file_bytes = 0;  // a film is as long as it is
    pool_.emplace(std::move(options), Log());
}

worker::JobResult WorkerPool::run(const worker::Job& job) {
    if (pool_) return pool_->run(job);
    return worker::run_in_copy(job, av::perform_job, worker::PoolOptions().limits);
}

}  // namespace st::h264mux
