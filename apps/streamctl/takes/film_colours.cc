#include "streamctl/takes/film_colours.h"

#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/fd.h"
#include "streamctl/commands/commands.h"

namespace st::streamctl {

media::Colours film_colours(const std::string& film, const worker::RunJob& run) {
    const Fd file(::open(film.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) throw Failed(cli::kIoFailed, "open " + film + ": " + std::strerror(errno));
    const int fds[] = {file.get()};
    worker::Job job;
    job.name = media::kColoursJob;
    job.request = media::to_bytes(media::ColoursRequest{std::uint64_t{8192} * 8192});
    job.fds = fds;
    job.limits = {std::chrono::hours(4), std::chrono::hours(4)};
    const auto result = run(job);
    if (!result.answer) throw Failed(cli::kBadInput, film + ": " + result.answer.error().message);
    const auto colours = media::from_bytes<media::Colours>(*result.answer);
    if (!colours) throw Failed(cli::kBadInput, film + ": the helper's answer is cut off");
    return *colours;
}

}  // namespace st::streamctl
