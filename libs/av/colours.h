#pragma once
/// What colours pictures have. Decodes input we do not trust: only in a helper program.
#include <span>

#include "media/movie_facts.h"

namespace st::av {

/// See media::ColoursRequest. Throws av::Error.
media::Colours measure_colours(const media::ColoursRequest& wanted, std::span<const int> fds);

}  // namespace st::av
