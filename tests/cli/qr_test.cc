#include "cli/qr.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace st::cli {
namespace {

/// The modules as they were drawn: rows of '#' (dark) and '.' (light).
std::vector<std::string> modules(const std::string& drawn) {
    std::vector<std::string> rows;
    std::size_t at = 0;
    while (at < drawn.size()) {
        std::string upper;
        std::string lower;
        while (drawn[at] != '\n') {
            const bool is_blank = drawn[at] == ' ';
            const std::string cell = is_blank ? " " : drawn.substr(at, 3);
            upper += cell == "\u2588" || cell == "\u2580" ? '.' : '#';
            lower += cell == "\u2588" || cell == "\u2584" ? '.' : '#';
            at += is_blank ? 1 : 3;
        }
        ++at;
        rows.push_back(upper);
        rows.push_back(lower);
    }
    return rows;
}

TEST(Qr, is_square_with_a_margin_and_three_finders) {
    const auto rows = modules(qr_code("https://192.168.1.5:8443/camera"));
    const std::size_t width = rows.front().size();
    ASSERT_GE(width, 21U + 8U);
    ASSERT_TRUE(rows.size() == width || rows.size() == width + 1);
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(rows[i], std::string(width, '.')) << "margin above";
    }
    const auto finder_at = [&](std::size_t x, std::size_t y) {
        return rows[y].substr(x, 7) == "#######" && rows[y + 1].substr(x, 7) == "#.....#" &&
               rows[y + 2].substr(x, 7) == "#.###.#" && rows[y + 6].substr(x, 7) == "#######";
    };
    EXPECT_TRUE(finder_at(4, 4));
    EXPECT_TRUE(finder_at(width - 11, 4));
    EXPECT_TRUE(finder_at(4, width - 11));
    EXPECT_FALSE(finder_at(width - 11, width - 11));
}

TEST(Qr, what_does_not_fit_is_nothing) {
    EXPECT_EQ(qr_code(""), "");
    EXPECT_EQ(qr_code(std::string(4000, 'x')), "");
    EXPECT_NE(qr_code(std::string(2000, 'x')), "");
}

}  // namespace
}  // namespace st::cli
