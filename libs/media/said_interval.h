#pragma once
/// How far apart pictures and sound are by what their own bits say. Pure.
#include <optional>

#include "media/packet.h"

namespace st::media {

/// Milliseconds from one packet of its track to the next. A decoder configuration says it of all
/// that follow: as many samples as the codec has in a frame; of pictures the VUI's rate (Annex E of
/// H.264), which encoders of uneven pictures write, too. MP3, PCM and G.711 have none, and each
/// packet says how long it lasts. nullopt: not said, or no rate of pictures.
std::optional<double> said_interval_ms(const Packet& packet);

}  // namespace st::media
