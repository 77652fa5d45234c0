#include "takes/constant_rate.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "base/fd.h"
#include "media/movie_facts.h"
#include "mux/failure.h"
#include "worker/channel.h"

namespace st::takes {
namespace {

// Beside them go the plan and the stream.
static_assert(kMoviesMax + 2 <= worker::kDescriptorsMax);

/// Encoding takes what it takes; a helper that does nothing has been stopped long before.
constexpr std::chrono::hours kPatience{24};

Error failure(mux::Exit code, const std::string& what) {
    return {what + ": " + std::strerror(errno), static_cast<int>(code)};
}

Result<Fd> plan_file(std::span<const Slot> slots) {
    std::vector<std::int32_t> plan;
    plan.reserve(slots.size());
    for (const Slot& slot : slots) {
        plan.push_back(slot.picture ? static_cast<std::int32_t>(*slot.picture) : media::kNoPicture);
    }
    Fd file(::memfd_create("slots", MFD_CLOEXEC));
    const std::size_t bytes = plan.size() * sizeof(std::int32_t);
    if (!file || ::write(file.get(), plan.data(), bytes) != static_cast<ssize_t>(bytes))
        return failure(mux::Exit::io, "write the plan of slots");
    return file;
}

/// Beside the output, without a name: it may be as large.
Result<Fd> stream_file(const std::string& output) {
    const std::size_t slash = output.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : output.substr(0, slash + 1);
    std::string name = folder + "/.cfr-XXXXXX";
    Fd file(::mkostemp(name.data(), O_CLOEXEC));
    if (!file) return failure(mux::Exit::cannot_create, "create " + name);
    ::unlink(name.c_str());
    return file;
}

Result<void> run_job(const ConstantRate& wanted, int plan, int stream) {
    std::vector<Fd> movies;
    std::vector<int> fds;
    for (const std::string& movie : wanted.movies) {
        movies.emplace_back(::open(movie.c_str(), O_RDONLY | O_CLOEXEC));
        if (!movies.back()) return failure(mux::Exit::io, "open " + movie);
        fds.push_back(movies.back().get());
    }
    fds.push_back(plan);
    fds.push_back(stream);
    worker::Job job;
    job.name = media::kSlotsJob;
    job.request =
        media::to_bytes(media::SlotsRequest{std::uint64_t{8192} * 8192, wanted.movies.size(),
                                            wanted.slots.size(), wanted.rate, wanted.crf});
    job.fds = fds;
    job.limits = {kPatience, kPatience};
    job.cancel = wanted.cancel;
    const auto result = wanted.run(job);
    if (result.answer) return {};
    const worker::JobError& error = result.answer.error();
    if (error.fault == worker::Fault::cancelled)
        return Error{"interrupted", static_cast<int>(mux::Exit::cancelled)};
    return Error{wanted.output + ": " + error.message,
                 static_cast<int>(error.fault == worker::Fault::refused ? mux::Exit::bad_input
                                                                        : mux::Exit::io)};
}

}  // namespace

Result<mux::Report> encode(const ConstantRate& wanted) {
    const auto plan = plan_file(wanted.slots);
    if (!plan) return plan.error();
    const auto stream = stream_file(wanted.output);
    if (!stream) return stream.error();
    if (const auto done = run_job(wanted, plan->get(), stream->get()); !done) return done.error();
    mux::Job job;
    job.input = "the pictures at an even rate";
    job.input_fd = stream->get();
    job.input_format = mux::InputFormat::h264;
    job.output = wanted.output;
    job.overwrite = wanted.overwrite;
    job.fps = wanted.rate;
    job.camera = wanted.camera;
    job.verifier = wanted.verifier;
    job.index_in_front = true;
    job.cancel = wanted.cancel;
    auto report = mux::convert(job);
    if (report && report->pictures != wanted.slots.size()) {
        return Error{wanted.output + ": has " + std::to_string(report->pictures) +
                         " pictures instead of " + std::to_string(wanted.slots.size()),
                     static_cast<int>(mux::Exit::io)};
    }
    return report;
}

}  // namespace st::takes
