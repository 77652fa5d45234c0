#include "notify/ladder.h"

#include <algorithm>
#include <array>

namespace st::notify {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr std::array<milliseconds, 9> kLadder = {5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
constexpr double kJitter = 0.1;

}  // namespace

std::optional<milliseconds> retry_delay(unsigned attempts, double jitter,
                                        std::optional<std::chrono::seconds> retry_after) {
    if (attempts > kLadder.size()) return std::nullopt;
    const milliseconds step = kLadder.at(std::max(attempts, 1U) - 1);
    const milliseconds delay(
        static_cast<std::int64_t>(static_cast<double>(step.count()) * (1 + kJitter * jitter)));
    if (!retry_after) return delay;
    return std::max(delay, std::min<milliseconds>(*retry_after, 24h));
}

}  // namespace st::notify
