#pragma once
/// export --to mcap: foxglove.CompressedVideo, one picture a message.
#include <span>
#include <string>

#include "streamctl/takes/films.h"
#include "worker/job.h"

namespace st::streamctl {

/// Throws Failed: a camera has B-frames, `target` is there already, or the disk refuses.
void export_mcap(std::span<const Film> films, const std::string& target, const worker::RunJob& run);

}  // namespace st::streamctl
