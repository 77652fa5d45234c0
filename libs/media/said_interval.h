#pragma once
/// How far apart pictures and sound are by what their own bits say. Pure.
#include <optional>

#include "media/packet.h"

namespace st::media {

/// Of a decoder configuration: milliseconds from one packet of its track to the next. Sound has as
/// many samples in each frame as its codec says; of pictures it is the VUI's rate (Annex E of
/// H.264), which encoders of uneven pictures write, too. nullopt: not said, or no rate of pictures.
std::optional<double> said_interval_ms(const Packet& config);

}  // namespace st::media
