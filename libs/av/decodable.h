#pragma once
/// Which pictures of a film show what was coded. Decodes input we do not trust: only in a helper
/// program.
#include <span>

#include "media/movie_facts.h"

namespace st::av {

/// See media::kDecodableJob. Throws av::Error.
void find_decodable(const media::DecodableRequest& wanted, std::span<const int> fds);

}  // namespace st::av
