#pragma once
/// Which of the words we know somebody may have meant.
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace st {

/// How many letters must be added, left out or replaced to turn one word into the other; whether
/// they are capitals does not count.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that is most like the word; "" if none is near.
template <class Candidates>
std::string nearest(std::string_view word, const Candidates& candidates) {
    std::string best;
    std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const std::string_view candidate : candidates) {
        const std::size_t far = edit_distance(word, candidate);
        if (far >= best_distance || far >= word.size()) continue;
        best = candidate;
        best_distance = far;
    }
    return best;
}

}  // namespace st
