#include "record/recorder.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <set>
#include <stdexcept>

#include "json/read.h"
#include "record/folder.h"
#include "record/world.h"
#include "support/log_lines.h"

namespace st::record {
namespace {

using world::Events;
using world::kTinyPictures;
using world::message_of;
using world::options_in;
using world::push_tiny;
using world::start_of;
using world::TemporaryFolder;

namespace fs = std::filesystem;

json::Object session_json(const std::string& directory) {
    const auto value = json::read(world::read_text(directory + "/session.json"));
    return value && value->object() != nullptr ? *value->object() : json::Object();
}

const RecordedFile* file_of(const Summary& summary, const std::string& kind) {
    for (const RecordedFile& file : summary.files) {
        if (file.kind == kind) return &file;
    }
    return nullptr;
}

TEST(Recorder, a_session_becomes_an_mp4_with_its_dump_thumbnail_and_session_json) {
    const TemporaryFolder folder;
    Events events;
    Recorder recorder(options_in(folder.path()), Log(), events.sink());
    SessionStart start = start_of("cam1");
    start.take = "take 3";
    start.parameters = camera::StartParameters{};
    start.capabilities = R"({"type":"capabilities","deviceModel":"Pixel \"8\""})";
    const SessionPtr session = recorder.open(start);
    const Opened opened = events.wait<Opened>();
    EXPECT_EQ(opened.serial, session->serial());
    EXPECT_EQ(opened.id, "cam1_" + local_stamp(start.started_us));
    EXPECT_EQ(session->id(), opened.id);
    EXPECT_EQ(session_json(folder.path() + "/" + opened.id)["state"].text_or_empty(), "recording");

    push_tiny(*session);
    session->end({EndReason::stopped, CloseCode{1000, "bye"}, {4, 2}});
    const Finished finished = events.wait<Finished>();
    const Summary& summary = finished.summary;
    EXPECT_EQ(summary.state, RecordingState::done) << summary.error.value_or("");
    EXPECT_EQ(summary.id, opened.id);
    EXPECT_EQ(summary.directory, fs::canonical(folder.path()).string() + "/" + opened.id);
    EXPECT_EQ(summary.pictures, kTinyPictures);
    EXPECT_EQ(summary.messages, kTinyPictures + 1);
    EXPECT_EQ(summary.width, 96U);
    EXPECT_EQ(summary.height, 64U);
    EXPECT_EQ(summary.duration_ms, kTinyPictures * 40);
    for (const char* kind : {"mp4", "dump", "thumbnail", "pictures"}) {
        const RecordedFile* file = file_of(summary, kind);
        ASSERT_NE(file, nullptr) << kind;
        EXPECT_EQ(fs::file_size(file->path), file->bytes) << kind;
    }
    const auto json = session_json(summary.directory);
    EXPECT_EQ(json["state"].text_or_empty(), "done");
    EXPECT_EQ(json["end_reason"].text_or_empty(), "stopped");
    EXPECT_EQ(json["take"].text_or_empty(), "take 3");
    EXPECT_EQ(json["pictures"].integer(), 60);
    EXPECT_EQ((*json["close"].object())["code"].integer(), 1000);
    EXPECT_EQ((*json["dropped"].object())["before_start"].integer(), 4);
    EXPECT_EQ((*json["dropped"].object())["bad"].integer(), 2);
    EXPECT_EQ((*json["capabilities"].object())["deviceModel"].text_or_empty(), "Pixel \"8\"");
    EXPECT_EQ(json["timing"].text_or_empty(), "device");
    EXPECT_EQ(json["files"].array()->size(), 4U);
    EXPECT_NE(json["times"].object(), nullptr);
    EXPECT_TRUE(json["error"].is_null());
    EXPECT_GT(session->last_progress_ns(), 0);
    for (const auto& entry : fs::directory_iterator(summary.directory)) {
        const std::string name = entry.path().filename();
        EXPECT_TRUE(name == "session.json" || name == "stream.fdump" || name == "stream.mp4" ||
                    name == "thumbnail.jpg" || name == "pictures.csv")
            << name << " was left behind";
    }
}

TEST(Recorder, recordings_of_one_camera_in_one_second_have_ids_of_their_own) {
    const TemporaryFolder folder;
    Events events;
    Recorder recorder(options_in(folder.path()), Log(), events.sink());
    SessionStart start = start_of("cam1");
    std::set<std::string> ids;
    for (std::size_t n = 1; n <= 3; ++n) {
        const SessionPtr session = recorder.open(start);
        const Opened opened = events.wait<Opened>(n);
        ids.insert(opened.id);
        session->end(EndReason::restarted);
        events.wait<Finished>(n);
        // Not even a deleted one's id comes again.
        fs::remove_all(folder.path() + "/" + opened.id);
    }
    const std::string stem = "cam1_" + local_stamp(start.started_us);
    EXPECT_EQ(ids, (std::set<std::string>{stem, stem + "_2", stem + "_3"}));
}

/// Runs in a child: no file can be larger than `bytes`.
int open_on_a_full_disk(const std::string& path, rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, bytes};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    Events events;
    Recorder recorder(options_in(path), Log(), events.sink());
    const SessionPtr session = recorder.open(start_of("cam1"));
    const Failed failed = events.wait<Failed>();
    session->end(EndReason::disk);
    const Summary summary = events.wait<Finished>().summary;
    if (!failed.id.empty() || !session->id().empty() || !summary.id.empty()) return 1;
    if (summary.state != RecordingState::failed || !summary.error) return 2;
    return fs::is_empty(path) ? 0 : 3;
}

TEST(Recorder, a_recording_that_cannot_begin_leaves_no_folder) {
    // No byte at all; the header of the dump, but not its first note.
    for (const rlim_t bytes : {0, 100}) {
        SCOPED_TRACE(bytes);
        const TemporaryFolder folder;
        const pid_t child = ::fork();
        if (child == 0) ::_exit(open_on_a_full_disk(folder.path(), bytes));
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFEXITED(status));
        EXPECT_EQ(WEXITSTATUS(status), 0);
    }
}

TEST(Recovery, an_empty_folder_named_like_a_recording_goes_and_others_stay) {
    const TemporaryFolder folder;
    for (const char* name : {"cam1_20260131_081530", "cam1_20260131_081530_2", "cam1_2026",
                             "_20260131_081530", "cam1_20260131_08153x", "cam1_20260131_081531"}) {
        fs::create_directory(folder.path() + "/" + name);
    }
    std::ofstream(folder.path() + "/cam1_20260131_081531/note.txt") << "not ours";
    Events events;
    Recorder recorder(options_in(folder.path()), Log(), events.sink());
    EXPECT_EQ(recorder.finish_all(monotonic_ns() + 60'000'000'000), 0U);
    std::set<std::string> left;
    for (const auto& entry : fs::directory_iterator(folder.path()))
        left.insert(entry.path().filename());
    EXPECT_EQ(left, (std::set<std::string>{"cam1_2026", "_20260131_081530", "cam1_20260131_08153x",
                                           "cam1_20260131_081531"}));
}

TEST(CameraOf, is_what_stands_before_the_stamp) {
    EXPECT_EQ(camera_of("cam1_20260131_081530"), "cam1");
    EXPECT_EQ(camera_of("front_door_2_20260131_081530"), "front_door_2");
    EXPECT_EQ(camera_of("192.0.2.7_50001_20260131_081530_12"), "192.0.2.7_50001");
    EXPECT_EQ(camera_of("a_20260131_081530_20260131_081531"), "a_20260131_081530");
    for (const char* name : {"cam1", "cam1_2026", "_20260131_081530", "cam1_20260131_08153x", ""})
        EXPECT_EQ(camera_of(name), name);
}

TEST(Recorder, refuses_a_name_that_is_no_camera_name) {
    const TemporaryFolder folder;
    Events events;
    Recorder recorder(options_in(folder.path()), Log(), events.sink());
    for (const std::string& name :
         {std::string(".."), std::string("a/b"), std::string(65, 'a'), std::string("")}) {
        EXPECT_THROW(recorder.open(start_of(name)), std::invalid_argument) << name;
    }
    EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Recorder, a_dump_that_nobody_understands_whole_is_kept) {
    const TemporaryFolder folder;
    Events events;
    Options options = options_in(folder.path());
    options.keep.dump = false;
    Recorder recorder(options, Log(), events.sink());
    const SessionPtr session = recorder.open(start_of("cam1"));
    push_tiny(*session);
    session->end({EndReason::stopped, std::nullopt, {0, 0, 3}});
    const Summary summary = events.wait<Finished>().summary;
    EXPECT_EQ(summary.state, RecordingState::done) << summary.error.value_or("");
    EXPECT_EQ(summary.undecodable, 3U);
    EXPECT_NE(file_of(summary, "dump"), nullptr);
    EXPECT_TRUE(fs::exists(summary.directory + "/stream.fdump"));
}

TEST(Recorder, a_session_without_a_picture_has_failed_and_says_so) {
    const TemporaryFolder folder;
    Events events;
    Recorder recorder(options_in(folder.path()), Log(), events.sink());
    recorder.open(start_of("cam1"))->end(EndReason::camera_stopped);
    const Summary summary = events.wait<Finished>().summary;
    EXPECT_EQ(summary.state, RecordingState::failed);
    EXPECT_EQ(summary.error, "no decodable picture");
    EXPECT_EQ(file_of(summary, "mp4"), nullptr);
    EXPECT_NE(file_of(summary, "dump"), nullptr);
    EXPECT_FALSE(fs::exists(summary.directory + "/stream.mp4"));
}

TEST(Recorder, keeps_what_keep_names_and_nothing_else) {
    const TemporaryFolder folder;
    Events events;
    Options options = options_in(folder.path());
    options.keep = {
        .dump = false, .mp4 = true, .thumbnail = false, .pictures = false, .h264 = true};
    Recorder recorder(options, Log(), events.sink());
    const SessionPtr session = recorder.open(start_of("cam1"));
    push_tiny(*session);
    session->end(EndReason::stopped);
    const Summary summary = events.wait<Finished>().summary;
    EXPECT_EQ(summary.state, RecordingState::done) << summary.error.value_or("");
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(summary.directory))
        names.insert(entry.path().filename());
    EXPECT_EQ(names, (std::set<std::string>{"session.json", "stream.mp4", "stream.h264"}));
    EXPECT_EQ(summary.files.size(), 2U);
}

TEST(Recorder, says_when_a_queue_is_over_its_budget_and_when_there_is_room_again) {
    const TemporaryFolder folder;
    Events events;
    Options options = options_in(folder.path());
    options.buffer_bytes = 100'000;
    Recorder recorder(options, Log(), events.sink());
    const SessionPtr session = recorder.open(start_of("cam1"));
    std::vector<std::uint8_t> payload(60'000, 0x5A);
    std::uint32_t seq = 0;
    std::size_t over = 0;
    std::uint64_t pushed = 0;
    // One stall at least: two messages pushed at once are over the budget unless the writer is
    // faster than this loop, so go on until it was not.
    while (over == 0 && seq < 100'000) {
        if (!session->push(message_of(seq, seq, payload), monotonic_ns())) ++over;
        ++seq;
        pushed += payload.size() + 16;
    }
    ASSERT_EQ(over, 1U);
    events.wait<Room>();
    EXPECT_LE(session->queued_bytes(), options.buffer_bytes / 2);
    session->end(EndReason::stopped);
    EXPECT_EQ(events.wait<Finished>().summary.messages, seq) << "nothing is dropped";
    EXPECT_EQ(recorder.status().written_bytes, pushed);
}

TEST(Recorder, what_waits_for_the_disk_counts_and_is_stopped_while_memory_is_short) {
    const TemporaryFolder folder;
    Events events;
    MemoryBudget memory(64 << 20);
    Options options = options_in(folder.path());
    options.memory = &memory;
    {
        Recorder recorder(options, Log(), events.sink());
        const SessionPtr session = recorder.open(start_of("cam1"));
        const std::vector<std::uint8_t> payload(3 << 20, 0x5A);
        EXPECT_TRUE(session->push(message_of(0, 0, payload), monotonic_ns()));
        auto others = std::make_unique<MemoryBudget::Charge>(memory, 60 << 20);
        EXPECT_FALSE(session->push(message_of(1, 1, payload), monotonic_ns()));
        EXPECT_TRUE(session->wants_room() || events.count<Room>() > 0);
        events.wait<Room>();  // the disk has it, whatever others hold
        others.reset();
        session->end(EndReason::stopped);
        EXPECT_EQ(events.wait<Finished>().summary.messages, 2U) << "nothing is dropped";
    }
    EXPECT_EQ(memory.total(), 0U);
}

TEST(Recorder, frames_held_from_before_the_start_keep_their_distance) {
    const TemporaryFolder folder;
    Events events;
    Options options = options_in(folder.path());
    options.timing = Timing::arrival;
    Recorder recorder(options, Log(), events.sink());
    SessionStart start = start_of("cam1");
    start.first_held_ns = start.started_ns - 20 * std::int64_t{40'000'000};
    const SessionPtr session = recorder.open(start);
    const auto payloads = world::tiny_payloads();
    // 25 pictures 40 ms apart; the session was opened with the 20th.
    for (std::uint32_t n = 0; n <= 25; ++n) {
        session->push(message_of(0, n, payloads[n]),
                      start.started_ns + (std::int64_t{n} - 20) * 40'000'000);
    }
    session->end(EndReason::stopped);
    const Summary summary = events.wait<Finished>().summary;
    EXPECT_EQ(summary.pictures, 25U);
    EXPECT_EQ(summary.duration_ms, 25U * 40);
}

TEST(Recorder, a_folder_in_use_is_refused_with_a_text_for_the_user) {
    const TemporaryFolder folder;
    Events events;
    Recorder recorder(options_in(folder.path()), Log(), events.sink());
    try {
        Recorder second(options_in(folder.path()), Log(), events.sink());
        FAIL() << "two recorders in one folder";
    } catch (const std::runtime_error& e) {
        EXPECT_NE(std::string(e.what()).find("is in use by another running server"),
                  std::string::npos)
            << e.what();
    }
}

TEST(Recorder, a_vanished_folder_fails_its_session_and_no_other) {
    const TemporaryFolder folder;
    Events events;
    Recorder recorder(options_in(folder.path()), Log(), events.sink());
    const SessionPtr lost = recorder.open(start_of("lost"));
    const SessionPtr kept = recorder.open(start_of("kept"));
    events.wait<Opened>(2);
    fs::remove_all(folder.path() + "/" + lost->id());
    const auto payloads = world::tiny_payloads();
    // It is looked for once a second.
    std::uint32_t seq = 0;
    const std::int64_t deadline = monotonic_ns() + 30'000'000'000;
    while (events.count<Failed>() == 0 && monotonic_ns() < deadline) {
        lost->push(message_of(seq, seq, payloads[1]), monotonic_ns());
        ++seq;
        ::usleep(5'000);
    }
    const Failed failed = events.wait<Failed>();
    EXPECT_EQ(failed.camera, "lost");
    EXPECT_NE(failed.error.find("was removed"), std::string::npos) << failed.error;
    EXPECT_TRUE(lost->failed());
    lost->end(EndReason::disk);
    EXPECT_EQ(events.wait<Finished>().summary.state, RecordingState::failed);
    push_tiny(*kept);
    kept->end(EndReason::stopped);
    const Summary summary = events.wait<Finished>(2).summary;
    EXPECT_EQ(summary.state, RecordingState::done) << summary.error.value_or("");
    EXPECT_EQ(summary.pictures, kTinyPictures);
}

TEST(Recorder, a_recordings_folder_that_is_gone_fails_new_sessions_until_it_is_back) {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/recordings";
    Events events;
    Recorder recorder(options_in(path), Log(), events.sink());
    fs::rename(path, folder.path() + "/elsewhere");
    SessionPtr session = recorder.open(start_of("cam1"));
    const Failed failed = events.wait<Failed>();
    EXPECT_NE(failed.error.find(path), std::string::npos) << failed.error;
    session->end(EndReason::disk);
    const Summary summary = events.wait<Finished>().summary;
    EXPECT_EQ(summary.state, RecordingState::failed);
    EXPECT_EQ(summary.id, "");
    fs::create_directory(path);
    session = recorder.open(start_of("cam1"));
    events.wait<Opened>();
    push_tiny(*session);
    session->end(EndReason::stopped);
    EXPECT_EQ(events.wait<Finished>(2).summary.state, RecordingState::done);
}

TEST(Recorder, finish_all_ends_and_finishes_open_sessions) {
    const TemporaryFolder folder;
    Events events;
    Recorder recorder(options_in(folder.path()), Log(), events.sink());
    for (const char* camera : {"a", "b", "c"}) push_tiny(*recorder.open(start_of(camera)));
    EXPECT_EQ(recorder.finish_all(monotonic_ns() + 60'000'000'000), 0U);
    ASSERT_EQ(events.count<Finished>(), 3U);
    for (std::size_t n = 1; n <= 3; ++n) {
        const Summary summary = events.wait<Finished>(n).summary;
        EXPECT_EQ(summary.state, RecordingState::done);
        EXPECT_EQ(summary.end_reason, EndReason::shutdown);
        EXPECT_EQ(summary.pictures, kTinyPictures);
    }
    EXPECT_THROW(recorder.open(start_of("d")), std::logic_error);
}

TEST(Recorder, a_hurried_end_leaves_the_mp4_to_the_next_start) {
    const TemporaryFolder folder;
    Events events;
    {
        Recorder recorder(options_in(folder.path()), Log(), events.sink());
        const SessionPtr session = recorder.open(start_of("cam1"));
        push_tiny(*session);
        recorder.hurry();
        recorder.finish_all(monotonic_ns() + 60'000'000'000);
    }
    const Summary left = events.wait<Finished>().summary;
    EXPECT_EQ(left.state, RecordingState::finalising);
    EXPECT_FALSE(fs::exists(left.directory + "/stream.mp4"));
    Recorder next(options_in(folder.path()), Log(), events.sink());
    const Finished finished = events.wait<Finished>(2);
    EXPECT_EQ(finished.serial, 0U);
    EXPECT_EQ(finished.summary.state, RecordingState::done);
    EXPECT_EQ(finished.summary.id, left.id);
    EXPECT_EQ(finished.summary.end_reason, EndReason::shutdown);
    EXPECT_EQ(finished.summary.pictures, kTinyPictures);
    EXPECT_EQ(session_json(left.directory)["state"].text_or_empty(), "done");
}

TEST(Recorder, the_log_has_the_line_that_people_grep_for) {
    const TemporaryFolder folder;
    Events events;
    const auto lines = std::make_shared<test::LogLines>(LogLevel::info);
    Recorder recorder(options_in(folder.path()), Log(lines), events.sink());
    const SessionPtr session = recorder.open(start_of("cam1"));
    // 61 messages in a millisecond: the arrival estimate is clamped to 60.
    std::uint32_t seq = 0;
    for (const auto& payload : world::tiny_payloads()) {
        session->push(message_of(seq * 40, seq, payload), session->start().started_ns);
        ++seq;
    }
    session->end(EndReason::stopped);
    const std::string id = events.wait<Finished>().summary.id;
    EXPECT_NE(
        lines->text().find("cam1 " + id + ": FPS estimate (server) frame_count=61 -> 60.00\n"),
        std::string::npos)
        << lines->text();
}

TEST(Recorder, the_log_has_no_estimate_of_which_nothing_was_measured) {
    const TemporaryFolder folder;
    Events events;
    const auto lines = std::make_shared<test::LogLines>(LogLevel::info);
    Recorder recorder(options_in(folder.path()), Log(lines), events.sink());
    const SessionPtr session = recorder.open(start_of("cam1"));
    session->push(message_of(0, 0, world::tiny_payloads()[0]), session->start().started_ns);
    session->end(EndReason::stopped);
    events.wait<Finished>();
    EXPECT_EQ(lines->text().find("FPS estimate"), std::string::npos) << lines->text();
    EXPECT_NE(lines->text().find("pictures=0 "), std::string::npos) << lines->text();
}

TEST(Recovery, an_mp4_that_could_not_be_written_is_made_at_the_next_start) {
    const TemporaryFolder folder;
    Events events;
    std::string obstacle;
    {
        Recorder recorder(options_in(folder.path()), Log(), events.sink());
        const SessionPtr session = recorder.open(start_of("cam1"));
        const Opened opened = events.wait<Opened>();
        obstacle = folder.path() + "/" + opened.id + "/stream.mp4.part";
        fs::create_directories(obstacle + "/in_the_way");
        push_tiny(*session);
        session->end(EndReason::stopped);
        const Summary summary = events.wait<Finished>().summary;
        EXPECT_EQ(summary.state, RecordingState::failed);
        EXPECT_EQ(summary.end_reason, EndReason::stopped);
        ASSERT_TRUE(summary.error);
        EXPECT_NE(summary.error->find("stream.mp4"), std::string::npos) << *summary.error;
        EXPECT_NE(file_of(summary, "dump"), nullptr);
        EXPECT_EQ(file_of(summary, "mp4"), nullptr);
        EXPECT_EQ(session_json(summary.directory)["state"].text_or_empty(), "failed");
    }
    fs::remove_all(obstacle);
    Recorder next(options_in(folder.path()), Log(), events.sink());
    const Summary summary = events.wait<Finished>(2).summary;
    EXPECT_EQ(summary.state, RecordingState::done);
    EXPECT_EQ(summary.end_reason, EndReason::stopped);
    EXPECT_EQ(summary.pictures, kTinyPictures);
    EXPECT_FALSE(summary.error);
}

Summary record_tiny(const std::string& path, Keep keep, worker::RunJob run_job) {
    Events events;
    Options options = options_in(path);
    options.keep = keep;
    options.run_job = std::move(run_job);
    Recorder recorder(options, Log(), events.sink());
    const SessionPtr session = recorder.open(start_of("cam1"));
    push_tiny(*session);
    session->end(EndReason::stopped);
    return events.wait<Finished>().summary;
}

/// A helper that reads every file well, and can decode none.
worker::JobResult undecodable(const worker::Job& job) {
    worker::JobResult result = run_here(job);
    auto answer = *media::from_bytes<media::MovieAnswer>(*result.answer);
    answer.has_decoded = answer.has_jpeg = 0;
    result.answer = media::to_bytes(answer) + "garbage";
    return result;
}

TEST(Recorder, a_dump_without_a_verified_mp4_is_never_deleted) {
    const TemporaryFolder folder;
    const Summary summary =
        record_tiny(folder.path(), {.dump = false, .thumbnail = false}, undecodable);
    EXPECT_EQ(summary.state, RecordingState::failed) << "nobody can see a picture of it";
    EXPECT_TRUE(summary.error);
    EXPECT_EQ(file_of(summary, "mp4"), nullptr);
    EXPECT_NE(file_of(summary, "dump"), nullptr);
    EXPECT_TRUE(fs::exists(summary.directory + "/stream.fdump"));
}

TEST(Recorder, a_check_that_cannot_run_is_no_verdict_and_the_next_start_makes_the_mp4) {
    const TemporaryFolder folder;
    const Summary first =
        record_tiny(folder.path(), {.dump = false, .thumbnail = false}, [](const worker::Job&) {
            return worker::JobResult{worker::JobError{worker::Fault::unavailable, "none"}, {}};
        });
    EXPECT_EQ(first.state, RecordingState::failed);
    ASSERT_TRUE(first.error);
    EXPECT_NE(first.error->find("cannot be checked"), std::string::npos) << *first.error;
    EXPECT_TRUE(fs::exists(first.directory + "/stream.fdump"));
    Events events;
    Recorder next(options_in(folder.path()), Log(), events.sink());
    const Summary second = events.wait<Finished>().summary;
    EXPECT_EQ(second.state, RecordingState::done);
    EXPECT_EQ(second.pictures, kTinyPictures);
    EXPECT_NE(file_of(second, "mp4"), nullptr);
}

TEST(Recorder, a_table_that_cannot_be_written_does_not_cost_the_mp4) {
    const TemporaryFolder folder;
    Events events;
    Recorder recorder(options_in(folder.path()), Log(), events.sink());
    const SessionPtr session = recorder.open(start_of("cam1"));
    const std::string id = events.wait<Opened>().id;
    fs::create_directories(folder.path() + "/" + id + "/pictures.csv/in the way");
    push_tiny(*session);
    session->end(EndReason::stopped);
    const Summary summary = events.wait<Finished>().summary;
    EXPECT_EQ(summary.state, RecordingState::done);
    ASSERT_TRUE(summary.error);
    EXPECT_EQ(summary.error->rfind("no table of pictures: ", 0), 0U) << *summary.error;
    EXPECT_NE(file_of(summary, "mp4"), nullptr);
    EXPECT_NE(file_of(summary, "thumbnail"), nullptr);
}

TEST(Recorder, a_thumbnail_that_fails_does_not_cost_the_mp4) {
    const TemporaryFolder folder;
    const Summary summary = record_tiny(folder.path(), {}, [](const worker::Job& job) {
        if (job.fds.size() < 2) return run_here(job);
        media::MovieAnswer answer{*media::from_bytes<media::MovieAnswer>(
            *run_here({job.name, job.request, job.fds.first(1)}).answer)};
        answer.has_jpeg = 0;
        return worker::JobResult{media::to_bytes(answer) + "no space left for it", {}};
    });
    EXPECT_EQ(summary.state, RecordingState::done);
    ASSERT_TRUE(summary.error);
    EXPECT_EQ(summary.error->rfind("no thumbnail: ", 0), 0U) << *summary.error;
    ASSERT_NE(file_of(summary, "mp4"), nullptr);
    EXPECT_EQ(file_of(summary, "mp4")->pictures, kTinyPictures);
    EXPECT_EQ(file_of(summary, "thumbnail"), nullptr);
}

/// A child that records three cameras, says so on a pipe, and is killed.
void record_and_be_killed(const std::string& path) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        Recorder recorder(options_in(path), Log(), [](const Event&) {});
        std::vector<SessionPtr> sessions;
        for (const char* camera : {"a", "b", "c"}) {
            sessions.push_back(recorder.open(start_of(camera)));
            push_tiny(*sessions.back());
        }
        while (recorder.status().written_messages < 3 * (kTinyPictures + 1)) ::usleep(1000);
        if (::write(ready[1], "x", 1) != 1) ::_exit(1);
        for (;;) ::pause();
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ::close(ready[0]);
    ::close(ready[1]);
}

TEST(Recovery, after_kill_9_every_written_record_is_there_and_the_next_start_makes_the_mp4s) {
    const TemporaryFolder folder;
    ASSERT_NO_FATAL_FAILURE(record_and_be_killed(folder.path()));
    // One folder lost its session.json, one has leftovers of a conversion, one a torn last record.
    std::vector<std::string> ids;
    for (const auto& entry : fs::directory_iterator(folder.path()))
        ids.push_back(entry.path().filename());
    std::sort(ids.begin(), ids.end());
    ASSERT_EQ(ids.size(), 3U);
    fs::remove(folder.path() + "/" + ids[0] + "/session.json");
    std::ofstream(folder.path() + "/" + ids[1] + "/stream.mp4.part") << "half";
    const std::string torn = folder.path() + "/" + ids[2] + "/stream.fdump";
    fs::resize_file(torn, fs::file_size(torn) - 10);
    fs::create_directories(folder.path() + "/not_a_recording");

    Events events;
    Recorder recorder(options_in(folder.path()), Log(), events.sink());
    for (std::size_t n = 1; n <= 3; ++n) {
        const Summary summary = events.wait<Finished>(n).summary;
        EXPECT_EQ(summary.state, RecordingState::done) << summary.error.value_or("");
        EXPECT_EQ(summary.end_reason, EndReason::crash);
        EXPECT_EQ(summary.camera, summary.id.substr(0, 1));
        EXPECT_EQ(summary.pictures, summary.id == ids[2] ? kTinyPictures - 1 : kTinyPictures);
        EXPECT_EQ(summary.damage_count, summary.id == ids[2] ? 1U : 0U);
        EXPECT_TRUE(fs::exists(summary.directory + "/stream.mp4"));
        EXPECT_FALSE(fs::exists(summary.directory + "/stream.mp4.part"));
        const auto json = session_json(summary.directory);
        EXPECT_EQ(json["path"].text_or_empty(), "/ingest/" + summary.camera);
        EXPECT_EQ(json["damage"].array()->size(), summary.id == ids[2] ? 1U : 0U);
    }
    EXPECT_EQ(recorder.finish_all(monotonic_ns() + 60'000'000'000), 0U);
    EXPECT_EQ(events.count<Finished>(), 3U) << "what is no recording is left alone";
}

TEST(Recovery, what_is_finished_is_left_alone) {
    const TemporaryFolder folder;
    Events events;
    {
        Recorder recorder(options_in(folder.path()), Log(), events.sink());
        const SessionPtr session = recorder.open(start_of("cam1"));
        push_tiny(*session);
        session->end(EndReason::stopped);
        events.wait<Finished>();
    }
    Recorder next(options_in(folder.path()), Log(), events.sink());
    EXPECT_EQ(next.finish_all(monotonic_ns() + 60'000'000'000), 0U);
    EXPECT_EQ(events.count<Finished>(), 1U);
}

constexpr int kCannotMount = 77;

/// A file system of that size at `path`, seen by this process alone. False: not allowed here.
bool mount_small_disk(const std::string& path, const std::string& size) {
    if (::unshare(CLONE_NEWNS | (::geteuid() == 0 ? 0 : CLONE_NEWUSER)) != 0) return false;
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
    return ::mount("tmpfs", path.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
}

/// Runs in a child, for its own small disk: the first session fills it.
int record_into_a_full_disk(const std::string& path) {
    if (!mount_small_disk(path, "400k")) return kCannotMount;
    Events events;
    Recorder recorder(options_in(path), Log(), events.sink());
    const SessionPtr large = recorder.open(start_of("large"));
    push_tiny(*large);
    const std::vector<std::uint8_t> picture(30'000, 0x41);
    for (std::uint32_t seq = 61; seq < 81; ++seq)
        large->push(message_of(seq, seq, picture), monotonic_ns());
    const Failed failed = events.wait<Failed>();
    if (failed.camera != "large" || failed.error.find("No space left") == std::string::npos)
        return 1;
    large->end(EndReason::disk);
    const Summary first = events.wait<Finished>(1).summary;
    if (first.state != RecordingState::failed || first.end_reason != EndReason::disk) return 2;
    if (first.pictures < kTinyPictures) return 3;
    if (!first.error || first.error->find("No space left") == std::string::npos) return 4;
    fs::remove_all(first.directory);
    events.wait<RoomAgain>();
    const SessionPtr small = recorder.open(start_of("small"));
    push_tiny(*small);
    small->end(EndReason::stopped);
    const Summary second = events.wait<Finished>(2).summary;
    if (second.state != RecordingState::done || second.pictures != kTinyPictures) return 5;
    return events.count<RoomAgain>() == 1 ? 0 : 6;
}

TEST(Recorder, a_full_disk_fails_its_session_keeps_what_was_written_and_says_when_there_is_room) {
    const TemporaryFolder folder;
    const pid_t child = ::fork();
    if (child == 0) ::_exit(record_into_a_full_disk(folder.path()));
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == kCannotMount) GTEST_SKIP() << "NOT TESTED: no small disk here";
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace st::record
