#pragma once
/// Helper programs for work on bytes we do not trust: started ahead, kept warm, given one job after
/// another. A crash, an endless loop or a memory bomb inside a decoder costs one helper and is that
/// job's JobError; another helper takes its place.
///
///     run()  --job and descriptors-->  helper (worker/serve.h)
///            <----- its answer -----
///
/// All helpers are started by one thread of the pool, which they do not outlive.
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/sync.h"
#include "worker/helper.h"
#include "worker/job.h"

namespace st::worker {

struct PoolOptions {
    std::vector<std::string> command;  ///< the program and its arguments; see worker/serve.h
    unsigned helpers_max = 4;          ///< at once; more jobs wait
    unsigned ahead = 1;                ///< helpers that are there from the start, and stay
    unsigned jobs_max = 300;           ///< of one helper, before it is replaced
    ProcessLimits limits{std::uint64_t{2} << 30, std::uint64_t{256} << 20, 32};
    int nice = 0;
    /// Between the start of the program and its first word.
    std::chrono::milliseconds start_patience{30'000};
};

struct PoolStatus {
    std::uint64_t idle = 0;
    std::uint64_t busy = 0;
    std::uint64_t started = 0;   ///< since the pool began
    std::uint64_t replaced = 0;  ///< of those, because of a fault
};

/// One job in a copy of this process, which ends with it: for a program that has no threads, or
/// none that hold locks, and has loaded what the job needs.
JobResult run_in_copy(const Job& job, const Perform& perform, const ProcessLimits& limits);

class Pool {
 public:
    Pool(PoolOptions options, Log log);
    /// No run() may be under way.
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    /// Waits for a helper and for its answer. Any thread.
    JobResult run(const Job& job) ST_EXCLUDES(mutex_);

    PoolStatus status() const ST_EXCLUDES(mutex_);

 private:
    void keep_helpers() ST_EXCLUDES(mutex_);
    bool wants_helper() const ST_REQUIRES(mutex_);
    bool may_try() const ST_REQUIRES(mutex_);
    std::optional<std::int64_t> due_ns() const ST_REQUIRES(mutex_);
    void start_one() ST_EXCLUDES(mutex_);
    Result<std::unique_ptr<Helper>, JobError> take(const Job& job) ST_EXCLUDES(mutex_);
    void give_back(std::unique_ptr<Helper> helper, const JobResult& result) ST_EXCLUDES(mutex_);

    const PoolOptions options_;
    const Log log_;

    mutable Mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::unique_ptr<Helper>> idle_ ST_GUARDED_BY(mutex_);
    unsigned busy_ ST_GUARDED_BY(mutex_) = 0;
    unsigned starting_ ST_GUARDED_BY(mutex_) = 0;
    unsigned waiting_ ST_GUARDED_BY(mutex_) = 0;  ///< jobs without a helper
    std::uint64_t started_ ST_GUARDED_BY(mutex_) = 0;
    std::uint64_t replaced_ ST_GUARDED_BY(mutex_) = 0;
    std::uint64_t failed_starts_ ST_GUARDED_BY(mutex_) = 0;
    std::string start_error_ ST_GUARDED_BY(mutex_);  ///< of the last start; empty: it succeeded
    std::int64_t try_again_ns_ ST_GUARDED_BY(mutex_) = 0;
    bool stopping_ ST_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace st::worker
