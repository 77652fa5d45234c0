#include <gtest/gtest.h>

#include <random>

#include "mux/recording.h"
#include "mux/report_json.h"

namespace st::mux {
namespace {

using Damage = Muxing;

constexpr std::size_t kPictures = 30;

TEST_F(Damage, a_tail_torn_at_any_byte_costs_the_torn_record_alone) {
    const Recorded whole = recorded_dump(make_messages(kPictures));
    const std::size_t last = whole.at[kPictures];  // of the last of 31 records
    for (std::size_t end = last; end <= whole.bytes.size(); ++end) {
        const auto report = inspect(job(Bytes(whole.bytes).first(end)));
        ASSERT_TRUE(report) << end;
        const bool is_torn = end != last && end != whole.bytes.size();
        EXPECT_EQ(report->pictures, end == whole.bytes.size() ? kPictures : kPictures - 1) << end;
        EXPECT_EQ(report->exit_code(), is_torn ? 3 : 0) << end;
        if (is_torn) {
            EXPECT_EQ(report->damage.at(0).offset, last) << end;
        }
    }
}

TEST_F(Damage, a_flipped_bit_anywhere_loses_at_most_its_record) {
    const Recorded whole = recorded_dump(make_messages(kPictures));
    for (std::size_t at = whole.at[5]; at < whole.at[6]; ++at) {
        Octets bytes = whole.bytes;
        bytes[at] ^= 0x10;
        const auto report = convert(job(bytes));
        ASSERT_TRUE(report) << at << ": " << report.error().message;
        EXPECT_EQ(report->pictures, kPictures - 1) << at;
        EXPECT_EQ(report->exit_code(), 3) << at;
        EXPECT_EQ(report->seq_missing, 1U) << at;
    }
}

TEST_F(Damage, a_missing_middle_and_zeros_are_passed_over) {
    const Recorded whole = recorded_dump(make_messages(kPictures));
    Octets missing = whole.bytes;
    missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(whole.at[12] + 20),
                  missing.begin() + static_cast<std::ptrdiff_t>(whole.at[16] + 5));
    auto report = convert(job(missing));
    ASSERT_TRUE(report);
    EXPECT_EQ(report->pictures, kPictures - 5);
    EXPECT_EQ(report->exit_code(), 3);
    Octets zeros = whole.bytes;
    zeros.resize(zeros.size() + 100'000, 0);
    report = convert(job(zeros));
    ASSERT_TRUE(report);
    EXPECT_EQ(report->pictures, kPictures);
}

TEST_F(Damage, a_message_whose_header_lies_is_a_loss) {
    Recorded whole = recorded_dump(make_messages(kPictures));
    const std::size_t at = whole.at[12];
    const std::size_t body = at + dump::kRecordHeaderBytes;
    const std::size_t crc = whole.at[13] - 4;
    whole.bytes[body + 15] ^= 1;  // payload_bytes
    const Bytes all(whole.bytes);
    const auto sum =
        dump::encode_record_crc(all.subspan(at, body - at), all.subspan(body, crc - body));
    std::ranges::copy(sum, whole.bytes.begin() + static_cast<std::ptrdiff_t>(crc));
    const auto report = convert(job(whole.bytes));
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->dropped.bad, 1U);
    EXPECT_EQ(report->damage_count, 0U);
    EXPECT_EQ(report->exit_code(), 3);
}

/// A picture of sets that never came: in `slices` pieces, the first of them missing or not.
Sent undecodable_picture(std::uint64_t device_ms, std::size_t slices, bool has_first = true) {
    const media::SpsSpec unknown{.id = 3, .poc_type = 2};
    Sent sent{device_ms, {}};
    for (std::size_t i = 0; i < slices; ++i) {
        media::SliceSpec slice;
        slice.idr = true;
        slice.pps_id = 3;
        slice.first_mb =
            has_first ? static_cast<std::uint32_t>(i) : static_cast<std::uint32_t>(i) + 1;
        Octets nal = make_slice(unknown, slice);
        nal.resize(nal.size() + 80, 0x55);
        add_nal(sent.payload, nal);
    }
    return sent;
}

TEST_F(Damage, pictures_lost_after_the_first_key_frame_are_said_and_those_before_it_noted) {
    auto messages = make_messages(kPictures);
    messages.erase(messages.begin() + 1, messages.begin() + 4);  // its first key frame and two more
    const auto early = inspect(job(plain_dump(messages)));
    ASSERT_TRUE(early);
    EXPECT_EQ(early->dropped.undecodable, 7U);
    EXPECT_EQ(early->dropped.lost_pictures, 0U);
    EXPECT_EQ(early->exit_code(), 0);
    EXPECT_NE(to_text(*early).find("  7 pictures before the first that can be decoded dropped\n"),
              std::string::npos);
    for (const bool has_first : {true, false}) {
        SCOPED_TRACE(has_first);
        auto late = messages;
        late.insert(late.begin() + 15, undecodable_picture(5'000'620, 3, has_first));
        const auto report = inspect(job(plain_dump(late)));
        ASSERT_TRUE(report);
        EXPECT_EQ(report->pictures, early->pictures);
        EXPECT_EQ(report->dropped.undecodable, 7U);
        EXPECT_EQ(report->dropped.lost_pictures, 1U) << "however many slices it has";
        EXPECT_EQ(report->exit_code(), 3);
        EXPECT_NE(to_text(*report).find("  1 picture after it that cannot be decoded lost\n"),
                  std::string::npos);
        EXPECT_NE(to_json(*report).find(R"("undecodable":8,"lost_pictures":1,)"),
                  std::string::npos);
        EXPECT_EQ(report->notes.at(0),
                  "1 picture after the first key frame cannot be decoded: parameter sets are "
                  "missing");
    }
}

TEST_F(Damage, two_dumps_joined_are_both_there) {
    Octets both = recorded_dump(make_messages(kPictures), {.uuid = 1}).bytes;
    add(both, recorded_dump(make_messages(kPictures), {.uuid = 2}).bytes);
    const auto report = convert(job(both));
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->pictures, 2 * kPictures);
    EXPECT_EQ(report->exit_code(), 0);
    EXPECT_EQ(report->seq_restarts, 1U);
}

TEST_F(Damage, a_dump_inside_a_payload_is_not_believed) {
    auto messages = make_messages(kPictures);
    add(messages[9].payload, recorded_dump(make_messages(7), {.uuid = 9}).bytes);
    const auto report = convert(job(recorded_dump(messages).bytes));
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->messages, kPictures + 1);
}

TEST_F(Damage, a_plain_dump_goes_on_behind_damage) {
    const auto messages = make_messages(kPictures);
    const Octets whole = plain_dump(messages);
    std::vector<std::size_t> at = {0};
    for (const Sent& sent : messages)
        at.push_back(at.back() + camera::kHeaderBytes + sent.payload.size());
    for (const std::size_t n : {0U, 1U, 2U, 5U, 15U, 30U}) {
        SCOPED_TRACE(n);
        Octets bytes = whole;
        bytes[at[n] + 13] ^= 0x20;
        auto report = convert(job(bytes));
        ASSERT_TRUE(report) << report.error().message;
        EXPECT_GE(report->pictures, n < 30 ? kPictures : kPictures - 1);
        EXPECT_EQ(report->exit_code(), 3);
        ASSERT_EQ(report->damage_count, 1U);
        EXPECT_EQ(report->damage[0].offset, at[n]);
    }
    Octets zeros = whole;
    std::fill(zeros.begin() + static_cast<std::ptrdiff_t>(at[4] + 7),
              zeros.begin() + static_cast<std::ptrdiff_t>(at[9] + 3), std::uint8_t{0});
    Job one = job(zeros);
    one.joined = {{write("second", whole), -1}};
    const auto report = convert(one);
    ASSERT_TRUE(report);
    EXPECT_GE(report->pictures, 2 * kPictures - 6);
    EXPECT_EQ(report->damage_count, 1U);
    EXPECT_EQ(report->damage[0].file, one.input);
}

TEST_F(Damage, a_plain_dump_with_a_torn_tail_ends_there) {
    const Octets whole = plain_dump(make_messages(kPictures));
    auto report = convert(job(Bytes(whole).first(whole.size() - 7)));
    ASSERT_TRUE(report);
    EXPECT_EQ(report->pictures, kPictures - 1);
    EXPECT_EQ(report->exit_code(), 3);
    EXPECT_EQ(report->damage[0].offset + report->damage[0].bytes, whole.size() - 7);
}

TEST_F(Damage, anything_anywhere_never_harms_and_what_is_written_can_be_read) {
    std::mt19937 random(2026);
    const Recorded recorded = recorded_dump(make_messages(kPictures));
    const Octets plain = plain_dump(make_messages(kPictures));
    const Octets bare = bare_stream(make_messages(kPictures));
    for (int round = 0; round < 300; ++round) {
        const Octets* const source = round % 3 == 0   ? &recorded.bytes
                                     : round % 3 == 1 ? &plain
                                                      : &bare;
        Octets bytes = *source;
        for (unsigned i = 0; i <= random() % 6; ++i) {
            const auto at = static_cast<std::ptrdiff_t>(random() % bytes.size());
            const auto length = static_cast<std::ptrdiff_t>(random() % 200);
            const auto end = std::min(bytes.end(), bytes.begin() + at + length);
            switch (random() % 5) {
                case 0:
                    bytes[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(random());
                    break;
                case 1:
                    bytes.erase(bytes.begin() + at, end);
                    break;
                case 2:
                    std::fill(bytes.begin() + at, end, std::uint8_t{0});
                    break;
                case 3: {
                    const Octets copy(bytes.begin() + at, end);
                    bytes.insert(
                        bytes.begin() + static_cast<std::ptrdiff_t>(random() % bytes.size()),
                        copy.begin(), copy.end());
                    break;
                }
                default:
                    bytes.resize(static_cast<std::size_t>(at) + 1);
            }
            if (bytes.empty()) bytes.push_back(0);
        }
        // convert() reads every file back with libavformat before it keeps it.
        const auto report = convert(job(bytes));
        if (!report) {
            EXPECT_EQ(report.error().code, 65) << report.error().message;
        }
        for (const auto& name : files()) EXPECT_FALSE(name.ends_with(".part")) << name;
    }
}

}  // namespace
}  // namespace st::mux
