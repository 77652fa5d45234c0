#pragma once
/// Pictures at an even rate: each slot shows one of those that are there, or black. Decodes input
/// we do not trust: only in a helper program.
#include <span>

#include "media/movie_facts.h"

namespace st::av {

/// See media::SlotsRequest. Throws av::Error, also if a picture that a slot wants cannot be
/// decoded.
void encode_slots(const media::SlotsRequest& wanted, std::span<const int> fds);

}  // namespace st::av
