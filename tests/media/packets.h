#pragma once
/// Packets that a stream begins with: the configuration of H.264 at 320x180, and of AAC-LC at
/// 48 kHz in stereo.
#include <array>
#include <memory>
#include <utility>

#include "media/avc_config.h"
#include "media/packet.h"
#include "media/wire.h"

namespace st::media {

inline Packet video_config(Bytes pps = kPps) {
    const std::array<Bytes, 1> sps_list = {Bytes(kSps)};
    const std::array<Bytes, 1> pps_list = {pps};
    Packet packet;
    packet.is_config = true;
    packet.payload = encode_avc_config(sps_list, pps_list);
    return packet;
}

inline Packet audio_config() {
    constexpr std::array<std::uint8_t, 2> kAac = {0x11, 0x90};
    Packet packet;
    packet.track = Track::audio;
    packet.codec = Codec::aac;
    packet.is_config = true;
    packet.payload = Buffer(Bytes(kAac));
    return packet;
}

inline PacketPtr shared(Packet packet) { return std::make_shared<const Packet>(std::move(packet)); }

}  // namespace st::media
