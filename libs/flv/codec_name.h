#pragma once
/// What a codec that is passed through is called. Pure. Spec: Adobe Flash Video File Format 10.1,
/// annex E.4.2.1 and E.4.3.1; Enhanced RTMP v2, the tables of FourCC values.
#include <cstdint>
#include <string>

#include "media/packet.h"

namespace st::flv {

/// `codec_tag`: as in media::Packet. The name that FFmpeg gives the codec where we know it
/// ("hevc", "opus"), else the FourCC, else "flv-" and the number.
std::string codec_name(media::Track track, std::uint32_t codec_tag);

}  // namespace st::flv
