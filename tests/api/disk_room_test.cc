#include "api/disk_room.h"

#include <gtest/gtest.h>

#include "loop/manual_timers.h"

namespace st::api {
namespace {

using std::chrono::seconds;

/// A pool whose tasks hang until they are let go on.
struct HangingDisk final : loop::BlockingWork {
    void post(loop::Effort, loop::Task task) override { tasks.push_back(std::move(task)); }
    void go_on() {
        for (const loop::Task& task : std::exchange(tasks, {})) task();
    }
    std::vector<loop::Task> tasks;
};

struct World {
    void ask() {
        room.ask([this](const std::optional<DiskSpace>& space) {
            answers.push_back(space ? std::to_string(space->free_bytes) : "none");
        });
    }

    HangingDisk disk;
    loop::ManualTimers timers;
    std::uint64_t free_bytes = 7;
    std::vector<std::string> answers;
    DiskRoom room{[this] {
                      return DiskSpace{free_bytes, 10};
                  },
                  disk, [](const std::function<void()>& task) { task(); }, timers};
};

TEST(DiskRoom, is_asked_by_one_task_whose_answer_all_share) {
    World world;
    for (int i = 0; i < 3; ++i) world.ask();
    EXPECT_EQ(world.disk.tasks.size(), 1U);
    world.disk.go_on();
    EXPECT_EQ(world.answers, (std::vector<std::string>{"7", "7", "7"}));
    world.free_bytes = 8;
    world.ask();
    world.disk.go_on();
    EXPECT_EQ(world.answers.back(), "8");
    EXPECT_EQ(world.timers.size(), 0U);
}

TEST(DiskRoom, of_a_disk_that_hangs_is_unknown_and_costs_one_thread) {
    World world;
    world.ask();
    world.timers.advance(seconds(2));
    world.ask();
    EXPECT_TRUE(world.answers.empty());
    world.timers.advance(seconds(1));
    EXPECT_EQ(world.answers, (std::vector<std::string>{"none", "none"}));
    for (int i = 0; i < 100; ++i) world.ask();
    EXPECT_EQ(world.answers.size(), 102U) << "at once";
    EXPECT_EQ(world.disk.tasks.size(), 1U);
    world.disk.go_on();
    EXPECT_EQ(world.answers.size(), 102U);
    world.ask();
    world.disk.go_on();
    EXPECT_EQ(world.answers.back(), "7");
}

TEST(DiskRoom, that_is_gone_is_told_nothing) {
    HangingDisk disk;
    loop::ManualTimers timers;
    {
        DiskRoom room([] { return DiskSpace(); }, disk, [](const auto& task) { task(); }, timers);
        room.ask([](const auto&) { FAIL(); });
    }
    EXPECT_EQ(timers.size(), 0U);
    disk.go_on();
}

}  // namespace
}  // namespace st::api
