#include "capture/image_ring.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <vector>

#include "support/log_lines.h"

namespace st::capture {
namespace {

namespace fs = std::filesystem;

/// A pool whose work is done by hand.
class Waiting final : public loop::BlockingWork {
 public:
    void post(loop::Effort, loop::Task task) override { tasks.push_back(std::move(task)); }
    void run() {
        for (auto& task : std::exchange(tasks, {})) task();
    }
    std::vector<loop::Task> tasks;
};

class ImageRingTest : public ::testing::Test {
 protected:
    ImageRingTest() { fs::remove_all(root); }
    ~ImageRingTest() override { fs::remove_all(root); }
    std::shared_ptr<ImageRing> ring(std::size_t keep) {
        return std::make_shared<ImageRing>(ImageFolder{root, keep}, "eye", pool, Log(log));
    }
    std::set<std::string> names() const {
        std::set<std::string> found;
        if (!fs::exists(fs::path(root) / "eye")) return found;
        for (const auto& entry : fs::directory_iterator(fs::path(root) / "eye")) {
            const std::string name = entry.path().filename();
            found.insert(name.substr(name.rfind('_') + 1));
        }
        return found;
    }
    const std::string root = ::testing::TempDir() + "image_ring_" + std::to_string(::getpid());
    Waiting pool;
    const std::shared_ptr<test::LogLines> log = std::make_shared<test::LogLines>();
    const SharedBuffer jpeg = share(Buffer(as_bytes("picture")));
};

TEST_F(ImageRingTest, keeps_the_newest_and_those_of_an_earlier_connection_count) {
    const auto first = ring(3);
    for (int i = 0; i < 5; ++i) first->add(jpeg, 1'700'000'000'000'000);
    pool.run();
    EXPECT_EQ(names(), (std::set<std::string>{"003.jpg", "004.jpg", "005.jpg"}));
    const auto second = ring(3);
    for (int i = 0; i < 2; ++i) second->add(jpeg, 1'700'000'100'000'000);
    pool.run();
    EXPECT_EQ(names().size(), 3U);
    EXPECT_TRUE(names().contains("001.jpg") && names().contains("002.jpg"));
}

TEST_F(ImageRingTest, a_slow_disk_misses_pictures_and_holds_few) {
    auto one = ring(100);
    for (unsigned i = 0; i < ImageRing::kWaitingMax + 5; ++i) one->add(jpeg, 1);
    EXPECT_EQ(pool.tasks.size(), ImageRing::kWaitingMax);
    pool.run();
    one.reset();
    EXPECT_EQ(log->text(), "images: 5 pictures were not kept\n");
}

TEST_F(ImageRingTest, none_are_kept_if_none_shall_be) {
    ring(0)->add(jpeg, 1);
    EXPECT_TRUE(pool.tasks.empty());
}

TEST_F(ImageRingTest, a_folder_that_cannot_be_made_costs_pictures_and_nothing_else) {
    auto one = std::make_shared<ImageRing>(ImageFolder{"/proc/none", 3}, "eye", pool, Log(log));
    one->add(jpeg, 1);
    one->add(jpeg, 2);
    pool.run();
    one.reset();
    ASSERT_EQ(log->lines().size(), 2U) << log->text();
    EXPECT_EQ(log->lines()[1], "images: 2 pictures were not kept");
}

}  // namespace
}  // namespace st::capture
