#pragma once
/// The packets since the newest picture a decoder can begin at. Pure.
#include <vector>

#include "hub/unit.h"

namespace st::hub {

struct GopLimits {
    std::size_t packets = 4096;
    std::size_t bytes = std::size_t{16} << 20;  ///< of payload
    std::int64_t age_ms = 20'000;               ///< of stream time
};

class GopCache {
 public:
    explicit GopCache(GopLimits limits) : limits_(limits) {}

    /// An entry begins anew. What comes before the first entry, or after a limit was passed, is
    /// not kept.
    void add(const UnitPtr& unit);
    void clear();

    /// Begins with an entry; empty if there is none.
    const std::vector<UnitPtr>& units() const { return units_; }
    std::size_t bytes() const { return bytes_; }

 private:
    const GopLimits limits_;
    std::vector<UnitPtr> units_;
    std::size_t bytes_ = 0;
};

}  // namespace st::hub
