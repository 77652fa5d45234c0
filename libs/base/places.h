#pragma once
/// Places taken by name, with a limit for each name: connections of an address, viewers of an
/// address. One thread at a time.
#include <cstddef>
#include <string>
#include <unordered_map>

namespace st {

class Places {
 public:
    /// False: `who` has `limit` of them already. A limit of 0 is none. "" is nobody, and not
    /// counted.
    bool take(const std::string& who, std::size_t limit) {
        if (who.empty()) return true;
        const auto here = taken_.try_emplace(who).first;
        if (limit > 0 && here->second >= limit) return false;
        ++here->second;
        return true;
    }

    /// One that was taken.
    void give_back(const std::string& who) {
        const auto here = taken_.find(who);
        if (here != taken_.end() && --here->second == 0) taken_.erase(here);
    }

    std::size_t taken(const std::string& who) const {
        const auto here = taken_.find(who);
        return here == taken_.end() ? 0 : here->second;
    }
    /// How many have any.
    std::size_t size() const { return taken_.size(); }

 private:
    std::unordered_map<std::string, std::size_t> taken_;  ///< none of them 0
};

}  // namespace st
