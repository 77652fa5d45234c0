#pragma once
/// The packets since the newest picture a decoder can begin at.
#include <vector>

#include "base/memory_budget.h"
#include "hub/unit.h"

namespace st::hub {

struct GopLimits {
    std::size_t packets = 16'384;
    std::size_t bytes = std::size_t{16} << 20;  ///< of payload
    /// Of what is kept, by the stream's time, and since the last of it came.
    std::int64_t age_ms = 60'000;

    bool is_over_age(std::int64_t since_ns, std::int64_t now_ns) const {
        return now_ns - since_ns > age_ms * 1'000'000;
    }
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
    /// There is something, and not so old that nobody should begin with it: its publisher may have
    /// fallen silent.
    bool is_fresh(std::int64_t now_ns) const {
        return !units_.empty() && !limits_.is_over_age(units_.back()->arrived_ns, now_ns);
    }
    const GopLimits& limits() const { return limits_; }
    std::size_t bytes() const { return bytes_; }

 private:
    const GopLimits limits_;
    std::vector<UnitPtr> units_;
    std::size_t bytes_ = 0;       ///< of payload
    std::size_t held_bytes_ = 0;  ///< with what goes along with payload
    MemoryBudget::Holder held_;
};

}  // namespace st::hub
