#include "auth/wrong_tokens.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace st::auth {
namespace {

/// Whoever has one IPv6 address has the 2^64 of its network.
Address network_of(Address address) {
    if (!address.is_v4()) std::fill(address.bytes.begin() + 8, address.bytes.end(), 0);
    return address;
}

std::chrono::milliseconds delay_after(std::uint32_t count) {
    if (count <= WrongTokens::kAtOnce) return std::chrono::milliseconds(0);
    const std::uint32_t doublings = std::min(count - WrongTokens::kAtOnce - 1, 16U);
    return std::min(WrongTokens::kDelayMax, std::chrono::milliseconds(100LL << doublings));
}

}  // namespace

std::size_t WrongTokens::Hash::operator()(const Address& address) const {
    return std::hash<std::string_view>()(
        {reinterpret_cast<const char*>(address.bytes.data()), address.bytes.size()});
}

WrongTokens::Verdict WrongTokens::add(const Address& address, std::int64_t now_ns) {
    constexpr std::int64_t kForgetNs = std::chrono::nanoseconds(kForgetAfter).count();
    constexpr std::int64_t kTellNs = std::chrono::nanoseconds(kTellEvery).count();
    const Address key = network_of(address);
    if (entries_.size() >= kAddressesMax && !entries_.contains(key)) make_room(now_ns);
    Entry& entry = entries_[key];
    if (entry.count > 0 && now_ns - entry.last_ns > kForgetNs) entry.count = 0;
    const bool is_first = entry.count == 0;
    ++entry.count;
    ++entry.untold;
    entry.last_ns = now_ns;
    Verdict verdict{delay_after(entry.count), 0};
    if (is_first || now_ns - entry.told_ns >= kTellNs) {
        verdict.untold = std::exchange(entry.untold, 0);
        entry.told_ns = now_ns;
    }
    return verdict;
}

/// Half of them at once, so that this is rare.
void WrongTokens::make_room(std::int64_t now_ns) {
    constexpr std::int64_t kForgetNs = std::chrono::nanoseconds(kForgetAfter).count();
    std::erase_if(entries_,
                  [&](const auto& item) { return now_ns - item.second.last_ns > kForgetNs; });
    if (entries_.size() < kAddressesMax) return;
    std::vector<std::int64_t> times;
    for (const auto& [address, entry] : entries_) times.push_back(entry.last_ns);
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    std::erase_if(entries_, [&](const auto& item) { return item.second.last_ns <= *middle; });
}

}  // namespace st::auth
