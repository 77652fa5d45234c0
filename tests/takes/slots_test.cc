#include "takes/slots.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <random>

namespace st::takes {
namespace {

Shown run_of(std::vector<std::int64_t> at_us, std::size_t first = 0) {
    std::vector<std::size_t> pictures(at_us.size());
    std::iota(pictures.begin(), pictures.end(), first);
    return {std::move(pictures), std::move(at_us), 40'000};
}

TEST(Slots, show_the_nearest_picture_and_say_how_far_off_it_is) {
    const std::vector<Shown> runs{run_of({0, 41'000, 79'000, 160'000})};
    const Grid grid = grid_over(runs, 25);
    EXPECT_EQ(grid.slots, 5U) << "to the end of the last picture";
    const auto slots = fill(grid, runs);
    EXPECT_EQ(to_csv(slots),
              "slot,t_us,picture,error_us\n"
              "0,0,0,0\n"
              "1,40000,1,1000\n"
              "2,80000,2,-1000\n"
              "3,120000,3,40000\n"
              "4,160000,3,0\n");
    const SlotErrors errors = errors_of(slots);
    EXPECT_EQ(errors.worst_us, 40'000);
    EXPECT_EQ(errors.empty, 0U);
}

TEST(Slots, are_empty_where_the_camera_has_nothing) {
    const std::vector<Shown> early{run_of({0, 40'000})};
    const std::vector<Shown> late{run_of({95'000, 135'000}), run_of({400'000, 440'000}, 2)};
    std::vector<Shown> all = early;
    all.insert(all.end(), late.begin(), late.end());
    const Grid grid = grid_over(all, 25);
    EXPECT_EQ(grid.slots, 12U);
    EXPECT_EQ(to_csv(fill(grid, late)),
              "slot,t_us,picture,error_us\n"
              "0,0,,\n1,40000,,\n2,80000,0,15000\n3,120000,1,15000\n4,160000,1,-25000\n"
              "5,200000,,\n6,240000,,\n7,280000,,\n8,320000,,\n9,360000,,\n"
              "10,400000,2,0\n11,440000,3,0\n");
    EXPECT_EQ(fill(grid, early).size(), 12U) << "equal counts";
    EXPECT_EQ(errors_of(fill(grid, early)).empty, 10U);
}

TEST(Slots, hold_the_nearest_picture_that_can_be_decoded) {
    Shown run = run_of({0, 40'000, 80'000, 120'000, 160'000, 200'000});
    leave_decodable(run, {true, true, false, false, true, true});
    const std::vector<Shown> runs{run};
    EXPECT_EQ(to_csv(fill(grid_over(runs, 25), runs)),
              "slot,t_us,picture,error_us\n0,0,0,0\n1,40000,1,0\n2,80000,1,-40000\n"
              "3,120000,4,40000\n4,160000,4,0\n5,200000,5,0\n");
}

TEST(Slots, are_empty_before_and_behind_what_can_be_decoded) {
    const Grid grid{0, 6, 25};
    Shown run = run_of({0, 40'000, 80'000, 120'000, 160'000, 190'000});
    leave_decodable(run, {false, false, true, true, false, false});
    EXPECT_EQ(run.duration_us, 40'000) << "until the next one was taken";
    const std::vector<Shown> runs{run};
    EXPECT_EQ(to_csv(fill(grid, runs)),
              "slot,t_us,picture,error_us\n0,0,,\n1,40000,,\n2,80000,2,0\n3,120000,3,0\n"
              "4,160000,,\n5,200000,,\n");
    leave_decodable(run, std::vector<bool>(6));
    EXPECT_TRUE(run.pictures.empty());
}

TEST(Slots, of_nothing_are_none) {
    EXPECT_EQ(grid_over({}, 30).slots, 0U);
    EXPECT_EQ(grid_over(std::vector<Shown>{run_of({0, 1'000'000'000'000'000})}, 30).slots, 0U)
        << "a year of them";
}

TEST(Slots, hold_the_nearest_picture_of_any_recording) {
    for (unsigned seed = 0; seed < 200; ++seed) {
        std::mt19937 random(seed);
        std::vector<std::int64_t> at{static_cast<std::int64_t>(random() % 1000)};
        while (at.size() < 100)
            at.push_back(at.back() + 1 + static_cast<std::int64_t>(random() % 80'000));
        const std::vector<Shown> runs{run_of(at)};
        const double rate = 5.0 + static_cast<double>(random() % 90);
        const auto slots = fill(grid_over(runs, rate), runs);
        for (const Slot& slot : slots) {
            ASSERT_TRUE(slot.picture) << seed;
            ASSERT_EQ(at[*slot.picture] - slot.t_us, slot.error_us);
            for (const std::int64_t other : at)
                ASSERT_GE(std::abs(other - slot.t_us), std::abs(slot.error_us)) << seed;
        }
    }
}

TEST(Slots, hold_the_nearest_picture_where_a_recording_goes_on_in_another) {
    const std::vector<Shown> runs{{{0, 1}, {0, 33'333}, 33'333},
                                  {{2, 3}, {66'666, 100'000}, 33'333}};
    EXPECT_EQ(to_csv(fill(grid_over(runs, 60), runs)),
              "slot,t_us,picture,error_us\n0,0,0,0\n1,16667,1,16666\n2,33333,1,0\n"
              "3,50000,2,16666\n4,66667,2,-1\n5,83333,2,-16667\n6,100000,3,0\n7,116667,3,-16667\n");
}

/// A camera's recordings: it begins late, loses pictures, drops out, returns and ends early.
std::vector<Shown> come_and_go(std::mt19937& random) {
    std::vector<Shown> runs;
    auto at = static_cast<std::int64_t>(random() % 2'000'000);
    std::size_t pictures = 0;
    for (unsigned part = 0; part < 1 + random() % 3; ++part) {
        std::vector<std::int64_t> taken;
        const std::size_t count = 1 + random() % 60;
        while (taken.size() < count) {
            if (random() % 8 != 0) taken.push_back(at);
            at += 30'000 + static_cast<std::int64_t>(random() % 10'000);
        }
        runs.push_back(run_of(taken, pictures));
        pictures += count;
        at += static_cast<std::int64_t>(random() % 1'000'000);
    }
    return runs;
}

TEST(Slots, of_a_camera_that_comes_and_goes_hold_the_nearest_picture_or_none) {
    for (unsigned seed = 0; seed < 300; ++seed) {
        std::mt19937 random(seed);
        const std::vector<Shown> runs = come_and_go(random);
        const double rate = 5.0 + static_cast<double>(random() % 90);
        const Grid grid{-500'000, static_cast<std::size_t>(12 * rate), rate};  // of another camera
        std::vector<std::int64_t> all;
        for (const Shown& run : runs) all.insert(all.end(), run.at_us.begin(), run.at_us.end());
        const auto slots = fill(grid, runs);
        ASSERT_EQ(slots.size(), grid.slots);
        std::size_t before = 0;
        for (std::size_t i = 0; i < slots.size(); ++i) {
            const Slot& slot = slots[i];
            ASSERT_EQ(slot.t_us, grid.t_us(i));
            std::int64_t nearest = std::abs(all.front() - slot.t_us);
            for (const std::int64_t at : all) nearest = std::min(nearest, std::abs(at - slot.t_us));
            const bool is_inside = std::ranges::any_of(runs, [&](const Shown& run) {
                return run.at_us.front() <= slot.t_us && slot.t_us <= run.at_us.back();
            });
            if (!slot.picture) {
                ASSERT_FALSE(is_inside) << seed << ", slot " << i;
                ASSERT_GE(static_cast<double>(nearest), 0.5e6 / rate) << seed << ", slot " << i;
                continue;
            }
            ASSERT_GE(*slot.picture, before) << seed << ", slot " << i;
            before = *slot.picture;
            ASSERT_EQ(slot.error_us, all[*slot.picture] - slot.t_us) << seed << ", slot " << i;
            ASSERT_EQ(std::abs(slot.error_us), nearest) << seed << ", slot " << i;
        }
    }
}

}  // namespace
}  // namespace st::takes
