#pragma once
/// An input that is damaged step by step, and what of it is still whole: each byte remembers where
/// it came from.
#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "mux/recording.h"

namespace st::mux {

class Wrecked {
 public:
    explicit Wrecked(Octets bytes) : bytes_(std::move(bytes)), from_(bytes_.size()) {
        for (std::size_t i = 0; i < from_.size(); ++i) from_[i] = static_cast<std::int64_t>(i);
    }

    const Octets& bytes() const { return bytes_; }
    std::size_t size() const { return bytes_.size(); }

    void flip(std::size_t at, unsigned bit) {
        bytes_[at] ^= static_cast<std::uint8_t>(1U << bit);
        from_[at] = kNowhere;
    }
    void erase(std::size_t at, std::size_t count) {
        const auto end = std::min(size(), at + count);
        bytes_.erase(place(bytes_, at), place(bytes_, end));
        from_.erase(place(from_, at), place(from_, end));
    }
    void fill(std::size_t at, std::size_t count, std::uint8_t value) {
        for (std::size_t i = at; i < std::min(size(), at + count); ++i) {
            if (bytes_[i] != value) from_[i] = kNowhere;
            bytes_[i] = value;
        }
    }
    void insert(std::size_t at, const Octets& strange) {
        bytes_.insert(place(bytes_, at), strange.begin(), strange.end());
        from_.insert(place(from_, at), strange.size(), kNowhere);
    }

    /// Bytes begin..end of the original stand somewhere in one piece, unchanged.
    bool has(std::size_t begin, std::size_t end) const {
        const auto first = std::ranges::find(from_, static_cast<std::int64_t>(begin));
        const auto count = static_cast<std::ptrdiff_t>(end - begin);
        if (from_.end() - first < count) return false;
        for (std::ptrdiff_t i = 0; i < count; ++i) {
            if (first[i] != static_cast<std::int64_t>(begin) + i) return false;
        }
        return true;
    }

 private:
    static constexpr std::int64_t kNowhere = -1;
    template <class T>
    static typename std::vector<T>::iterator place(std::vector<T>& list, std::size_t at) {
        return list.begin() + static_cast<std::ptrdiff_t>(at);
    }

    Octets bytes_;
    std::vector<std::int64_t> from_;
};

}  // namespace st::mux
