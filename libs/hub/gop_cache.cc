#include "hub/gop_cache.h"

#include "hub/stream_memory.h"

namespace st::hub {

void GopCache::add(const UnitPtr& unit) {
    if (unit->is_entry) {
        clear();
    } else if (units_.empty()) {
        return;
    }
    units_.push_back(unit);
    bytes_ += unit->packet->payload.size();
    const std::int64_t age_ms = unit->packet->dts_ms - units_.front()->packet->dts_ms;
    held_bytes_ += StreamMemory::held_bytes(*unit->packet);
    if (units_.size() > limits_.packets || bytes_ > limits_.bytes || age_ms > limits_.age_ms ||
        !held_.set(held_bytes_)) {
        clear();
    }
}

void GopCache::note_form(const Unit& unit, std::size_t bytes) {
    const bool is_here = !units_.empty() && unit.serial >= units_.front()->serial;
    if (!is_here) return;
    held_bytes_ += bytes;
    if (!held_.set(held_bytes_)) clear();
}

void GopCache::clear() {
    units_.clear();
    bytes_ = held_bytes_ = 0;
    held_.set(0);
}

}  // namespace st::hub
