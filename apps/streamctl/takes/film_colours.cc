#include "streamctl/takes/film_colours.h"

#include <chrono>
#include <utility>

#include "streamctl/commands/commands.h"
#include "streamctl/takes/helpers.h"

namespace st::streamctl {

media::Colours film_colours(const std::string& film, const worker::RunJob& run) {
    worker::Job job;
    job.name = media::kColoursJob;
    job.request = media::to_bytes(media::ColoursRequest{std::uint64_t{8192} * 8192});
    job.limits = {std::chrono::hours(4), std::chrono::hours(4)};
    const std::string answer = run_on_film(std::move(job), film, -1, film, run);
    const auto colours = media::from_bytes<media::Colours>(answer);
    if (!colours) throw Failed(cli::kBadInput, film + ": the helper's answer is cut off");
    return *colours;
}

}  // namespace st::streamctl
