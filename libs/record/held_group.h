#pragma once
/// What of a growing segment can go on in another file, should this one take no more. Private to
/// libs/record. One thread.
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "media/packet.h"

namespace st::record {

/// What was added since the newest entry point that the file could end before.
class HeldGroup {
 public:
    static constexpr std::size_t kBytesMax = std::size_t{32} << 20;

    /// The file has so many bytes before the entry point that comes now.
    void begin(std::uint64_t keep_bytes, std::int64_t at_ms);
    void add(const media::PacketPtr& packet);
    /// Whether a new one should begin with an entry point at that time: not more often than a
    /// fragment is written.
    bool is_older_than(std::int64_t ms, std::int64_t fragment_ms) const {
        return !at_ms_ || ms - *at_ms_ >= fragment_ms;
    }
    /// The beginning of the file is no such place.
    bool can_take_back() const { return is_whole_ && keep_bytes_ > 0; }
    std::uint64_t keep_bytes() const { return keep_bytes_; }
    std::vector<media::PacketPtr> take() { return std::move(packets_); }

 private:
    std::uint64_t keep_bytes_ = 0;
    std::optional<std::int64_t> at_ms_;
    std::vector<media::PacketPtr> packets_;
    std::size_t bytes_ = 0;
    bool is_whole_ = true;
};

}  // namespace st::record
