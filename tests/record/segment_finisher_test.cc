#include "record/segment_finisher.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <future>

#include "base/clock.h"
#include "support/temporary_folder.h"

namespace st::record {
namespace {

namespace fs = std::filesystem;

/// What is told of segments that cannot be read; holds up who tells it, of the files of `held_up`.
class Warnings final : public LogSink {
 public:
    bool enabled(LogLevel) const override { return true; }
    void write(LogLevel level, std::string_view, std::string_view text) override {
        const std::string path(text.substr(0, text.find(':')));
        Lock lock(mutex_);
        if (level != LogLevel::warning) {
            found_ = path.substr(path.rfind('/') + 1);
            changed_.notify_all();
            while (found_ == held_up_found_) changed_.wait(lock.native());
            return;
        }
        told_.push_back(path.substr(path.rfind('/') + 1));
        changed_.notify_all();
        while (told_.back() == held_up_) changed_.wait(lock.native());
    }
    void hold_up(const std::string& name) {
        const Lock lock(mutex_);
        held_up_ = name;
        changed_.notify_all();
    }
    /// Likewise, when it is found.
    void hold_up_found(const std::string& name) {
        Lock lock(mutex_);
        held_up_found_ = name;
        changed_.notify_all();
    }
    void wait_for_found(const std::string& name) {
        Lock lock(mutex_);
        while (found_ != name) changed_.wait(lock.native());
    }
    std::vector<std::string> wait_for(std::size_t count) {
        Lock lock(mutex_);
        while (told_.size() < count) changed_.wait(lock.native());
        return told_;
    }

 private:
    Mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> told_ ST_GUARDED_BY(mutex_);
    std::string held_up_ ST_GUARDED_BY(mutex_);
    std::string found_ ST_GUARDED_BY(mutex_);
    std::string held_up_found_ ST_GUARDED_BY(mutex_);
};

class SegmentFinisherTest : public testing::Test {
 protected:
    SegmentFinisherTest() { fs::create_directories(path_ / "live/live/x"); }
    ~SegmentFinisherTest() override {
        warnings_->hold_up("");
        finisher_.reset();
    }

    fs::path in_stream(const std::string& name) const { return path_ / "live/live/x" / name; }
    /// A segment that an earlier run left, and which nothing can be made of.
    void leave(const std::string& name) const {
        std::ofstream(in_stream(name)) << std::string(4096, 'x');
        std::ofstream(in_stream(name + ".open"));
    }
    void start() {
        folder_.emplace(path_.string());
        finisher_ =
            std::make_unique<SegmentFinisher>(*folder_, Log(warnings_), [](const SegmentEvent&) {});
    }
    MadeSegment make() {
        return finisher_->make("/live/x", {}, SegmentLayout::streamd, 1'000'000, 1);
    }

    const test::TemporaryFolder temporary_;
    const fs::path path_ = temporary_.path();
    std::shared_ptr<Warnings> warnings_ = std::make_shared<Warnings>();
    std::optional<SegmentFolder> folder_;
    std::unique_ptr<SegmentFinisher> finisher_;
};

TEST_F(SegmentFinisherTest, is_asked_what_waits_while_a_disk_stalls_as_a_file_is_made) {
    leave("a.mp4");
    start();
    warnings_->wait_for(1);
    // A pipe that nobody reads holds up whoever opens it for writing.
    const fs::path mark = in_stream("19700101000001_segment_001.mp4.open");
    ASSERT_EQ(::mkfifo(mark.c_str(), 0600), 0);
    auto made = std::async(std::launch::async, [this] { return make(); });
    auto asked = std::async(std::launch::async, [this] { return finisher_->waiting(); });
    EXPECT_EQ(asked.wait_for(std::chrono::seconds(5)), std::future_status::ready);
    const Fd reader(::open(mark.c_str(), O_RDONLY));
    EXPECT_EQ(made.get().place.name, "19700101000001_segment_001.mp4");
}

TEST_F(SegmentFinisherTest, leaves_the_mark_of_a_file_that_is_being_made) {
    leave("0.mp4");
    const std::string name = "19700101000001_segment_001.mp4";
    const fs::path mark = in_stream(name + ".open");
    ASSERT_EQ(::mkfifo(mark.c_str(), 0600), 0);
    fs::create_hard_link(mark, path_ / "pipe");
    std::ofstream(in_stream("2.mp4.open")) << "of nothing";
    warnings_->hold_up_found("0.mp4");
    start();
    warnings_->wait_for_found("0.mp4");
    auto made = std::async(std::launch::async, [this] { return make(); });
    // It opens the mark, which is a pipe that nobody reads, before it makes the file.
    EXPECT_EQ(made.wait_for(std::chrono::milliseconds(200)), std::future_status::timeout);
    warnings_->hold_up_found("");
    EXPECT_EQ(made.wait_for(std::chrono::milliseconds(200)), std::future_status::timeout);
    const Fd reader(::open((path_ / "pipe").c_str(), O_RDONLY));
    EXPECT_EQ(made.get().place.name, name);
    warnings_->wait_for(1);
    EXPECT_TRUE(fs::exists(mark));
    EXPECT_FALSE(fs::exists(in_stream("2.mp4.open")));
}

TEST_F(SegmentFinisherTest, leaves_what_a_crash_left_to_the_next_start_rather_than_wait_for_it) {
    leave("a.mp4");
    leave("b.mp4");
    warnings_->hold_up("a.mp4");
    start();
    warnings_->wait_for(1);
    EXPECT_TRUE(finisher_->wait_idle(monotonic_ns())) << "nothing of this run is to be finished";
    EXPECT_EQ(finisher_->waiting(), 2U);

    MadeSegment made = make();
    std::ofstream(path_ / made.place.path) << std::string(4096, 'x');
    finisher_->add({"/live/x", "stopped", std::move(made.place), nullptr});
    EXPECT_FALSE(finisher_->wait_idle(monotonic_ns()));
    warnings_->hold_up("b.mp4");
    EXPECT_TRUE(finisher_->wait_idle(INT64_MAX)) << "it comes before the rest of what was left";
    warnings_->wait_for(3);
    auto ended = std::async(std::launch::async, [this] { finisher_.reset(); });
    warnings_->hold_up("");
    ended.get();
    EXPECT_EQ(warnings_->wait_for(3),
              (std::vector<std::string>{"a.mp4", "19700101000001_segment_001.mp4", "b.mp4"}));
}

}  // namespace
}  // namespace st::record
