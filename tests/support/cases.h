#pragma once
#include <cstdlib>

namespace st::test {

/// How many of a test's random cases are run: all under ./dev check, which sets ST_EXHAUSTIVE, else
/// a sample that takes seconds.
inline int cases(int all, int sample) {
    return std::getenv("ST_EXHAUSTIVE") != nullptr ? all : sample;
}

}  // namespace st::test
