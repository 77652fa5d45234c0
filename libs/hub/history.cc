#include "hub/history.h"

#include <algorithm>

#include "hub/stream_memory.h"

namespace st::hub {

void History::set_span(std::chrono::milliseconds span) {
    span_ms_ = span.count();
    if (span_ms_ == 0) clear();
}

void History::clear() {
    units_.clear();
    bytes_ = 0;
}

/// Up to the next entry.
void History::drop_oldest() {
    do {
        bytes_ -= StreamMemory::held_bytes(*units_.front()->packet);
        units_.pop_front();
    } while (!units_.empty() && !units_.front()->is_entry);
}

void History::add(const std::vector<UnitPtr>& units, std::int64_t now_ms) {
    if (span_ms_ == 0 || units.empty()) return clear();  // what is missing ends it
    for (const UnitPtr& unit : units) {
        bytes_ += StreamMemory::held_bytes(*unit->packet);
        units_.push_back(unit);
    }
    const auto next_entry = [&] {
        return std::find_if(units_.begin() + 1, units_.end(),
                            [](const UnitPtr& unit) { return unit->is_entry; });
    };
    while (!units_.empty()) {
        const auto next = next_entry();
        const std::int64_t next_ms = next == units_.end() ? now_ms : (*next)->packet->dts_ms;
        if (now_ms - next_ms < span_ms_ && bytes_ <= bytes_max_) break;
        drop_oldest();
    }
}

std::vector<UnitPtr> History::last(std::chrono::milliseconds span,
                                   const std::vector<UnitPtr>& cached) const {
    std::vector<UnitPtr> all;
    if (cached.empty()) return all;
    all.assign(units_.begin(), units_.end());
    all.insert(all.end(), cached.begin(), cached.end());
    const std::int64_t from_ms = cached.back()->packet->dts_ms - span.count();
    const auto found = std::find_if(all.rbegin(), all.rend(), [&](const UnitPtr& unit) {
        return unit->is_entry && unit->packet->dts_ms <= from_ms;
    });
    if (found != all.rend()) all.erase(all.begin(), found.base() - 1);
    return all;
}

}  // namespace st::hub
