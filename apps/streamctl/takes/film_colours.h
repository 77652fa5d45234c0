#pragma once
/// What colours the pictures of a film have.
#include <string>

#include "media/movie_facts.h"
#include "worker/job.h"

namespace st::streamctl {

/// Decodes all of it in a helper program. Throws Failed.
media::Colours film_colours(const std::string& film, const worker::RunJob& run);

}  // namespace st::streamctl
