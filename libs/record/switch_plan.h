#pragma once
/// When a recording goes on in another file, and from which of its messages on: a file has a size
/// limit of its own (recording.max_bytes_per_file) or meets that of its file system. Pure; one
/// thread. Private to libs/record.
#include <cstdint>
#include <optional>

#include "media/nal_peek.h"

namespace st::record {

class SwitchPlan {
 public:
    /// Where a record of the dump begins.
    struct Place {
        std::uint64_t at = 0;      ///< bytes
        std::uint64_t record = 0;  ///< its number
        bool operator==(const Place&) const = default;
    };

    SwitchPlan() = default;
    /// `bytes_max` 0: the recording sets no limit.
    explicit SwitchPlan(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

    /// Whether the message whose record of `bytes` would begin at `next` belongs into another file:
    /// a key frame whose group would not fit, as far as earlier ones tell, or a message over the
    /// limit in a group that can be taken along. A group as large as the limit goes over it: a
    /// file that begins in its middle could not be decoded.
    bool wants_switch(Place next, std::uint64_t bytes, const media::NalPeek& peek) const;

    /// What the next file takes along from this one if that message is its first new one: all from
    /// here on, so that it begins with a key frame and its parameter sets. nullopt: nothing; this
    /// file holds no later key frame than its first.
    std::optional<Place> takes_along_from(const media::NalPeek& peek) const;

    /// That record was written.
    void note(Place place, const media::NalPeek& peek);

 private:
    media::EntryPoints entries_;
    std::uint64_t bytes_max_ = 0;
    std::uint64_t group_bytes_max_ = 0;
    std::optional<Place> first_;          ///< of its messages
    std::optional<Place> key_;            ///< the newest key frame, or what stands right before it
    std::optional<Place> configuration_;  ///< since the newest picture
};

}  // namespace st::record
