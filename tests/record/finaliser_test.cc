#include "record/finaliser.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>

#include "record/mailbox.h"
#include "record/world.h"

namespace st::record {
namespace {

/// Collects what was finished; holds back whoever asks for the event Finalising until released.
class Answers {
 public:
    void add(std::uint64_t serial, const Summary& summary) {
        const std::lock_guard lock(mutex_);
        states_[serial] = summary.state;
        changed_.notify_all();
    }
    void hold() {
        std::unique_lock lock(mutex_);
        held_ = true;
        changed_.notify_all();
        changed_.wait(lock, [&] { return released_; });
    }
    void wait_until_held() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return held_; });
    }
    void release() {
        const std::lock_guard lock(mutex_);
        released_ = true;
        changed_.notify_all();
    }
    std::map<std::uint64_t, RecordingState> states() {
        const std::lock_guard lock(mutex_);
        return states_;
    }

 private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::uint64_t, RecordingState> states_;
    bool held_ = false;
    bool released_ = false;
};

Unfinished job_of(std::uint64_t serial) {
    Unfinished job;
    job.session = std::make_shared<Session>(serial, world::start_of("cam1"), 1000,
                                            std::make_shared<Mailbox>());
    job.meta = meta_of(job.session->start(), "none_such_" + std::to_string(serial));
    job.meta.state = RecordingState::finalising;
    return job;
}

TEST(Finaliser, leaves_to_the_next_start_what_there_is_no_room_to_wait_for) {
    const world::TemporaryFolder path;
    Folder folder(path.path());
    Answers answers;
    Options options = world::options_in(path.path());
    options.finalisers = 1;
    {
        Finaliser finaliser(
            folder, options, Log(), [&](const Event&) { answers.hold(); },
            [&](const Unfinished& job, const Outcome& outcome) {
                answers.add(job.session->serial(), outcome.summary);
            },
            /*waiting_max=*/2);
        finaliser.add(job_of(1));
        answers.wait_until_held();  // the one thread is busy with it
        finaliser.add(job_of(2));
        finaliser.add(job_of(3));
        EXPECT_EQ(finaliser.waiting(), 3U);
        EXPECT_TRUE(answers.states().empty());
        finaliser.add(job_of(4));
        EXPECT_EQ(answers.states(),
                  (std::map<std::uint64_t, RecordingState>{{4, RecordingState::finalising}}));
        answers.release();
    }
    EXPECT_EQ(answers.states().size(), 4U) << "every job is answered";
}

}  // namespace
}  // namespace st::record
