#include "base/memory_budget.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace st {
namespace {

constexpr std::size_t kMb = std::size_t{1} << 20;

struct Peer {
    explicit Peer(MemoryBudget& budget) : holder(budget, [this] { ++woken; }) {}
    int woken = 0;
    MemoryBudget::Holder holder;
};

TEST(MemoryBudget, counts_what_is_held_and_given_back) {
    MemoryBudget budget(100 * kMb);
    {
        Peer a(budget);
        EXPECT_TRUE(a.holder.set(3 * kMb));
        EXPECT_TRUE(a.holder.set(1 * kMb));
        EXPECT_EQ(budget.total(), 1 * kMb);
    }
    EXPECT_EQ(budget.total(), 0U);
    EXPECT_EQ(budget.take_peak(), 3 * kMb);
    EXPECT_EQ(budget.take_peak(), 0U);
}

TEST(MemoryBudget, stops_the_large_and_leaves_room_for_others) {
    MemoryBudget budget(128 * kMb);
    Peer hog(budget);
    EXPECT_TRUE(hog.holder.set(32 * kMb));
    EXPECT_FALSE(hog.holder.set(33 * kMb)) << "more than what is left of the first half";
    EXPECT_TRUE(budget.is_short());
    Peer camera(budget);
    EXPECT_TRUE(camera.holder.set(15 * kMb));
    EXPECT_FALSE(camera.holder.set(16 * kMb));
}

TEST(MemoryBudget, lets_those_below_their_share_go_on_when_the_large_have_taken_their_half) {
    MemoryBudget budget(64 * kMb);
    std::vector<std::unique_ptr<Peer>> hogs;
    for (int i = 0; i < 10; ++i) {
        hogs.push_back(std::make_unique<Peer>(budget));
        std::size_t bytes = 0;
        while (bytes < 16 * kMb && hogs.back()->holder.set(bytes + 64 * 1024)) bytes += 64 * 1024;
    }
    ASSERT_GE(budget.total(), 32 * kMb);
    Peer camera(budget);
    EXPECT_TRUE(camera.holder.set(64 * kMb / 11 / 8)) << "a picture of 700 KB";
}

TEST(MemoryBudget, refuses_nobody_a_small_share_however_much_others_hold) {
    MemoryBudget budget(96 * kMb);
    Peer hog(budget);
    hog.holder.set(1000 * kMb);
    Peer camera(budget);
    EXPECT_TRUE(camera.holder.set(2 * kMb));
    EXPECT_FALSE(camera.holder.set(2 * kMb + 1));
}

TEST(MemoryBudget, stays_whole_when_many_come_one_after_the_other_and_take_all_they_get) {
    MemoryBudget budget(256 * kMb);
    std::vector<std::unique_ptr<Peer>> peers;
    for (int i = 0; i < 2'000; ++i) {
        peers.push_back(std::make_unique<Peer>(budget));
        std::size_t bytes = 0;
        while (bytes < 16 * kMb && peers.back()->holder.set(bytes + 16 * 1024)) bytes += 16 * 1024;
    }
    EXPECT_LE(budget.total(), 256 * kMb);
}

TEST(MemoryBudget, wakes_who_waits_once_there_is_room) {
    MemoryBudget budget(160 * kMb);
    Peer hog(budget);
    Peer other(budget);
    EXPECT_TRUE(other.holder.set(40 * kMb));
    EXPECT_FALSE(hog.holder.set(30 * kMb));
    other.holder.set(19 * kMb);
    EXPECT_EQ(hog.woken, 0) << "31 are left, with so little to spare it would be stopped again";
    other.holder.set(15 * kMb);
    EXPECT_EQ(hog.woken, 1);
    EXPECT_FALSE(budget.is_short());
    other.holder.set(0);
    EXPECT_EQ(hog.woken, 1);
}

TEST(MemoryBudget, wakes_the_smallest_first_and_the_rest_when_those_have_taken_their_part) {
    MemoryBudget budget(64 * kMb);
    MemoryBudget::Charge most(budget, 48 * kMb);
    std::vector<std::unique_ptr<Peer>> peers;
    for (const std::size_t kb : {3'300, 3'200, 3'400}) {
        peers.push_back(std::make_unique<Peer>(budget));
        EXPECT_FALSE(peers.back()->holder.set(kb * 1024));
    }
    const auto woken = [&] {
        return std::vector<int>{peers[0]->woken, peers[1]->woken, peers[2]->woken};
    };
    // Room for one, and for 2 MiB to spare: 32 - 9.67 - 17.
    most = MemoryBudget::Charge(budget, 17 * kMb);
    EXPECT_EQ(woken(), (std::vector<int>{0, 1, 0}));
    peers[1]->holder.set(0);
    EXPECT_EQ(woken(), (std::vector<int>{1, 1, 1}));
}

TEST(MemoryBudget, who_has_room_again_by_giving_back_is_not_woken) {
    MemoryBudget budget(100 * kMb);
    Peer hog(budget);
    EXPECT_FALSE(hog.holder.set(110 * kMb));
    EXPECT_FALSE(hog.holder.set(120 * kMb));
    EXPECT_FALSE(hog.holder.set(60 * kMb)) << "less, and still more than there is room for";
    EXPECT_TRUE(hog.holder.set(10 * kMb));
    EXPECT_EQ(hog.woken, 0);
    EXPECT_FALSE(budget.is_short());
}

TEST(MemoryBudget, counts_charges_that_nobody_is_stopped_for) {
    MemoryBudget budget(64 * kMb);
    Peer camera(budget);
    {
        MemoryBudget::Charge first(budget, 40 * kMb);
        MemoryBudget::Charge second = std::move(first);
        first = MemoryBudget::Charge(budget, 8 * kMb);
        EXPECT_EQ(budget.total(), 48 * kMb);
        EXPECT_FALSE(camera.holder.set(3 * kMb));
        EXPECT_FALSE(budget.has_room_for(3 * kMb));
    }
    EXPECT_EQ(budget.total(), 3 * kMb);
    EXPECT_EQ(camera.woken, 1);
}

TEST(MemoryBudget, who_is_gone_is_not_woken) {
    MemoryBudget budget(100 * kMb);
    int woken = 0;
    {
        MemoryBudget::Holder gone(budget, [&] { ++woken; });
        EXPECT_FALSE(gone.set(110 * kMb));
    }
    EXPECT_EQ(budget.total(), 0U);
    EXPECT_FALSE(budget.is_short());
    EXPECT_EQ(woken, 0);
}

TEST(MemoryBudget, a_raised_limit_wakes) {
    MemoryBudget budget(100 * kMb);
    Peer hog(budget);
    EXPECT_FALSE(hog.holder.set(110 * kMb));
    budget.set_limit(1000 * kMb);
    EXPECT_EQ(hog.woken, 1);
}

TEST(MemoryBudget, keeps_its_total_while_many_threads_use_it) {
    MemoryBudget budget(10 * kMb);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&budget] {
            for (int i = 0; i < 2000; ++i) {
                MemoryBudget::Holder holder(budget, [] {});
                holder.set(static_cast<std::size_t>(i) * 1000);
                holder.set(5 * kMb);
                holder.set(1);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(budget.total(), 0U);
}

}  // namespace
}  // namespace st
