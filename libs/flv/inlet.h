#pragma once
/// A publisher's packets on their way into a live stream. Pure; one stream each.
#include <optional>

#include "media/packet.h"

namespace st::flv {

class Inlet {
 public:
    /// Metadata loses what only a file's has: see metadata_for_live(). Nullopt for most packets;
    /// else the decoder configuration that belongs before this one, of a publisher that gives its
    /// parameter sets with its pictures alone, or others than before.
    std::optional<media::Packet> admit(media::Packet& packet);

 private:
    bool is_new(const Buffer& record) const;

    Buffer given_;    ///< the publisher's AVCDecoderConfigurationRecord; empty: none with sets
    Buffer in_band_;  ///< one for the sets of the newest key frame that had any since then
};

}  // namespace st::flv
