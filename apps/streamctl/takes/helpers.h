#pragma once
/// Helper programs for jobs that take long: Ctrl-C ends them. Main thread.
#include <stop_token>

#include "streamctl/client/interrupt.h"
#include "worker/pool.h"

namespace st::streamctl {

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
