#pragma once
/// What a stream keeps beside its cache, for recordings that begin before they were asked for: the
/// packets before the newest entry, from an older one on. Bounded in time and bytes.
#include <chrono>
#include <cstdint>
#include <deque>
#include <vector>

#include "hub/unit.h"

namespace st::hub {

class History {
 public:
    explicit History(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    /// How far back it goes; 0, as at first: nothing is kept.
    void set_span(std::chrono::milliseconds span);
    /// `units` are those from the last entry on; another entry, of `now_ms`, begins now.
    void add(const std::vector<UnitPtr>& units, std::int64_t now_ms);
    void clear();
    /// Those from the newest entry on that is `span` older than the newest of `cached`, then
    /// `cached`; from the oldest on, if none is.
    std::vector<UnitPtr> last(std::chrono::milliseconds span,
                              const std::vector<UnitPtr>& cached) const;

 private:
    void drop_oldest();

    const std::size_t bytes_max_;
    std::int64_t span_ms_ = 0;
    std::deque<UnitPtr> units_;  ///< begins with an entry; empty if there is none
    std::size_t bytes_ = 0;
};

}  // namespace st::hub
