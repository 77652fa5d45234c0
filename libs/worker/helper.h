#pragma once
/// One helper process, seen from the pool. One thread at a time. Private to libs/worker.
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "worker/job.h"
#include "worker/last_words.h"
#include "worker/serve.h"
#include "worker/spawn.h"

namespace st::worker {

class Helper {
 public:
    /// Starts it; on the thread that it must not outlive. Throws std::system_error.
    Helper(const std::vector<std::string>& command, const ProcessLimits& limits);
    /// A copy of this process that serves with `perform`: see spawn_copy().
    Helper(const Perform& perform, const ProcessLimits& limits);
    /// Kills it and waits for its end.
    ~Helper();
    Helper(const Helper&) = delete;
    Helper& operator=(const Helper&) = delete;

    /// Waits for its first word. An error: it ended or said nothing in time. The value is what it
    /// has to say about itself; empty: nothing.
    Result<std::string> greet(std::chrono::milliseconds patience);

    /// Gives it a job and waits for the answer. After any fault but `refused` it is of no more use.
    JobResult run(const Job& job);

    /// It waits for a job: it has not ended, and says nothing without being asked.
    bool is_ready() const;
    unsigned jobs() const { return jobs_; }
    std::int64_t idle_since_ns() const { return idle_since_ns_; }  ///< CLOCK_MONOTONIC

 private:
    enum class Wait : std::uint8_t { answer, too_slow };

    Result<std::string, JobError> exchange(const Job& job);
    Wait wait_for_answer(const JobLimits& limits) const;
    std::int64_t cpu_ns() const;
    Exit end();
    std::string end_text();

    LastWords words_;
    Fd socket_;
    pid_t pid_ = -1;  ///< -1: it has ended
    unsigned jobs_ = 0;
    std::int64_t idle_since_ns_ = 0;
    std::int64_t cpu_before_ns_ = 0;  ///< when the job began
};

}  // namespace st::worker
