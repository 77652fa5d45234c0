#include "hub/gop_cache.h"

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
    if (units_.size() > limits_.packets || bytes_ > limits_.bytes || age_ms > limits_.age_ms) {
        clear();
    }
}

void GopCache::clear() {
    units_.clear();
    bytes_ = 0;
}

}  // namespace st::hub
