#pragma once
/// What a reader of a dump could not use.
#include <cstdint>
#include <string>
#include <vector>

namespace st::dump {

struct Damage {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;  ///< 0: records are missing between two whole ones
    std::string what;
};

constexpr std::size_t kDamageListMax = 100;

/// Every loss; the list stops at kDamageListMax entries, the counts do not.
struct Losses {
    std::vector<Damage> list;
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;

    void add(Damage damage) {
        ++count;
        bytes += damage.bytes;
        if (list.size() < kDamageListMax) list.push_back(std::move(damage));
    }
};

}  // namespace st::dump
