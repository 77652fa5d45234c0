#include "streamctl/takes/helpers.h"

#include <chrono>
#include <future>

#include "cli/exit_codes.h"
#include "streamctl/client/failed.h"
#include "worker/program.h"

namespace st::streamctl {
namespace {

worker::PoolOptions pool_options() {
    worker::PoolOptions options;
    options.command = {worker::helper_program("streamd-media"), "serve"};
    options.limits.file_bytes = 0;  // a film is as long as it is
    return options;
}

}  // namespace

Helpers::Helpers(Interrupt& interrupt) : interrupt_(interrupt), pool_(pool_options(), Log()) {}

worker::JobResult Helpers::run(const worker::Job& job) {
    constexpr std::chrono::milliseconds kLookEvery{50};
    worker::Job ours = job;
    ours.cancel = stop_.get_token();
    auto result = std::async(std::launch::async, [&] { return pool_.run(ours); });
    while (result.wait_for(kLookEvery) != std::future_status::ready) {
        if (interrupt_.take()) stop_.request_stop();
    }
    if (stop_.stop_requested()) throw Failed(cli::kInterrupted, "interrupted");
    return result.get();
}

}  // namespace st::streamctl
