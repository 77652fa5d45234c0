/// A file that is full ends that file and not the recording.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "dump/reader.h"
#include "media/nal_peek.h"
#include "record/folder.h"
#include "record/world.h"
#include "support/largest_file.h"

namespace st::record {
namespace {

using test::LargestFile;
using world::Events;
using world::kTinyPictures;
using world::message_of;
using world::options_in;
using world::start_of;
using world::TemporaryFolder;

/// The tiny stream's payloads, each grown by filler data that a decoder skips.
std::vector<std::vector<std::uint8_t>> padded_payloads(std::size_t bytes) {
    auto payloads = world::tiny_payloads();
    for (std::size_t i = 1; i < payloads.size(); ++i) {
        payloads[i].insert(payloads[i].end(), {0, 0, 0, 1, 0x0C});
        payloads[i].insert(payloads[i].end(), bytes, 0xFF);
        payloads[i].push_back(0x80);
    }
    return payloads;
}

void push_all(Session& session, const std::vector<std::vector<std::uint8_t>>& payloads) {
    for (std::uint32_t seq = 0; seq < payloads.size(); ++seq) {
        session.push(message_of(5'000'000 + seq * 40ULL, seq, payloads[seq]), monotonic_ns());
    }
}

/// The seq of each message with a picture in a dump.
std::vector<std::uint32_t> pictures_in(const std::string& path) {
    const std::string text = world::read_text(path);
    dump::Reader reader;
    std::vector<std::uint32_t> found;
    std::size_t at = 0;
    for (;;) {
        const auto record = reader.next();
        if (record) {
            if (record->type != dump::RecordType::frame) continue;
            const auto frame = camera::decode_frame(record->body);
            if (frame && media::peek_nals(frame->payload).vcl) found.push_back(frame->seq);
            continue;
        }
        if (reader.at_end()) return found;
        const auto space = reader.space();
        const std::size_t size = std::min(space.size(), text.size() - at);
        std::copy_n(text.begin() + static_cast<std::ptrdiff_t>(at), size, space.begin());
        reader.commit(size);
        at += size;
        if (size == 0) reader.finish();
    }
}

/// Of all sessions that were opened, in that order.
std::vector<Summary> parts_of(Events& events) {
    std::map<std::uint64_t, Summary> by_serial;
    const std::size_t count = events.count<Opened>();
    for (std::size_t n = 1; n <= count; ++n) {
        const Finished finished = events.wait<Finished>(n);
        by_serial[finished.serial] = finished.summary;
    }
    std::vector<Summary> parts;
    for (auto& [serial, summary] : by_serial) parts.push_back(std::move(summary));
    return parts;
}

/// Every picture once, in order, in a file that a player can read.
void expect_all_pictures(const std::vector<Summary>& parts, std::size_t pictures) {
    std::vector<std::uint32_t> found;
    std::uint64_t decodable = 0;
    for (const Summary& part : parts) {
        EXPECT_EQ(part.state, RecordingState::done) << part.error.value_or("");
        EXPECT_EQ(part.damage_count, 0U);
        const auto in_part = pictures_in(part.directory + "/stream.fdump");
        EXPECT_EQ(in_part.size(), part.pictures) << "one that no decoder can use";
        found.insert(found.end(), in_part.begin(), in_part.end());
        decodable += part.pictures;
    }
    EXPECT_EQ(decodable, pictures);
    ASSERT_EQ(found.size(), pictures);
    for (std::uint32_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], i + 1);
}

TEST(FullFile, a_recording_goes_on_in_the_next_part_where_the_file_system_takes_no_more) {
    const TemporaryFolder folder;
    // Key frames are the pictures 1, 26 and 51: a limit in each of the groups, and one at each end.
    for (const rlim_t most : {32'000, 33'000, 40'000, 51'000}) {
        SCOPED_TRACE(most);
        Events told;
        std::vector<Summary> parts;
        {
            const LargestFile limit(most);
            Recorder recorder(options_in(folder.path()), Log(), told.sink());
            const SessionPtr session = recorder.open(start_of("door"));
            push_all(*session, padded_payloads(1000));
            session->end(EndReason::stopped);
            told.wait<Opened>(2);
            EXPECT_EQ(recorder.finish_all(monotonic_ns() + 60'000'000'000), 0U);
            EXPECT_NE(session->latest(), session);
            parts = parts_of(told);
        }
        ASSERT_GE(parts.size(), 2U);
        EXPECT_EQ(told.count<Failed>(), 0U);
        expect_all_pictures(parts, kTinyPictures);
        EXPECT_EQ(parts.front().end_reason, EndReason::max_bytes);
        EXPECT_EQ(parts.back().end_reason, EndReason::stopped);
    }
}

TEST(FullFile, a_limit_of_the_recording_switches_before_a_file_is_larger) {
    for (const std::uint64_t most : {40'000, 52'000, 65'000}) {
        SCOPED_TRACE(most);
        const TemporaryFolder folder;
        Events events;
        Options options = options_in(folder.path());
        options.max_bytes_per_file = most;
        Recorder recorder(options, Log(), events.sink());
        const SessionPtr session = recorder.open(start_of("door"));
        push_all(*session, padded_payloads(1000));
        session->end(EndReason::stopped);
        events.wait<Opened>(2);
        EXPECT_EQ(recorder.finish_all(monotonic_ns() + 60'000'000'000), 0U);
        const auto parts = parts_of(events);
        expect_all_pictures(parts, kTinyPictures);
        for (const Summary& part : parts) {
            for (const RecordedFile& file : part.files) EXPECT_LE(file.bytes, most) << file.path;
        }
    }
}

TEST(FullFile, the_parts_are_numbered_and_the_last_has_the_reason_of_the_end) {
    const TemporaryFolder folder;
    Events events;
    Options options = options_in(folder.path());
    options.max_bytes_per_file = 40'000;
    Recorder recorder(options, Log(), events.sink());
    SessionStart start = start_of("door");
    start.part = 3;
    start.take = "walk";
    const SessionPtr session = recorder.open(start);
    push_all(*session, padded_payloads(1000));
    events.wait<Opened>(2);
    session->end({EndReason::camera_stopped, CloseCode{1000, "bye"}});
    const SessionPtr second = recorder.session(events.wait<Opened>(2).serial);
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(second->start().part, 4U);
    EXPECT_EQ(second->start().take, "walk");
    EXPECT_EQ(recorder.finish_all(monotonic_ns() + 60'000'000'000), 0U);
    const auto parts = parts_of(events);
    EXPECT_EQ(parts.back().end_reason, EndReason::camera_stopped);
    for (const Summary& part : parts) EXPECT_EQ(part.take, "walk");
}

TEST(FullFile, what_is_pushed_to_the_first_part_comes_into_the_last) {
    const TemporaryFolder folder;
    Events events;
    Options options = options_in(folder.path());
    options.max_bytes_per_file = 40'000;
    Recorder recorder(options, Log(), events.sink());
    const SessionPtr session = recorder.open(start_of("door"));
    const auto payloads = padded_payloads(1000);
    push_all(*session, payloads);
    events.wait<Opened>(2);
    // Nobody has told the camera's side yet.
    for (std::uint32_t seq = 61; seq < 70; ++seq) {
        session->push(message_of(5'000'000 + seq * 40ULL, seq, payloads[2]), monotonic_ns());
    }
    session->end(EndReason::stopped);
    EXPECT_TRUE(session->latest()->ended());
    EXPECT_EQ(recorder.finish_all(monotonic_ns() + 60'000'000'000), 0U);
    const auto parts = parts_of(events);
    std::size_t pictures = 0;
    for (const Summary& part : parts)
        pictures += pictures_in(part.directory + "/stream.fdump").size();
    EXPECT_EQ(pictures, 69U);
}

TEST(FullFile, a_group_that_fills_a_file_alone_goes_on_without_a_key_frame) {
    const TemporaryFolder folder;
    Events events;
    std::vector<Summary> parts;
    {
        const LargestFile limit(15'000);  // a group has 26 KB
        Recorder recorder(options_in(folder.path()), Log(), events.sink());
        const SessionPtr session = recorder.open(start_of("door"));
        push_all(*session, padded_payloads(1000));
        session->end(EndReason::stopped);
        events.wait<Opened>(2);
        EXPECT_EQ(recorder.finish_all(monotonic_ns() + 60'000'000'000), 0U);
        parts = parts_of(events);
    }
    std::vector<std::uint32_t> found;
    for (const Summary& part : parts) {
        for (const std::uint32_t seq : pictures_in(part.directory + "/stream.fdump"))
            found.push_back(seq);
    }
    ASSERT_EQ(found.size(), kTinyPictures) << "nothing that came is lost";
    for (std::uint32_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], i + 1);
}

TEST(FullFile, a_message_that_no_file_can_hold_fails_the_recording) {
    const TemporaryFolder folder;
    Events events;
    const LargestFile limit(15'000);
    Recorder recorder(options_in(folder.path()), Log(), events.sink());
    const SessionPtr session = recorder.open(start_of("door"));
    push_all(*session, padded_payloads(20'000));
    const Failed failed = events.wait<Failed>();
    EXPECT_NE(failed.error.find("File too large"), std::string::npos) << failed.error;
    session->end(EndReason::disk);
    EXPECT_EQ(recorder.finish_all(monotonic_ns() + 60'000'000'000), 0U);
}

TEST(FullFile, every_part_has_what_was_noted_of_its_camera) {
    const TemporaryFolder folder;
    Events events;
    Options options = options_in(folder.path());
    options.max_bytes_per_file = 40'000;
    Recorder recorder(options, Log(), events.sink());
    const SessionPtr session = recorder.open(start_of("door"));
    session->push_note(R"({"capabilities":{"clock":{"unit":"us"}}})", monotonic_ns());
    // More than are kept: the first and the latest of them.
    for (int i = 0; i < 70; ++i) {
        session->push_note(R"({"number":)" + std::to_string(i) + "}", monotonic_ns());
    }
    push_all(*session, padded_payloads(1000));
    session->push_note(R"({"number":"last"})", monotonic_ns());
    session->end(EndReason::stopped);
    events.wait<Opened>(2);
    EXPECT_EQ(recorder.finish_all(monotonic_ns() + 60'000'000'000), 0U);
    const auto parts = parts_of(events);
    ASSERT_GE(parts.size(), 2U);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::string dump = world::read_text(parts[i].directory + "/stream.fdump");
        const auto has = [&](const char* text) { return dump.find(text) != std::string::npos; };
        EXPECT_TRUE(has(R"("unit":"us")")) << i;
        EXPECT_TRUE(has(R"({"number":69})")) << i;
        EXPECT_EQ(has(R"({"number":2})"), i == 0) << i;
        EXPECT_EQ(has(R"({"number":"last"})"), i + 1 == parts.size()) << i;
        EXPECT_LT(dump.size(), 40'000U + 10'000U) << i;
    }
}

TEST(FullFile, every_part_says_what_was_known_of_its_camera) {
    const TemporaryFolder folder;
    Events events;
    Options options = options_in(folder.path());
    options.max_bytes_per_file = 40'000;
    Recorder recorder(options, Log(), events.sink());
    const SessionPtr session = recorder.open(start_of("door"));
    session->push_note(R"({"capabilities":{"deviceModel":"late"}})", monotonic_ns());
    session->note_ping(1500);
    session->note_ping(900);
    session->note_ping(1200);
    push_all(*session, padded_payloads(1000));
    events.wait<Opened>(2);
    // By the recorder itself, which knows nothing of the camera.
    session->end(EndReason::shutdown);
    EXPECT_EQ(recorder.finish_all(monotonic_ns() + 60'000'000'000), 0U);
    const auto parts = parts_of(events);
    ASSERT_GE(parts.size(), 2U);
    for (const Summary& part : parts) {
        const std::string json = world::read_text(part.directory + "/session.json");
        EXPECT_NE(json.find(R"("ping_us":900)"), std::string::npos) << json;
        EXPECT_NE(json.find(R"("capabilities":{"deviceModel":"late"})"), std::string::npos) << json;
    }
}

TEST(FullFile, what_was_not_understood_is_counted_in_the_part_that_has_it) {
    const TemporaryFolder folder;
    Events events;
    Options options = options_in(folder.path());
    options.max_bytes_per_file = 40'000;
    options.keep.dump = false;
    Recorder recorder(options, Log(), events.sink());
    const SessionPtr session = recorder.open(start_of("door"));
    session->push(message_of(5'000'000, 9, {1, 2, 3, 4}), monotonic_ns(), false);
    push_all(*session, padded_payloads(1000));
    session->end(EndReason::stopped);
    events.wait<Opened>(2);
    EXPECT_EQ(recorder.finish_all(monotonic_ns() + 60'000'000'000), 0U);
    const auto parts = parts_of(events);
    EXPECT_EQ(parts.front().undecodable, 1U);
    EXPECT_TRUE(std::filesystem::exists(parts.front().directory + "/stream.fdump"));
    EXPECT_EQ(parts.back().undecodable, 0U);
    EXPECT_FALSE(std::filesystem::exists(parts.back().directory + "/stream.fdump"));
}

}  // namespace
}  // namespace st::record
