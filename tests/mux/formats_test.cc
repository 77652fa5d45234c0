#include <gtest/gtest.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/fd.h"
#include "mux/convert.h"
#include "mux/recording.h"
#include "mux/report_json.h"

namespace st::mux {
namespace {

using Formats = Muxing;

std::size_t find(const Octets& bytes, std::string_view what, std::size_t from = 0) {
    const auto at = std::search(bytes.begin() + static_cast<std::ptrdiff_t>(from), bytes.end(),
                                what.begin(), what.end());
    return static_cast<std::size_t>(at - bytes.begin());
}

std::vector<double> every_40_ms(std::size_t count) {
    std::vector<double> times;
    for (std::size_t i = 0; i < count; ++i) times.push_back(static_cast<double>(40 * i));
    return times;
}

/// The second half of `messages` with a clock of its own.
std::vector<Sent> with_clock(std::vector<Sent> messages, std::uint64_t from_ms) {
    for (std::size_t i = 0; i < messages.size(); ++i) messages[i].device_ms = from_ms + 40 * i;
    return messages;
}

TEST_F(Formats, pictures_and_times_are_the_same_in_all_that_carry_times) {
    const Octets dump = recorded_dump(with_clock(make_messages(25), 7'000'000)).bytes;
    for (const auto& [name, format] :
         {std::pair{"mp4", OutputFormat::mp4}, std::pair{"fmp4", OutputFormat::fmp4},
          std::pair{"flv", OutputFormat::flv}}) {
        SCOPED_TRACE(name);
        Job one = job(dump);
        one.format = format;
        const auto report = convert(one);
        ASSERT_TRUE(report) << report.error().message;
        EXPECT_EQ(report->pictures, 25U);
        ASSERT_EQ(report->files.size(), 1U);
        EXPECT_EQ(report->files[0].kind, name);
        EXPECT_EQ(report->files[0].pictures, 25U);
        EXPECT_EQ(report->files[0].bytes, read_file(one.output).size());
        EXPECT_EQ(display_times_of(one.output), every_40_ms(25));
        EXPECT_EQ(files(), (std::vector<std::string>{"input", "out.mp4"}));
    }
}

TEST_F(Formats, fragments_begin_at_key_frames) {
    Job one = job(recorded_dump(make_messages(25)).bytes);
    one.format = OutputFormat::fmp4;
    ASSERT_TRUE(convert(one));
    const Octets file = read_file(one.output);
    std::size_t fragments = 0;
    for (std::size_t at = find(file, "moof"); at < file.size(); at = find(file, "moof", at + 4))
        ++fragments;
    EXPECT_EQ(fragments, 3U);
    EXPECT_LT(find(file, "moov"), find(file, "moof"));
    const media::MovieFacts facts = read_pictures_of(one.output);
    EXPECT_EQ(facts.key_frames, 3U);
}

TEST_F(Formats, flv_changes_its_size_in_mid_stream) {
    auto messages = with_clock(make_messages(20), 1000);
    for (auto& sent : with_clock(make_messages(20, {.poc_type = 2, .columns = 40}), 1840))
        messages.push_back(sent);
    Job one = job(plain_dump(messages));
    one.format = OutputFormat::flv;
    auto report = convert(one);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->files.size(), 1U);
    EXPECT_EQ(read_pictures_of(one.output).pictures, 40U);
    one.format = OutputFormat::fmp4;
    report = convert(one);
    ASSERT_TRUE(report) << report.error().message;
    ASSERT_EQ(report->files.size(), 2U);
    EXPECT_EQ(report->files[1].width, 640U);
}

/// What an FLV file holds behind its header and its first tag.
Octets after_metadata(const Octets& flv) {
    constexpr std::size_t kTagAt = 9 + 4;
    const std::size_t body = load_be32(flv.data() + kTagAt) & 0xFFFFFF;
    return {flv.begin() + static_cast<std::ptrdiff_t>(kTagAt + 11 + body + 4), flv.end()};
}

TEST_F(Formats, a_pipe_gets_what_a_file_gets) {
    for (const OutputFormat format :
         {OutputFormat::fmp4, OutputFormat::flv, OutputFormat::h264, OutputFormat::dump}) {
        Job one = job(recorded_dump(make_messages(25)).bytes);
        one.format = format;
        ASSERT_TRUE(convert(one));
        const Octets file = read_file(one.output);
        const Fd pipe(::open(path("piped").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600));
        one.output_fd = pipe.get();
        one.output = "standard output";
        const auto report = convert(one);
        ASSERT_TRUE(report) << report.error().message;
        const Octets piped = read_file(path("piped"));
        EXPECT_EQ(report->files[0].bytes, piped.size());
        // How large it will be cannot be told to a reader who has the beginning already.
        if (format == OutputFormat::flv) {
            EXPECT_EQ(after_metadata(piped), after_metadata(file));
        } else {
            EXPECT_EQ(piped, file);
        }
    }
}

TEST_F(Formats, the_index_stands_in_front_when_asked_for) {
    for (const auto& [name, input] :
         {std::pair{"recorded", recorded_dump(make_messages(300)).bytes},
          std::pair{"plain", plain_dump(make_messages(300))},
          std::pair{"bare", bare_stream(make_messages(300))}}) {
        SCOPED_TRACE(name);
        Job one = job(input);
        one.fps = 25;
        ASSERT_TRUE(convert(one));
        const auto times = display_times_of(one.output);
        one.index_in_front = true;
        const auto report = convert(one);
        ASSERT_TRUE(report) << report.error().message;
        const Octets file = read_file(one.output);
        EXPECT_LT(find(file, "moov"), find(file, "mdat"));
        EXPECT_EQ(display_times_of(one.output), times);
        EXPECT_EQ(report->files[0].bytes, file.size());
    }
}

TEST_F(Formats, an_index_that_outgrows_its_room_moves_the_samples) {
    // One message with all pictures: the bound counts messages.
    auto messages = make_messages(2000);
    std::vector<Sent> one_message(1);
    for (const Sent& sent : messages) add(one_message[0].payload, sent.payload);
    Job one = job(recorded_dump(one_message).bytes);
    one.index_in_front = true;
    one.fps = 25;
    const auto report = convert(one);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->pictures, 2000U);
    const Octets file = read_file(one.output);
    EXPECT_LT(find(file, "moov"), find(file, "mdat"));
    EXPECT_EQ(display_times_of(one.output), every_40_ms(2000));
}

TEST_F(Formats, joined_inputs_are_one_recording) {
    const auto first = with_clock(make_messages(20), 1'000'000);
    const auto second = with_clock(make_messages(15), 5);  // the phone rebooted
    Job one = job(recorded_dump(first).bytes);
    const auto dump = recorded_dump(second, {.uuid = 9, .begun_ms = 3000}).bytes;
    one.joined = {{write("second", dump), -1}};
    const auto report = convert(one);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->pictures, 35U);
    EXPECT_EQ(report->messages, 37U);
    EXPECT_EQ(report->timing, "device");
    EXPECT_EQ(report->repairs, 0U) << "a seam is no fault";
    EXPECT_EQ(report->seq_restarts, 0U);
    EXPECT_EQ(report->exit_code(), 0);
    auto times = every_40_ms(20);
    // Messages arrive as they were numbered: picture 1 of the second 3040 ms after the origin.
    for (std::size_t i = 0; i < 15; ++i) times.push_back(static_cast<double>(3000 + 40 * i));
    EXPECT_EQ(display_times_of(one.output), times);
}

TEST_F(Formats, each_joined_input_begins_where_it_can_be_decoded) {
    const auto first = make_messages(20);
    auto second = make_messages(25);
    second.erase(second.begin() + 1, second.begin() + 4);  // its first key frame and two more
    Job one = job(plain_dump(first));
    one.joined = {{write("second", bare_stream(second)), -1},
                  {write("third", plain_dump(first)), -1}};
    const auto report = convert(one);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->input_format, "mixed");
    EXPECT_EQ(report->dropped.undecodable, 7U);
    EXPECT_EQ(report->pictures, 20U + 15 + 20);
    EXPECT_EQ(report->key_frames, 6U);
    EXPECT_EQ(report->timing, "device") << "those that have times keep them";
}

TEST_F(Formats, joined_inputs_with_times_keep_them_and_bare_ones_get_even_ones) {
    const auto messages = make_messages(20);
    const Octets dump = recorded_dump(messages).bytes;
    const Octets bare = bare_stream(messages);
    for (const bool is_bare_first : {false, true}) {
        SCOPED_TRACE(is_bare_first);
        Job one = job(is_bare_first ? bare : dump);
        one.joined = {{write("second", is_bare_first ? dump : bare), -1}};
        one.fps = 20;
        const auto report = convert(one);
        ASSERT_TRUE(report) << report.error().message;
        EXPECT_EQ(report->pictures, 40U);
        EXPECT_EQ(report->timing, "device");
        EXPECT_EQ(report->repairs, 0U);
        EXPECT_NE(to_text(*report).find("20.00 fps (given)"), std::string::npos);
        const auto shown = display_times_of(one.output);
        ASSERT_EQ(shown.size(), 40U);
        for (std::size_t i = 0; i < 40; ++i) {
            const std::size_t dumped = std::min<std::size_t>(i, 19);
            const auto expected =
                is_bare_first
                    ? 50.0 * static_cast<double>(std::min<std::size_t>(i, 20)) +
                          40.0 * static_cast<double>(i - std::min<std::size_t>(i, 20))
                    : 40.0 * static_cast<double>(dumped) + 50.0 * static_cast<double>(i - dumped);
            EXPECT_NEAR(shown[i], expected, 1.0) << i;
        }
    }
    Job guess = job(dump);
    guess.joined = {{write("second", bare), -1}, {write("third", dump), -1}};
    const auto report = convert(guess);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->pictures, 60U);
    EXPECT_NE(to_text(*report).find("10.00 fps (assumed"), std::string::npos) << to_text(*report);
}

TEST_F(Formats, messages_that_came_twice_are_no_pictures_of_their_own) {
    const auto messages = make_messages(60);
    Octets twice;
    std::uint32_t seq = 0;
    for (const Sent& sent : messages) {
        const auto head = camera::encode_header({sent.device_ms, seq, sent.payload});
        for (std::uint32_t k = 0; k < (seq % 7 == 3 ? 2U : 1U); ++k) {
            add(twice, head);
            add(twice, sent.payload);
        }
        ++seq;
    }
    const auto report = convert(job(twice));
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->pictures, 60U);
    EXPECT_EQ(report->dropped.repeated, 9U);
    EXPECT_EQ(report->messages, 70U);
    EXPECT_EQ(report->repairs, 0U);
    EXPECT_EQ(report->exit_code(), 0);
    EXPECT_NE(to_json(*report).find("\"repeated\":9"), std::string::npos);
}

TEST_F(Formats, arrivals_faster_than_the_pictures_were_taken_are_no_clock) {
    auto messages = make_messages(100);
    for (std::size_t i = 5; i < messages.size(); i += 10)
        messages[i].device_ms = messages[i - 1].device_ms;
    std::vector<std::uint64_t> arrivals;
    for (std::size_t i = 0; i < messages.size(); ++i) arrivals.push_back(i * 60'000);
    auto report = convert(job(recorded_dump(messages, {.arrivals_ns = arrivals}).bytes));
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->timing, "device") << report->timing_why;
    EXPECT_NEAR(static_cast<double>(report->duration_ms), 4000, 60);
    EXPECT_NE(report->timing_why.find("faster"), std::string::npos);
    report = convert(job(recorded_dump(messages).bytes));
    ASSERT_TRUE(report);
    EXPECT_EQ(report->timing, "arrival") << "these came as they were taken";
}

TEST_F(Formats, a_joined_input_that_is_missing_or_no_stream_fails_the_job) {
    Job one = job(plain_dump(make_messages(3)));
    one.joined = {{path("missing"), -1}};
    EXPECT_EQ(convert(one).error().code, 66);
    one.joined = {{write("text", Octets(3000, 'x')), -1}};
    EXPECT_EQ(convert(one).error().code, 65);
    EXPECT_EQ(files(), (std::vector<std::string>{"input", "text"}));
}

TEST_F(Formats, a_range_is_cut_in_every_format_that_carries_times) {
    for (const OutputFormat format : {OutputFormat::mp4, OutputFormat::fmp4, OutputFormat::flv}) {
        Job one = job(recorded_dump(make_messages(30)).bytes);
        one.format = format;
        one.from = std::chrono::milliseconds(500);
        one.to = std::chrono::milliseconds(800);
        const auto report = convert(one);
        ASSERT_TRUE(report) << report.error().message;
        EXPECT_EQ(report->pictures, 10U);
        EXPECT_EQ(display_times_of(one.output), every_40_ms(10));
    }
}

/// The messages of a plain dump that is whole.
struct Told {
    std::uint64_t device_ms;
    std::uint32_t seq;
    Octets payload;
};
std::vector<Told> messages_of(const Octets& dump) {
    std::vector<Told> out;
    for (std::size_t at = 0; at + camera::kHeaderBytes <= dump.size();) {
        const std::uint8_t* const head = dump.data() + at;
        const std::size_t bytes = load_be32(head + 12);
        const auto begin = dump.begin() + static_cast<std::ptrdiff_t>(at + camera::kHeaderBytes);
        at += camera::kHeaderBytes + bytes;
        if (at > dump.size()) return {};
        out.push_back({load_be64(head),
                       load_be32(head + 8),
                       {begin, begin + static_cast<std::ptrdiff_t>(bytes)}});
    }
    return out;
}

TEST_F(Formats, a_dump_of_a_bare_stream_has_a_message_for_each_picture) {
    const auto messages = make_messages(25);
    Job one = job(bare_stream(messages));
    one.format = OutputFormat::dump;
    one.output = path("out.dump");
    one.fps = 30;
    const auto report = convert(one);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->pictures, 25U);
    const auto told = messages_of(read_file(one.output));
    ASSERT_EQ(told.size(), 25U);
    Octets first = messages[0].payload;
    add(first, messages[1].payload);
    EXPECT_EQ(told[0].payload, first) << "parameter sets in front";
    for (std::size_t i = 0; i < 25; ++i) {
        EXPECT_EQ(told[i].seq, i);
        EXPECT_NEAR(static_cast<double>(told[i].device_ms), static_cast<double>(i) * 1000 / 30,
                    0.5);
        if (i == 0) continue;
        EXPECT_EQ(told[i].payload, messages[i + 1].payload);
    }
    const Octets dump = read_file(one.output);
    Job back = job(dump);
    const auto again = convert(back);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->input_format, "dump");
    EXPECT_EQ(again->timing, "device");
    EXPECT_EQ(again->repairs, 0U);
    EXPECT_EQ(again->seq_gap_count, 0U);
    const auto shown = display_times_of(back.output);
    ASSERT_EQ(shown.size(), 25U);
    for (std::size_t i = 0; i < 25; ++i)
        EXPECT_NEAR(shown[i], static_cast<double>(i) * 1000 / 30, 1.0);
}

TEST_F(Formats, a_dump_of_a_bare_stream_keeps_parameter_sets_of_pictures_it_leaves_out) {
    // The stream begins in mid-sequence, and its sets stand before what nobody can decode.
    const auto messages = make_messages(25);
    Octets bare = messages[0].payload;
    for (std::size_t i = 2; i < messages.size(); ++i) add(bare, messages[i].payload);
    Job one = job(bare);
    one.format = OutputFormat::dump;
    const auto report = convert(one);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->dropped.undecodable, 9U);
    const auto told = messages_of(read_file(one.output));
    ASSERT_EQ(told.size(), 15U);
    Octets first = messages[0].payload;
    add(first, messages[11].payload);
    EXPECT_EQ(told[0].payload, first);
}

TEST_F(Formats, a_copy_that_does_not_read_back_is_not_given_its_name) {
    auto messages = make_messages(90);
    for (std::size_t i = 1; i < messages.size(); ++i)
        messages[i].payload.resize(60'000, static_cast<std::uint8_t>(1 + i % 200));
    for (const auto& [input, format] :
         {std::pair{recorded_dump(messages).bytes, OutputFormat::h264},
          std::pair{recorded_dump(messages).bytes, OutputFormat::dump},
          std::pair{bare_stream(messages), OutputFormat::dump}}) {
        SCOPED_TRACE(static_cast<int>(format));
        Job one = job(input);
        one.format = format;
        ASSERT_TRUE(convert(one)) << "undisturbed";
        std::filesystem::remove(one.output);
        bool is_spoilt = false;
        one.progress = [&](const Progress& now) {
            if (now.done_bytes == 0 || is_spoilt) return;
            const Fd part(::open((one.output + ".part").c_str(), O_WRONLY));
            is_spoilt = part && ::pwrite(part.get(), "spoilt", 6, 100'000) == 6;
        };
        const auto report = convert(one);
        ASSERT_TRUE(is_spoilt);
        ASSERT_FALSE(report);
        EXPECT_EQ(report.error().code, 74);
        EXPECT_EQ(report.error().message,
                  one.output + ".part does not read back as it was written");
        EXPECT_EQ(files(), (std::vector<std::string>{"input"}));
    }
}

TEST_F(Formats, what_a_split_output_may_not_write_is_left_alone) {
    auto messages = with_clock(make_messages(20), 1000);
    for (auto& sent : with_clock(make_messages(20, {.poc_type = 2, .columns = 40}), 1840))
        messages.push_back(sent);
    for (const auto format : {OutputFormat::mp4, OutputFormat::fmp4}) {
        Job one = job(plain_dump(messages));
        one.format = format;
        write("out-002.mp4", Octets{1, 2, 3});
        std::vector<std::string> asked;
        one.may_write_part = [&](const std::string& name) {
            asked.push_back(name);
            return false;
        };
        const auto report = convert(one);
        ASSERT_FALSE(report);
        EXPECT_EQ(report.error().code, 73) << report.error().message;
        EXPECT_EQ(asked, std::vector<std::string>{path("out-002.mp4")});
        EXPECT_EQ(files(), (std::vector<std::string>{"input", "out-002.mp4"}));
        EXPECT_EQ(read_file(path("out-002.mp4")), (Octets{1, 2, 3}));
    }
}

TEST_F(Formats, the_rate_of_a_bare_stream_is_told_with_where_it_is_from) {
    Job one = job(bare_stream(make_messages(20)));
    auto report = convert(one);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_NE(to_text(*report).find("  10.00 fps estimated (default)\n"), std::string::npos);
    one.fps = 12.5;
    report = convert(one);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->fps_estimate.source, "given");
    EXPECT_NE(to_text(*report).find("  12.50 fps estimated (given)\n"), std::string::npos);
}

TEST_F(Formats, constant_timing_takes_the_given_rate_for_all_joined_inputs) {
    const auto messages = make_messages(20);
    Job one = job(plain_dump(messages));
    one.joined = {{write("second", bare_stream(messages)), -1}};
    one.timing = Timing::constant;
    one.fps = 20;
    const auto report = convert(one);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->timing, "constant");
    EXPECT_NEAR(report->fps.value_or(0), 20, 0.001);
    // Where nothing is without times, a rate beside a clock has no use, which is said.
    one.joined = {{write("second", plain_dump(messages)), -1}};
    one.timing = Timing::device;
    const auto timed = convert(one);
    ASSERT_TRUE(timed) << timed.error().message;
    EXPECT_EQ(timed->timing, "device");
    EXPECT_NE(std::ranges::find(timed->notes, "--fps was not used: all inputs have times"),
              timed->notes.end());
}

TEST_F(Formats, a_dump_of_joined_inputs_copies_the_messages_there_are) {
    const auto messages = make_messages(20);
    const Octets dump = plain_dump(messages);
    const Octets bare = bare_stream(messages);
    for (const bool is_bare_first : {false, true}) {
        SCOPED_TRACE(is_bare_first);
        Job one = job(is_bare_first ? bare : dump);
        one.joined = {{write("second", is_bare_first ? dump : bare), -1}};
        one.format = OutputFormat::dump;
        one.fps = 20;
        const auto report = convert(one);
        ASSERT_TRUE(report) << report.error().message;
        const Octets both = read_file(one.output);
        const auto told = messages_of(both);
        ASSERT_EQ(told.size(), 41U);
        const Octets copied =
            is_bare_first
                ? Octets(both.end() - static_cast<std::ptrdiff_t>(dump.size()), both.end())
                : Octets(both.begin(), both.begin() + static_cast<std::ptrdiff_t>(dump.size()));
        EXPECT_EQ(copied, dump);
        const std::size_t made = is_bare_first ? 0 : 21;
        const std::uint64_t begins = is_bare_first ? 5'000'000 - 1000 : 5'000'000 + 19 * 40 + 50;
        for (std::size_t i = 0; i < 20; ++i) {
            EXPECT_EQ(told[made + i].seq, i);
            EXPECT_EQ(told[made + i].device_ms, begins + 50 * i);
        }
    }
}

TEST_F(Formats, a_dump_of_a_bare_stream_without_pictures_is_not_made) {
    Octets nothing;
    add_nal(nothing, media::make_sps({.poc_type = 2}));
    add_nal(nothing, media::make_pps());
    Job one = job(nothing);
    one.format = OutputFormat::dump;
    one.input_format = InputFormat::h264;
    EXPECT_EQ(convert(one).error().code, 65);
    EXPECT_EQ(files(), (std::vector<std::string>{"input"}));
}

TEST(FormatOfPath, is_what_the_ending_says) {
    EXPECT_EQ(format_of_path("a/b.flv"), OutputFormat::flv);
    EXPECT_EQ(format_of_path("b.264"), OutputFormat::h264);
    EXPECT_EQ(format_of_path("b.h264"), OutputFormat::h264);
    EXPECT_EQ(format_of_path("x.dump"), OutputFormat::dump);
    for (const char* name : {"b.mp4", "b", "a.flv/b", "b.mov", ""})
        EXPECT_EQ(format_of_path(name), OutputFormat::mp4) << name;
}

}  // namespace
}  // namespace st::mux
