#pragma once
/// How much one connection may ask in a second: far more than a player has to. Pure.
#include <cstdint>

namespace st::live {

class CommandRate {
 public:
    /// Each may cost a line of log, an answer, a look into the hub.
    static constexpr std::uint64_t kPerSecond = 2'000;

    /// `count`: commands of the connection so far.
    bool is_over(std::uint64_t count, std::int64_t now_ns) {
        constexpr std::int64_t kSecondNs = 1'000'000'000;
        if (now_ns - since_ns_ >= kSecondNs) {
            since_ns_ = now_ns;
            before_ = count;
        }
        return count - before_ > kPerSecond;
    }

 private:
    std::int64_t since_ns_ = 0;
    std::uint64_t before_ = 0;
};

}  // namespace st::live
