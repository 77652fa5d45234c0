#pragma once
/// Helper programs for jobs that take long: Ctrl-C ends them. Main thread.
#include <stop_token>
#include <string>

#include "streamctl/client/interrupt.h"
#include "worker/pool.h"

namespace st::streamctl {

/// How streamd-media is run.
worker::PoolOptions media_helpers();

/// `job` with the film as its first descriptor and `into` as the second, if it is not -1: the
/// helper's answer. Throws Failed, which names `whose` film cannot be read.
std::string run_on_film(worker::Job job, const std::string& film, int into,
                        const std::string& whose, const worker::RunJob& run);

class Helpers {
 public:
    /// `interrupt` outlives it.
    explicit Helpers(Interrupt& interrupt);

    /// Throws Failed 130 after Ctrl-C; the job's own way to be cancelled does not count.
    worker::JobResult run(const worker::Job& job);

 private:
    Interrupt& interrupt_;
    std::stop_source stop_;
    worker::Pool pool_;
};

}  // namespace st::streamctl
