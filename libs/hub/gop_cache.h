#pragma once
/// The packets since the newest picture a decoder can begin at.
#include <vector>

#include "base/memory_budget.h"
#include "hub/unit.h"

namespace st::hub {

struct GopLimits {
    std::size_t packets = 16'384;
    std::size_t bytes = std::size_t{16} << 20;  ///< of payload
    std::int64_t age_ms = 60'000;               ///< of stream time
};

class GopCache {
 public:
    /// `all`: of all caches together. One that takes more than its part of it is given up.
    GopCache(GopLimits limits, MemoryBudget& all) : limits_(limits), held_(all, [] {}) {}

    /// An entry begins anew. What comes before the first entry, or after a limit was passed, is
    /// not kept.
    void add(const UnitPtr& unit);
    /// A wire form was made of the unit, and is kept as long as it.
    void note_form(const Unit& unit, std::size_t bytes);
    void clear();

    /// Begins with an entry; empty if there is none.
    const std::vector<UnitPtr>& units() const { return units_; }
    std::size_t bytes() const { return bytes_; }

 private:
    const GopLimits limits_;
    std::vector<UnitPtr> units_;
    std::size_t bytes_ = 0;       ///< of payload
    std::size_t held_bytes_ = 0;  ///< with what goes along with payload
    MemoryBudget::Holder held_;
};

}  // namespace st::hub
