#include "streamd/log_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <mutex>
#include <vector>

namespace st::streamd {
namespace {

using std::chrono::seconds;

/// A place for lines that takes none until it is opened, as a pipe that nobody reads.
class Place {
 public:
    LogQueue::Writer writer() {
        return [this](const LogLine& line) {
            opened_.wait();
            const std::lock_guard lock(mutex_);
            texts_.push_back(line.text);
        };
    }
    void open() { gate_.set_value(); }
    std::vector<std::string> texts() {
        const std::lock_guard lock(mutex_);
        return texts_;
    }

 private:
    std::promise<void> gate_;
    std::shared_future<void> opened_ = gate_.get_future().share();
    std::mutex mutex_;
    std::vector<std::string> texts_;
};

TEST(LogQueue, writes_lines_in_order_and_all_of_them_before_it_ends) {
    Place place;
    place.open();
    {
        LogQueue queue(place.writer());
        for (int i = 0; i < 1'000; ++i) queue.push({LogLevel::info, "", std::to_string(i), 0});
    }
    const auto texts = place.texts();
    ASSERT_EQ(texts.size(), 1'000U);
    for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(texts[i], std::to_string(i));
}

TEST(LogQueue, leaves_out_and_counts_what_a_stalled_place_has_no_room_for) {
    Place place;
    LogQueue queue(place.writer());
    queue.push({LogLevel::info, "", "first", 0});
    EXPECT_FALSE(queue.flush(std::chrono::milliseconds(20))) << "nothing takes it";
    constexpr std::size_t kExtra = 50;
    for (std::size_t i = 0; i < LogQueue::kLinesMax + kExtra; ++i) {
        queue.push({LogLevel::info, "", "x", 0});  // returns, or this test does not end
    }
    place.open();
    ASSERT_TRUE(queue.flush(seconds(60)));
    queue.push({LogLevel::info, "", "last", 0});
    ASSERT_TRUE(queue.flush(seconds(60)));
    const auto texts = place.texts();
    EXPECT_EQ(texts.front(), "first");
    EXPECT_EQ(texts.back(), "last");
    EXPECT_EQ(std::count(texts.begin(), texts.end(),
                         std::to_string(kExtra) +
                             " lines left out: they came faster than they can be written"),
              1);
}

TEST(LogQueue, holds_a_bounded_number_of_bytes) {
    Place place;
    LogQueue queue(place.writer());
    const std::string big(LogQueue::kBytesMax / 4, 'x');
    for (int i = 0; i < 20; ++i) queue.push({LogLevel::info, "", big, 0});
    place.open();
    ASSERT_TRUE(queue.flush(seconds(60)));
    const auto texts = place.texts();
    EXPECT_LE(std::count(texts.begin(), texts.end(), big), 4 + 4) << "being written, and waiting";
}

TEST(LogQueue, opens_its_place_again_between_two_lines) {
    Place place;
    place.open();
    int reopened = 0;
    LogQueue queue(place.writer(), [&] { ++reopened; });
    queue.push({LogLevel::info, "", "before", 0});
    ASSERT_TRUE(queue.flush(seconds(60)));
    queue.reopen();
    queue.push({LogLevel::info, "", "after", 0});
    ASSERT_TRUE(queue.flush(seconds(60)));
    EXPECT_EQ(reopened, 1);
}

}  // namespace
}  // namespace st::streamd
