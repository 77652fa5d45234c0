/// What becomes of recordings when things go wrong while they are finished.
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <semaphore>
#include <set>

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

using Payloads = std::vector<std::vector<std::uint8_t>>;

/// What becomes of messages of one camera, 40 ms apart.
Summary record(const std::string& path, Keep keep, const Payloads& payloads, bool is_jpeg = false,
               const Log& log = Log()) {
    Events events;
    Options options = options_in(path);
    options.keep = keep;
    Recorder recorder(options, log, events.sink());
    SessionStart start = world::start_of("cam1");
    start.is_jpeg = is_jpeg;
    const SessionPtr session = recorder.open(std::move(start));
    std::uint32_t seq = 0;
    for (const auto& payload : payloads) {
        session->push(world::message_of(5'000'000 + seq * 40, seq, payload),
                      session->start().started_ns + seq * 40'000'000LL);
        ++seq;
    }
    session->end(EndReason::stopped);
    return events.wait<Finished>().summary;
}

std::set<std::string> files_in(const std::string& folder) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
    return names;
}

constexpr Keep kNothing{
    .dump = false, .mp4 = false, .thumbnail = false, .pictures = false, .h264 = false};

/// A JPEG as far as its header goes, which is as far as anybody here looks.
std::vector<std::uint8_t> jpeg_of(std::uint8_t fill) {
    std::vector<std::uint8_t> jpeg = {0xFF, 0xD8, 0xFF, 0xC0, 0, 11,   8, 0,
                                      48,   0,    64,   1,    1, 0x11, 0};
    jpeg.insert(jpeg.end(), {0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0});
    jpeg.resize(300, fill);
    jpeg.insert(jpeg.end(), {0xFF, 0xD9});
    return jpeg;
}

/// Helpers that read what is there and take its pictures for decoded.
worker::JobResult decode_nothing(const worker::Job& job) {
    auto check = *media::from_bytes<media::MovieCheck>(job.request);
    if (check.decodes == 0) return run_here(job);
    check.decodes = 0;
    worker::Job reading = job;
    const std::string request = media::to_bytes(check);
    reading.request = request;
    worker::JobResult result = run_here(reading);
    auto answer = *media::from_bytes<media::MovieAnswer>(*result.answer);
    answer.has_decoded = 1;
    result.answer = media::to_bytes(answer);
    return result;
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

TEST(Finishing, a_recording_without_a_picture_has_failed_whatever_is_kept) {
    // Configuration alone, and a picture that needs what never came.
    const Payloads tiny = world::tiny_payloads();
    for (const Payloads& payloads : {Payloads(), Payloads{tiny[0]}, Payloads{tiny[2], tiny[3]}}) {
        for (const Keep& keep :
             {Keep{}, Keep{.dump = true, .mp4 = false, .thumbnail = false, .pictures = false},
              Keep{.dump = true, .mp4 = false, .thumbnail = false, .pictures = true},
              Keep{.dump = true, .mp4 = false, .thumbnail = false, .pictures = false, .h264 = true},
              kNothing}) {
            const TemporaryFolder folder;
            const Summary summary = record(folder.path(), keep, payloads);
            EXPECT_EQ(summary.state, RecordingState::failed);
            EXPECT_EQ(summary.error, "no decodable picture");
            EXPECT_EQ(files_in(summary.directory),
                      (std::set<std::string>{"session.json", "stream.fdump"}));
        }
    }
}

TEST(Finishing, jpeg_pictures_make_no_bare_stream_and_lose_nothing_for_it) {
    const auto record_jpegs = [](const std::string& path, const Keep& keep) {
        Events events;
        Options options = options_in(path);
        options.keep = keep;
        options.run_job = decode_nothing;
        Recorder recorder(options, Log(), events.sink());
        SessionStart start = world::start_of("eye");
        start.is_jpeg = true;
        const SessionPtr session = recorder.open(std::move(start));
        for (std::uint32_t seq = 0; seq < 5; ++seq) {
            session->push(world::message_of(5'000'000 + seq * 40, seq,
                                            jpeg_of(static_cast<std::uint8_t>(seq + 1))),
                          session->start().started_ns + seq * 40'000'000LL);
        }
        session->end(EndReason::stopped);
        return events.wait<Finished>().summary;
    };
    Keep keep = kNothing;
    keep.mp4 = keep.h264 = true;
    {
        const TemporaryFolder folder;
        const Summary summary = record_jpegs(folder.path(), keep);
        EXPECT_EQ(summary.state, RecordingState::done) << summary.error.value_or("");
        EXPECT_EQ(summary.pictures, 5U);
        EXPECT_EQ(files_in(summary.directory),
                  (std::set<std::string>{"session.json", "stream.mp4"}));
        EXPECT_TRUE(summary.warnings.empty());
    }
    keep.mp4 = false;
    const TemporaryFolder folder;
    const Summary summary = record_jpegs(folder.path(), keep);
    EXPECT_EQ(summary.state, RecordingState::done) << summary.error.value_or("");
    EXPECT_EQ(files_in(summary.directory), (std::set<std::string>{"session.json", "stream.fdump"}));
    EXPECT_EQ(summary.warnings,
              (std::vector<std::string>{"stream.fdump is kept: its pictures are JPEGs, of which no "
                                        "stream.h264 is made"}));
}

TEST(Finishing, the_dump_stays_while_a_picture_is_in_no_other_file) {
    Keep keep = kNothing;
    keep.mp4 = true;
    Payloads payloads = world::tiny_payloads();
    const TemporaryFolder whole;
    EXPECT_EQ(files_in(record(whole.path(), keep, payloads).directory),
              (std::set<std::string>{"session.json", "stream.mp4"}));
    // The key frame of the first 25 pictures and the one behind it never came.
    payloads.erase(payloads.begin() + 1, payloads.begin() + 3);
    const TemporaryFolder folder;
    const Summary summary = record(folder.path(), keep, payloads);
    EXPECT_EQ(summary.state, RecordingState::done) << summary.error.value_or("");
    EXPECT_EQ(summary.pictures, world::kTinyPictures - 25);
    EXPECT_EQ(summary.lost_pictures, 0U) << "they came before the first key frame";
    EXPECT_EQ(files_in(summary.directory),
              (std::set<std::string>{"session.json", "stream.fdump", "stream.mp4"}));
    EXPECT_EQ(summary.warnings,
              (std::vector<std::string>{"stream.fdump is kept for what no other file has: 23 "
                                        "pictures before the first key frame"}));
    // Whoever keeps it anyway need not be told.
    keep.dump = true;
    const TemporaryFolder kept;
    EXPECT_TRUE(record(kept.path(), keep, payloads).warnings.empty());
}

TEST(Finishing, a_picture_lost_later_is_a_loss_and_keeps_the_dump) {
    Keep keep = kNothing;
    keep.mp4 = true;
    Payloads payloads = world::tiny_payloads();
    // A slice of picture parameter set 5, which nobody sent.
    payloads.insert(payloads.begin() + 10, {0, 0, 0, 1, 0x41, 0x98, 0xD5, 0x55, 0x55, 0x55});
    payloads[10].resize(100, 0x55);
    const TemporaryFolder folder;
    const Summary summary = record(folder.path(), keep, payloads);
    EXPECT_EQ(summary.state, RecordingState::done) << summary.error.value_or("");
    EXPECT_EQ(summary.pictures, world::kTinyPictures);
    EXPECT_EQ(summary.lost_pictures, 1U);
    EXPECT_TRUE(fs::exists(summary.directory + "/stream.fdump"));
    const std::string session = world::read_text(summary.directory + "/session.json");
    EXPECT_NE(session.find(R"("undecodable":1,"unknown_form":0,"lost_pictures":1)"),
              std::string::npos)
        << session;
    ASSERT_EQ(summary.warnings.size(), 2U);
    EXPECT_EQ(summary.warnings[0],
              "1 picture after the first key frame cannot be decoded: parameter sets are missing");
    EXPECT_EQ(summary.warnings[1],
              "stream.fdump is kept for what no other file has: 1 picture that cannot be decoded");
}

TEST(Finishing, the_table_of_a_recording_without_an_mp4_names_none) {
    const auto last_column = [](const Keep& keep) {
        const TemporaryFolder folder;
        const Summary summary = record(folder.path(), keep, world::tiny_payloads());
        EXPECT_EQ(summary.state, RecordingState::done) << summary.error.value_or("");
        const std::string table = world::read_text(summary.directory + "/pictures.csv");
        return table.substr(table.rfind(',') + 1);
    };
    EXPECT_EQ(last_column(Keep{}), "stream.mp4\n");
    EXPECT_EQ(last_column({.mp4 = false}), "\n") << "made for the thumbnail, and removed";
    EXPECT_EQ(last_column({.mp4 = false, .thumbnail = false}), "\n");
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
