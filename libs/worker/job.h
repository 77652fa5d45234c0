#pragma once
/// What a helper is asked to do, and what comes of it.
#include <chrono>
#include <functional>
#include <span>
#include <stop_token>
#include <string>

#include "base/result.h"

namespace st::worker {

struct JobLimits {
    std::chrono::milliseconds cpu{30'000};      ///< time on a processor
    std::chrono::milliseconds elapsed{60'000};  ///< time by the clock
};

struct Job {
    std::string name;            ///< which of its jobs the helper is asked for; no NUL
    std::string request;         ///< for that job
    std::span<const int> fds{};  ///< borrowed; the helper gets duplicates
    JobLimits limits{};          ///< over either of them the helper is killed
    std::stop_token cancel{};    ///< requested: the helper is killed
};

enum class Fault : std::uint8_t {
    refused,      ///< the helper's own answer: its input is not what it should be
    died,         ///< it crashed, or answered what nobody understands
    too_slow,     ///< it was over a limit
    cancelled,    ///< by Job::cancel
    unavailable,  ///< no helper could be had: this says nothing about the input
};

struct JobError {
    Fault fault;
    std::string message;
};

struct JobResult {
    Result<std::string, JobError> answer;
    std::chrono::nanoseconds cpu{};  ///< what the helper used for it
};

/// How jobs are run: by a pool, or in tests by the process itself. Any thread.
using RunJob = std::function<JobResult(const Job&)>;

}  // namespace st::worker
