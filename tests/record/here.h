#pragma once
/// Helpers' jobs done by the test itself.
#include <exception>

#include "av/jobs.h"
#include "worker/job.h"

namespace st {

inline worker::JobResult run_here(const worker::Job& job) {
    av::quiet_libav();
    try {
        return {av::perform_job(job.name, job.request, job.fds), {}};
    } catch (const std::exception& error) {
        return {worker::JobError{worker::Fault::refused, error.what()}, {}};
    }
}

}  // namespace st
