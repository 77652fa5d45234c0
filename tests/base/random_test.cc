#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace st {
namespace {

TEST(Random, fills_all_of_it_and_never_the_same) {
    EXPECT_NE(random_bytes<16>(), random_bytes<16>());
    std::vector<std::uint8_t> many(1'000'000);
    fill_random(many);
    const std::vector<std::uint8_t> zeros(64);
    EXPECT_EQ(std::search(many.begin(), many.end(), zeros.begin(), zeros.end()), many.end());
    fill_random({});
}

}  // namespace
}  // namespace st
