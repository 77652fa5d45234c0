#pragma once
/// The pictures of an MP4 as they are coded, one by one. Reads input we do not trust: only in a
/// helper program.
#include <span>

#include "media/movie_facts.h"

namespace st::av {

/// See media::kPicturesJob. Throws av::Error.
void copy_pictures(std::span<const int> fds);

}  // namespace st::av
