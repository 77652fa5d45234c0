#pragma once
/// Readers (feed(bytes), then next() until it wants more) that get their bytes in pieces.
#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace st::test {

/// Takes what the reader has made of its bytes; the error that ended it.
template <class Reader, class Take>
std::optional<Error> pull(Reader& reader, const Take& take) {
    for (;;) {
        auto value = reader.next();
        if (!value) return value.error();
        if (!*value) return std::nullopt;
        take(**std::move(value));
    }
}

/// Feeds pieces of `step` bytes until an error ends it.
template <class Reader, class Take>
std::optional<Error> feed_in_steps(Reader& reader, Bytes bytes, std::size_t step,
                                   const Take& take) {
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        reader.feed(bytes.subspan(at, std::min(step, bytes.size() - at)));
        if (auto error = pull(reader, take)) return error;
    }
    return std::nullopt;
}

/// Bytes cut into pieces of sizes that a seed decides: half of them small ones.
class Pieces {
 public:
    /// Masks of the sizes: 0xF for up to 15.
    Pieces(Bytes bytes, std::uint32_t seed, std::uint32_t small, std::uint32_t large)
        : rest_(bytes), state_(seed), small_(small), large_(large) {}

    bool at_end() const { return rest_.empty(); }
    Bytes next() {
        state_ = state_ * 1'664'525U + 1'013'904'223U;
        const std::size_t drawn = state_ >> 16 & (state_ >> 31 != 0 ? small_ : large_);
        const Bytes piece = rest_.first(std::clamp<std::size_t>(drawn, 1, rest_.size()));
        rest_ = rest_.subspan(piece.size());
        return piece;
    }

 private:
    Bytes rest_;
    std::uint32_t state_;
    const std::uint32_t small_;
    const std::uint32_t large_;
};

}  // namespace st::test
