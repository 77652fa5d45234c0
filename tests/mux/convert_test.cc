#include "mux/convert.h"

#include <gtest/gtest.h>

#include "mux/recording.h"

namespace st::mux {
namespace {

using Convert = Muxing;

TEST_F(Convert, reads_all_three_kinds_of_input) {
    const auto messages = make_messages(25);
    for (const auto& [name, bytes] :
         {std::pair{"fdump", recorded_dump(messages).bytes},
          std::pair{"dump", plain_dump(messages)}, std::pair{"h264", bare_stream(messages)}}) {
        const auto report = convert(job(bytes));
        ASSERT_TRUE(report) << name << ": " << report.error().message;
        EXPECT_EQ(report->input_format, name);
        EXPECT_EQ(report->pictures, 25U);
        EXPECT_EQ(report->key_frames, 3U);
        EXPECT_EQ(report->exit_code(), 0);
        EXPECT_EQ(report->width, 320U);
        EXPECT_EQ(report->height, 240U);
    }
    EXPECT_EQ(files(), (std::vector<std::string>{"input", "out.mp4"}));
}

/// Each message cut in two where no NAL unit begins, with one number for both or one each.
Octets in_pieces(const std::vector<Sent>& messages, bool share_number) {
    Octets dump;
    std::uint32_t seq = 0;
    for (const Sent& sent : messages) {
        const auto half = sent.payload.begin() + sent.payload.size() / 2;
        const Octets first(sent.payload.begin(), half);
        const Octets second(half, sent.payload.end());
        add(dump, camera::encode_header({sent.device_ms, seq, first}));
        add(dump, first);
        if (!share_number) ++seq;
        add(dump, camera::encode_header({sent.device_ms, seq++, second}));
        add(dump, second);
    }
    return dump;
}

TEST_F(Convert, pictures_may_come_in_pieces) {
    const auto messages = make_messages(30);
    for (const bool share_number : {true, false}) {
        const auto report = convert(job(in_pieces(messages, share_number)));
        ASSERT_TRUE(report) << report.error().message;
        EXPECT_EQ(report->input_format, "dump");
        EXPECT_EQ(report->pictures, 30U);
        EXPECT_EQ(report->exit_code(), 0);
    }
}

TEST_F(Convert, reports_messages_rates_and_wall_clock) {
    auto messages = make_messages(26);
    const auto report = convert(job(recorded_dump(messages).bytes));
    ASSERT_TRUE(report);
    EXPECT_EQ(report->messages, 27U);
    EXPECT_EQ(report->timing, "device");
    EXPECT_EQ(report->duration_ms, 26U * 40);
    EXPECT_NEAR(*report->fps_device, 25.0, 0.001);
    EXPECT_NEAR(*report->fps_arrival, 25.0, 0.001);
    EXPECT_NEAR(report->fps_estimate.fps, 27 / (26 * 0.040), 0.001);
    EXPECT_EQ(report->fps_estimate.source, "arrival");
    EXPECT_EQ(*report->first_picture_wall_us, 1'700'000'000'040'000) << "the second message";
}

TEST_F(Convert, reports_how_the_clocks_run_against_each_other) {
    auto messages = make_messages(200);
    for (std::size_t i = 1; i < messages.size(); ++i) messages[i].device_ms = 5'000'000 + 40 * i;
    const auto report = inspect(job(recorded_dump(messages).bytes));
    ASSERT_TRUE(report);
    EXPECT_EQ(report->clock.method, clock::Method::arrival);
    EXPECT_EQ(report->clock.drift_ppm, 0);
    EXPECT_EQ(report->clock.offset_us, 1'700'000'000'000'000 - 5'000'000'000);
    EXPECT_EQ(report->clock_origin_us, 5'000'040'000);
    EXPECT_GE(report->clock.bound_us, 40'000) << "what is assumed of network and camera";
    messages[50].device_ms = 0;
    EXPECT_EQ(inspect(job(recorded_dump(messages).bytes))->clock.method, clock::Method::none)
        << "repaired";
}

TEST_F(Convert, names_the_unit_that_stamps_are_found_to_count_and_no_line_for_one_without_a_name) {
    auto messages = make_messages(200);
    for (std::size_t i = 1; i < messages.size(); ++i)
        messages[i].device_ms = 5'000'000 + 40'000 * i;
    const auto report = inspect(job(recorded_dump(messages).bytes));
    ASSERT_TRUE(report);
    EXPECT_EQ(report->timing, "device");
    EXPECT_EQ(report->clock_unit, "us") << "it declared none";
    EXPECT_EQ(report->clock.method, clock::Method::arrival);
    EXPECT_EQ(report->clock_origin_us, 5'040'000);
    EXPECT_EQ(report->clock.offset_us, 1'700'000'000'000'000 - 5'000'000);
    for (const std::uint64_t per_picture : {3'600, 40'000'000}) {  // of 90 kHz, in nanoseconds
        for (std::size_t i = 1; i < messages.size(); ++i)
            messages[i].device_ms = 5'000'000 + per_picture * i;
        const auto other = inspect(job(recorded_dump(messages).bytes));
        ASSERT_TRUE(other);
        EXPECT_EQ(other->timing, "device");
        EXPECT_EQ(other->clock.method, clock::Method::none);
        EXPECT_FALSE(other->clock_origin_us);
    }
}

TEST_F(Convert, keeps_the_bytes_of_every_slice) {
    const auto messages = make_messages(12);
    ASSERT_TRUE(convert(job(recorded_dump(messages).bytes)));
    const Octets mp4 = read_file(path("out.mp4"));
    std::size_t at = 48;  // ftyp, free, head of mdat
    for (const Sent& sent : messages) {
        Octets stored = sent.payload;
        for (std::size_t i = 0, next = 0; i + 4 <= stored.size(); i = next) {
            next = i + 4;
            while (next < stored.size() &&
                   !(next + 4 <= stored.size() && load_be32(&stored[next]) == 1))
                ++next;
            store_be32(&stored[i], static_cast<std::uint32_t>(next - i - 4));
        }
        ASSERT_TRUE(std::equal(stored.begin(), stored.end(),
                               mp4.begin() + static_cast<std::ptrdiff_t>(at)));
        at += stored.size();
    }
}

TEST_F(Convert, refuses_what_is_no_stream_and_leaves_nothing) {
    const std::vector<Octets> inputs = {
        {}, {1, 2, 3}, Octets(5000, 0x55), Octets(64, 0), {0xFF, 0xD8, 0xFF, 0xE0, 0, 16}};
    for (const Octets& input : inputs) {
        const auto report = convert(job(input));
        ASSERT_FALSE(report) << input.size();
        EXPECT_EQ(report.error().code, 65) << report.error().message;
    }
    EXPECT_EQ(files(), std::vector<std::string>{"input"});
}

TEST_F(Convert, says_when_there_is_no_key_frame_or_no_parameter_set) {
    auto messages = make_messages(9);
    messages.erase(messages.begin() + 1);
    auto report = convert(job(plain_dump(messages)));
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, 65);
    EXPECT_EQ(report.error().message,
              path("input") +
                  ": no decodable picture: 8 pictures, but no key frame with its parameter sets");
    messages = make_messages(9);
    messages.erase(messages.begin());
    report = convert(job(plain_dump(messages)));
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, 65);
    EXPECT_EQ(inspect(job(plain_dump(messages)))->pictures, 0U);
    EXPECT_EQ(files(), std::vector<std::string>{"input"});
}

TEST_F(Convert, exit_codes_name_the_file_at_fault) {
    Job missing = job(plain_dump(make_messages(3)));
    missing.input = path("nothing here");
    EXPECT_EQ(convert(missing).error().code, 66);
    Job nowhere = job(plain_dump(make_messages(3)));
    nowhere.output = path("no/such/folder.mp4");
    EXPECT_EQ(convert(nowhere).error().code, 73);
    Job there = job(plain_dump(make_messages(3)));
    write("out.mp4", Octets{1});
    there.overwrite = false;
    const auto report = convert(there);
    EXPECT_EQ(report.error().code, 73);
    EXPECT_EQ(report.error().message, path("out.mp4") + " exists; -y overwrites it");
    EXPECT_EQ(read_file(path("out.mp4")), Octets{1});
}

TEST_F(Convert, a_stopped_job_leaves_nothing) {
    std::stop_source source;
    source.request_stop();
    Job stopped = job(plain_dump(make_messages(50)));
    stopped.cancel = source.get_token();
    const auto report = convert(stopped);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, 130);
    EXPECT_EQ(files(), std::vector<std::string>{"input"});
}

TEST_F(Convert, a_change_of_size_begins_a_second_file_at_its_key_frame) {
    auto messages = make_messages(20);
    for (auto& sent : make_messages(20, {.poc_type = 2, .columns = 40})) {
        sent.device_ms += sent.device_ms == 0 ? 0 : 2000;
        messages.push_back(sent);
    }
    auto report = convert(job(plain_dump(messages)));
    ASSERT_TRUE(report) << report.error().message;
    ASSERT_EQ(report->files.size(), 2U);
    EXPECT_EQ(report->files[1].name, "out-002.mp4");
    EXPECT_EQ(report->files[0].width, 320U);
    EXPECT_EQ(report->files[1].width, 640U);
    EXPECT_EQ(report->files[1].pictures, 20U);
    Job whole = job(plain_dump(messages));
    whole.split = false;
    report = convert(whole);
    ASSERT_TRUE(report) << report.error().message;
    ASSERT_EQ(report->files.size(), 1U);
    EXPECT_EQ(report->files[0].pictures, 40U);
}

TEST_F(Convert, a_second_file_that_exists_stops_the_job_and_the_first_is_not_made) {
    auto messages = make_messages(20);
    for (auto& sent : make_messages(20, {.poc_type = 2, .columns = 40})) messages.push_back(sent);
    write("out-002.mp4", Octets{1});
    Job twice = job(plain_dump(messages));
    twice.overwrite = false;
    EXPECT_EQ(convert(twice).error().code, 73);
    EXPECT_EQ(files(), (std::vector<std::string>{"input", "out-002.mp4"}));
}

TEST_F(Convert, other_formats_copy_the_messages) {
    const auto messages = make_messages(12);
    Job copy = job(recorded_dump(messages).bytes);
    copy.format = OutputFormat::dump;
    ASSERT_TRUE(convert(copy));
    EXPECT_EQ(read_file(path("out.mp4")), plain_dump(messages));
    copy.format = OutputFormat::h264;
    ASSERT_TRUE(convert(copy));
    EXPECT_EQ(read_file(path("out.mp4")), bare_stream(messages));
}

TEST_F(Convert, a_bare_stream_may_begin_with_any_number_of_zeros) {
    for (const std::size_t zeros : {1, 100, 5000, 3'000'000}) {
        SCOPED_TRACE(zeros);
        Octets stream(zeros, 0);
        const Octets bare = bare_stream(make_messages(25));
        stream.insert(stream.end(), bare.begin(), bare.end());
        Job one = job(stream);
        one.input_format = InputFormat::automatic;
        const auto report = convert(one);
        ASSERT_TRUE(report) << report.error().message;
        EXPECT_EQ(report->pictures, 25U);
        EXPECT_EQ(report->damage_count, 0U);
    }
}

TEST_F(Convert, a_bare_stream_that_begins_within_a_unit_is_read_from_the_next_on) {
    const Octets bare = bare_stream(make_messages(30));
    // Within the first parameter set: the first pictures cannot be decoded. The stream comes twice.
    Octets stream(bare.begin() + 6, bare.end());
    stream.insert(stream.end(), bare.begin(), bare.end());
    Job one = job(stream);
    one.input_format = InputFormat::automatic;
    const auto report = convert(one);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->pictures, 30U);
    ASSERT_EQ(report->damage_count, 1U);
    EXPECT_EQ(report->damage[0].offset, 0U);
    EXPECT_EQ(report->damage[0].what, "the file begins within a NAL unit");
}

TEST_F(Convert, bytes_in_which_start_codes_stand_by_chance_are_no_stream) {
    Octets noise{0x12, 0x34};
    for (const std::uint8_t unit : Octets{0x65, 0x80, 0x41, 0x1F}) {
        noise.insert(noise.end(), {0, 0, 1, unit, 0x55, 0x66});
    }
    Job one = job(noise);
    one.input_format = InputFormat::automatic;
    ASSERT_FALSE(convert(one));
    EXPECT_EQ(convert(one).error().code, 65);
}

TEST_F(Convert, a_bare_stream_of_large_units_is_read_in_any_window) {
    auto messages = make_messages(4);
    messages[2].payload.resize(3'000'000, 0x5A);  // larger than the window
    messages[4].payload.resize(1'500'000, 0x5B);
    const auto report = convert(job(bare_stream(messages)));
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->pictures, 4U);
    EXPECT_GT(report->bytes, 4'500'000U);
}

TEST(PartName, numbers_stand_before_the_extension) {
    EXPECT_EQ(part_name("a/stream.mp4", 1), "a/stream.mp4");
    EXPECT_EQ(part_name("a/stream.mp4", 2), "a/stream-002.mp4");
    EXPECT_EQ(part_name("a.b/stream", 12), "a.b/stream-012");
    EXPECT_EQ(part_name(".hidden", 3), ".hidden-003");
    EXPECT_EQ(part_name("x.mp4", 1000), "x-1000.mp4");
}

}  // namespace
}  // namespace st::mux
