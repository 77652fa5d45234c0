#include "mp4/samples.h"

#include <gtest/gtest.h>

#include <vector>

namespace st::mp4 {
namespace {

/// Pictures 40 ticks apart; `shown_at`: the place in display order of each, in decoding order.
struct Film {
    explicit Film(std::vector<std::uint32_t> order) : shown_at(std::move(order)) {
        for (std::size_t i = 0; i < shown_at.size(); ++i) {
            pictures.push_back({});
            ticks.push_back(1000 + static_cast<std::int64_t>(i) * 40);
        }
    }
    Samples samples() const { return {pictures, 0, shown_at.size(), shown_at, ticks, 40, 0}; }

    std::vector<std::uint32_t> shown_at;
    PictureIndex pictures;
    std::vector<std::int64_t> ticks;
};

TEST(Samples, without_reordering_pictures_are_decoded_when_they_are_shown) {
    const Film film({0, 1, 2, 3});
    const Samples samples = film.samples();
    EXPECT_EQ(samples.depth(), 0U);
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(samples.shown(i), static_cast<std::int64_t>(i) * 40);
        EXPECT_EQ(samples.decoded(i, 0), samples.shown(i));
    }
    EXPECT_EQ(samples.end_ticks(), 160);
}

TEST(Samples, the_depth_is_the_least_that_lets_every_picture_be_decoded_in_time) {
    // I P B B: the first B is decoded third and shown second.
    EXPECT_EQ(Film({0, 3, 1, 2}).samples().depth(), 1U);
    // I P B b b: a B that is referred to, shown in the middle.
    EXPECT_EQ(Film({0, 4, 2, 1, 3}).samples().depth(), 2U);
    EXPECT_EQ(Film({3, 2, 1, 0}).samples().depth(), 3U);
}

TEST(Samples, nothing_is_decoded_after_it_is_shown_and_decoding_times_rise) {
    for (const auto& order : {std::vector<std::uint32_t>{0, 3, 1, 2},
                              {0, 4, 2, 1, 3},
                              {3, 2, 1, 0},
                              {0, 2, 1, 4, 3, 6, 5}}) {
        const Film film(order);
        const Samples samples = film.samples();
        const std::uint32_t depth = samples.depth();
        EXPECT_EQ(samples.decoded(0, depth), -static_cast<std::int64_t>(depth) * 40);
        for (std::size_t i = 0; i < order.size(); ++i) {
            EXPECT_LE(samples.decoded(i, depth), samples.shown(i));
            if (i == 0) continue;
            EXPECT_GT(samples.decoded(i, depth), samples.decoded(i - 1, depth));
        }
    }
}

TEST(Samples, a_film_that_begins_later_lasts_from_the_files_beginning) {
    const Film film({0, 1});
    Samples samples = film.samples();
    samples.begins_ticks = 500;
    EXPECT_EQ(samples.end_ticks(), 80);
    EXPECT_EQ(samples.duration_ticks(), 580);
}

}  // namespace
}  // namespace st::mp4
