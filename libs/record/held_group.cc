#include "record/held_group.h"

namespace st::record {

void HeldGroup::begin(std::uint64_t keep_bytes, std::int64_t at_ms) {
    keep_bytes_ = keep_bytes;
    at_ms_ = at_ms;
    packets_.clear();
    bytes_ = 0;
    is_whole_ = true;
}

void HeldGroup::add(const media::PacketPtr& packet) {
    if (!is_whole_) return;
    bytes_ += packet->payload.size();
    packets_.push_back(packet);
    if (bytes_ <= kBytesMax) return;
    is_whole_ = false;
    packets_.clear();
}

}  // namespace st::record
