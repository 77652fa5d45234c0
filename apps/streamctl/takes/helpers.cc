#include "streamctl/takes/helpers.h"

#include <fcntl.h>

#include <array>
#include <chrono>
#include <future>
#include <utility>

#include "base/fd.h"
#include "cli/exit_codes.h"
#include "streamctl/client/failed.h"
#include "worker/program.h"

namespace st::streamctl {

worker::PoolOptions media_helpers() {
    worker::PoolOptions options;
    options.command = {worker::helper_program("streamd-media"), "serve"};
    return options;
}

namespace {

worker::PoolOptions film_helpers() {
    worker::PoolOptions options = media_helpers();
    options.limits.file_bytes = 0;  // a film is as long as it is
    return options;
}

}  // namespace

std::string run_on_film(worker::Job job, const std::string& film, int into,
                        const std::string& whose, const worker::RunJob& run) {
    const Fd file(::open(film.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) throw system_failure(cli::kIoFailed, "open " + film);
    const std::array<int, 2> fds{file.get(), into};
    job.fds = std::span(fds).first(into < 0 ? 1 : 2);
    auto result = run(job);
    if (!result.answer) throw Failed(cli::kBadInput, whose + ": " + result.answer.error().message);
    return std::move(*result.answer);
}

Helpers::Helpers(Interrupt& interrupt) : interrupt_(interrupt), pool_(film_helpers(), Log()) {}

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
