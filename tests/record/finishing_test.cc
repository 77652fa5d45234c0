/// What becomes of recordings when things go wrong while they are finished.
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <semaphore>

#include "record/folder.h"
#include "record/recordings.h"
#include "record/recovery.h"
#include "record/world.h"

namespace st::record {
namespace {

using namespace std::chrono_literals;
using world::Events;
using world::options_in;
using world::TemporaryFolder;

namespace fs = std::filesystem;

worker::JobResult no_helper(const worker::Job&) {
    return {worker::JobError{worker::Fault::unavailable, "Too many open files"}, {}};
}

/// Waits until it is cancelled, as a helper that never answers.
worker::JobResult hang(const worker::Job& job) {
    std::binary_semaphore cancelled{0};
    const std::stop_callback stop(job.cancel, [&] { cancelled.release(); });
    cancelled.acquire();
    return {worker::JobError{worker::Fault::cancelled, "cancelled"}, {}};
}

/// One recording left by a run that could not finish it. Returns its id.
std::string leave_unfinished(const std::string& path) {
    Events events;
    Options options = options_in(path);
    options.run_job = no_helper;
    Recorder recorder(options, Log(), events.sink());
    const SessionPtr session = recorder.open(world::start_of("cam1"));
    world::push_tiny(*session);
    session->end(EndReason::stopped);
    return events.wait<Finished>().summary.id;
}

TEST(Finishing, what_failed_for_want_of_room_is_tried_again_by_itself) {
    const TemporaryFolder folder;
    Events events;
    std::atomic<int> calls{0};
    Options options = options_in(folder.path());
    options.keep.thumbnail = false;
    options.retry_first = 10ms;
    options.run_job = [&](const worker::Job& job) {
        return calls++ < 2 ? no_helper(job) : run_here(job);
    };
    Recorder recorder(options, Log(), events.sink());
    const SessionPtr session = recorder.open(world::start_of("cam1"));
    world::push_tiny(*session);
    session->end(EndReason::stopped);
    const Finished first = events.wait<Finished>(1);
    EXPECT_EQ(first.serial, session->serial());
    EXPECT_EQ(first.summary.state, RecordingState::failed);
    EXPECT_EQ(events.wait<Finished>(2).summary.state, RecordingState::failed);
    const Finished last = events.wait<Finished>(3);
    EXPECT_EQ(last.serial, 0U);
    EXPECT_EQ(last.summary.id, first.summary.id);
    EXPECT_EQ(last.summary.state, RecordingState::done) << last.summary.error.value_or("");
    EXPECT_EQ(last.summary.pictures, world::kTinyPictures);
    EXPECT_FALSE(last.summary.error);
}

TEST(Finishing, a_backlog_of_earlier_runs_does_not_delay_the_end) {
    const TemporaryFolder folder;
    const std::string id = leave_unfinished(folder.path());
    Events events;
    Options options = options_in(folder.path());
    std::binary_semaphore begun{0};
    options.run_job = [&](const worker::Job& job) {
        begun.release();
        return hang(job);
    };
    Recorder recorder(options, Log(), events.sink());
    begun.acquire();
    EXPECT_EQ(recorder.finish_all(monotonic_ns() + 60'000'000'000), 1U);
    EXPECT_EQ(events.wait<Finished>().summary.state, RecordingState::finalising);
    EXPECT_TRUE(fs::exists(folder.path() + "/" + id + "/stream.fdump"));
}

TEST(Finishing, a_recording_taken_back_to_work_cannot_be_deleted) {
    const TemporaryFolder path;
    const std::string id = leave_unfinished(path.path());
    Recordings recordings(path.path());
    ASSERT_EQ(recordings.get(id)->state, RecordingState::failed);
    {
        Folder folder(path.path());
        ASSERT_TRUE(take_back(folder, id, {}));
    }
    EXPECT_EQ(recordings.get(id)->state, RecordingState::finalising);
    const auto removed = recordings.remove(id);
    ASSERT_FALSE(removed);
    EXPECT_EQ(removed.error().code, 409);
}

TEST(Finishing, a_slow_picture_costs_the_thumbnail_and_no_more) {
    const TemporaryFolder folder;
    Events events;
    Options options = options_in(folder.path());
    std::atomic<int> decoded{0};
    options.run_job = [&](const worker::Job& job) -> worker::JobResult {
        if (media::from_bytes<media::MovieCheck>(job.request)->decodes == 0) return run_here(job);
        ++decoded;
        return {worker::JobError{worker::Fault::too_slow, "a helper ran out of time"},
                job.limits.cpu};
    };
    Recorder recorder(options, Log(), events.sink());
    const SessionPtr session = recorder.open(world::start_of("cam1"));
    world::push_tiny(*session);
    session->end(EndReason::stopped);
    const Summary summary = events.wait<Finished>().summary;
    EXPECT_EQ(summary.state, RecordingState::done);
    EXPECT_EQ(decoded, 2) << "a short try, then one with patience";
    ASSERT_TRUE(summary.error);
    EXPECT_NE(summary.error->find("not decoded: a helper ran out of time"), std::string::npos);
    EXPECT_TRUE(fs::exists(summary.directory + "/stream.mp4"));
    EXPECT_FALSE(fs::exists(summary.directory + "/thumbnail.jpg"));
}

TEST(Finishing, links_in_a_recordings_folder_are_not_followed) {
    const TemporaryFolder folder;
    const TemporaryFolder other;
    const std::string victim = other.path() + "/victim";
    std::ofstream(victim) << "precious";
    Events events;
    Recorder recorder(options_in(folder.path()), Log(), events.sink());
    const SessionPtr session = recorder.open(world::start_of("cam1"));
    const std::string directory = folder.path() + "/" + events.wait<Opened>().id;
    for (const char* name : {"stream.mp4", "thumbnail.jpg", "stream.mp4.part", "thumbnail.jpg.part",
                             "session.json.tmp"}) {
        fs::create_symlink(victim, directory + "/" + name);
    }
    world::push_tiny(*session);
    session->end(EndReason::stopped);
    const Summary summary = events.wait<Finished>().summary;
    EXPECT_EQ(summary.state, RecordingState::done) << summary.error.value_or("");
    EXPECT_EQ(world::read_text(victim), "precious");
    for (const char* name : {"stream.mp4", "thumbnail.jpg", "session.json"}) {
        EXPECT_FALSE(fs::is_symlink(directory + "/" + name)) << name;
    }
}

TEST(Finishing, nothing_comes_behind_the_end_of_a_session) {
    const TemporaryFolder folder;
    Events events;
    Recorder recorder(options_in(folder.path()), Log(), events.sink());
    const SessionPtr session = recorder.open(world::start_of("cam1"));
    world::push_tiny(*session);
    session->end(EndReason::shutdown);
    world::push_tiny(*session, 9'000'000);
    EXPECT_EQ(events.wait<Finished>().summary.pictures, world::kTinyPictures);
    EXPECT_EQ(recorder.finish_all(monotonic_ns() + 60'000'000'000), 0U);
    EXPECT_EQ(events.count<Opened>(), 1U);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

}  // namespace
}  // namespace st::record
