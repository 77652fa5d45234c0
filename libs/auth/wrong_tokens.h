#pragma once
/// Remembers who guesses tokens, so that guessing is slow and seen. Pure; one thread at a time.
#include <chrono>
#include <cstdint>
#include <unordered_map>

#include "auth/address.h"

namespace st::auth {

class WrongTokens {
 public:
    /// Wrong tokens of an address that are answered at once: somebody mistypes.
    static constexpr std::uint32_t kAtOnce = 3;
    static constexpr std::chrono::milliseconds kDelayMax{5'000};
    /// An address that brings no wrong token for so long is forgotten.
    static constexpr std::chrono::seconds kForgetAfter{60};
    /// Addresses remembered; when there are more, those that were quiet longest are forgotten.
    static constexpr std::size_t kAddressesMax = 4'096;
    /// A line in the log for each wrong token would let a guesser fill the disk.
    static constexpr std::chrono::seconds kTellEvery{10};

    struct Verdict {
        std::chrono::milliseconds delay{0};  ///< before the answer
        std::uint64_t untold = 0;  ///< for the log: wrong ones since its last line; 0: none now
    };

    /// A wrong token came from `address` (IPv6: its /64 counts as one).
    Verdict add(const Address& address, std::int64_t now_ns);

 private:
    struct Entry {
        std::uint32_t count = 0;
        std::uint64_t untold = 0;
        std::int64_t last_ns = 0;
        std::int64_t told_ns = 0;
    };
    struct Hash {
        std::size_t operator()(const Address& address) const;
    };

    void make_room(std::int64_t now_ns);

    std::unordered_map<Address, Entry, Hash> entries_;
};

}  // namespace st::auth
