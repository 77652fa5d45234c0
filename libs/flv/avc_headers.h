#pragma once
/// Which H.264 decoder configuration the viewers of a stream have, and when they need another one:
/// that a publisher gives, or one made of the parameter sets among its pictures. Pure.
#include <optional>
#include <string>
#include <vector>

#include "flv/given_config.h"
#include "media/access_unit.h"
#include "media/packet.h"

namespace st::flv {

/// Of a decoder configuration, without zeros behind them.
using SortedSets = std::vector<ParameterSet>;

class AvcHeaders {
 public:
    /// The publisher gave this one; `record` is its bytes. Nullopt unless viewers get it at once:
    /// one that changes the sets waits for the picture that uses it, since some publishers give
    /// other sets with each picture than before it.
    std::optional<media::Packet> give(const media::Packet& record, const GivenConfig& config);
    /// Before the picture that `units` has just begun. Nullopt: viewers have what it needs.
    std::optional<media::Packet> due(const media::Packet& picture, const media::AccessUnits& units);
    /// Like due(), for one whose sets cannot be read: what it holds of them is passed on.
    std::optional<media::Packet> due_unread(const media::Packet& picture);

    /// Whether viewers have any.
    bool has_any() const { return !told_.empty(); }
    std::size_t held_bytes() const;

 private:
    struct Pending {
        SortedSets sets;
        media::Packet packet;
    };
    /// The parameter sets that were compared last with what viewers have. Once for each change of
    /// them: a peer may send many key frames in little, and many sets.
    struct LookedAt {
        std::uint64_t version = 0;
        std::uint8_t sps_id = 0;
        bool is_key = false;

        bool covers(const LookedAt& other) const {
            return version == other.version && sps_id == other.sps_id && (is_key || !other.is_key);
        }
    };
    media::Packet tell(SortedSets sets, media::Packet packet);

    SortedSets told_;
    Buffer told_record_;
    std::optional<Pending> pending_;
    std::optional<LookedAt> looked_at_;
};

}  // namespace st::flv
