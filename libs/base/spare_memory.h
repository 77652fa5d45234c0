#pragma once
/// When what was freed is worth giving back to the system: once it was not needed for a while. What
/// is freed and taken again all the time, as pictures are, stays: to give it back and fault it in
/// again costs more than all the rest of receiving. One thread.
#include <algorithm>
#include <array>
#include <cstddef>

namespace st {

class SpareMemory {
 public:
    /// What is held grows and shrinks from one key frame to the next: seconds are looked back.
    static constexpr std::size_t kSeconds = 8;
    static constexpr std::size_t kMuchBytes = std::size_t{32} << 20;
    /// Also worth it when nothing moves any more.
    static constexpr std::size_t kRestBytes = std::size_t{1} << 20;

    /// To be asked once a second with the most that was held in it. True: give back what is free.
    bool look(std::size_t peak_bytes) {
        recent_[next_] = peak_bytes;
        next_ = (next_ + 1) % kSeconds;
        taken_ = std::max(taken_, peak_bytes);
        const auto [least, most] = std::ranges::minmax(recent_);
        const std::size_t spare = taken_ - most;
        if (spare < (least == most ? kRestBytes : kMuchBytes)) return false;
        taken_ = most;
        return true;
    }

 private:
    std::array<std::size_t, kSeconds> recent_{};
    std::size_t next_ = 0;
    std::size_t taken_ = 0;  ///< what the heap may have grown to since it was last given back
};

}  // namespace st
