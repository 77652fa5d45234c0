#pragma once
/// How bright the rows of pictures are. Decodes input we do not trust: only in a helper program.
#include <span>

#include "media/movie_facts.h"

namespace st::av {

/// See media::RowsRequest. Throws av::Error.
void measure_rows(const media::RowsRequest& wanted, std::span<const int> fds);

}  // namespace st::av
