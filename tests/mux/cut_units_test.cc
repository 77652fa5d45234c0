/// Messages that end anywhere: the NAL units they cut are the ones that were cut.
#include <gtest/gtest.h>

#include <algorithm>

#include "mux/convert.h"
#include "mux/recording.h"

namespace st::mux {
namespace {

class CutUnits : public Muxing {
 protected:
    /// Of the whole stream, and of the parts that `cut` makes of it.
    void expect_same(const std::vector<Sent>& whole, const std::vector<Sent>& cut) {
        const auto expected = convert(job(recorded_dump(whole).bytes));
        ASSERT_TRUE(expected) << expected.error().message;
        const Octets file = read_file(path("out.mp4"));
        Job one = job(recorded_dump(cut).bytes);
        one.timing = Timing::device;
        const auto report = convert(one);
        ASSERT_TRUE(report) << report.error().message;
        EXPECT_EQ(report->pictures, expected->pictures);
        EXPECT_EQ(report->key_frames, expected->key_frames);
        EXPECT_EQ(report->bytes, expected->bytes);
        // The samples and the sample description; only the dump's own facts may differ.
        const Octets other = read_file(path("out.mp4"));
        EXPECT_EQ(box(other, "mdat"), box(file, "mdat"));
        EXPECT_EQ(box(other, "avcC"), box(file, "avcC"));
    }

    static Octets box(const Octets& file, std::string_view name) {
        const auto at = std::search(file.begin(), file.end(), name.begin(), name.end());
        if (at - file.begin() < 4 || at == file.end()) return {};
        const std::size_t size = load_be32(&*(at - 4));
        if (size <= 8) return {at, file.end()};
        return {at, at - 4 + static_cast<std::ptrdiff_t>(size)};
    }
};

/// An SPS and a PPS of more than 200 bytes each.
std::vector<Sent> with_large_sets(std::size_t count) {
    const media::SpsSpec sps{.poc_type = 1, .ref_offsets = std::vector<std::int32_t>(200, 70)};
    std::vector<Sent> messages = make_messages(count, sps);
    Octets pps = media::make_pps(0, sps.id);
    // Behind what is known of it, as in a later version of the standard.
    for (int i = 0; i < 200; ++i) pps.push_back(static_cast<std::uint8_t>(i % 200 + 40));
    messages[0].payload.clear();
    add_nal(messages[0].payload, media::make_sps(sps));
    add_nal(messages[0].payload, pps);
    return messages;
}

/// `messages` with the first one cut at those places.
std::vector<Sent> with_parts(const std::vector<Sent>& messages,
                             const std::vector<std::size_t>& at) {
    std::vector<Sent> out;
    const Octets& first = messages[0].payload;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= at.size(); ++i) {
        const std::size_t end = i < at.size() ? at[i] : first.size();
        out.push_back({messages[0].device_ms,
                       {first.begin() + static_cast<std::ptrdiff_t>(begin),
                        first.begin() + static_cast<std::ptrdiff_t>(end)}});
        begin = end;
    }
    out.insert(out.end(), messages.begin() + 1, messages.end());
    return out;
}

TEST_F(CutUnits, parameter_sets_may_be_cut_anywhere) {
    const auto messages = with_large_sets(12);
    const std::size_t size = messages[0].payload.size();
    ASSERT_GT(size, 500U);
    for (std::size_t cut = 1; cut < size; cut += cut % 64 == 63 || cut < 12 ? 1 : 9) {
        SCOPED_TRACE(cut);
        expect_same(messages, with_parts(messages, {cut}));
    }
}

TEST_F(CutUnits, parameter_sets_may_be_cut_more_than_once) {
    const auto messages = with_large_sets(12);
    const std::size_t size = messages[0].payload.size();
    for (const std::size_t step : {1UL, 2UL, 3UL, 30UL, 64UL, 65UL, 100UL, 200UL}) {
        SCOPED_TRACE(step);
        std::vector<std::size_t> cuts;
        for (std::size_t at = step; at < size; at += step) cuts.push_back(at);
        expect_same(messages, with_parts(messages, cuts));
    }
}

TEST_F(CutUnits, a_stream_may_come_in_pieces_of_any_size) {
    const auto messages = with_large_sets(12);
    for (const std::size_t step : {1UL, 2UL, 3UL, 5UL, 6UL, 7UL, 63UL, 64UL, 65UL, 150UL}) {
        SCOPED_TRACE(step);
        std::vector<Sent> pieces;
        for (const Sent& sent : messages) {
            for (std::size_t at = 0; at < sent.payload.size(); at += step) {
                const std::size_t end = std::min(at + step, sent.payload.size());
                pieces.push_back({sent.device_ms,
                                  {sent.payload.begin() + static_cast<std::ptrdiff_t>(at),
                                   sent.payload.begin() + static_cast<std::ptrdiff_t>(end)}});
            }
        }
        expect_same(messages, pieces);
    }
}

TEST_F(CutUnits, empty_messages_and_zeros_in_between_end_nothing) {
    const auto messages = with_large_sets(12);
    auto parts = with_parts(messages, {150, 400});
    parts.insert(parts.begin() + 1, Sent{0, {}});
    parts.insert(parts.begin() + 3, Sent{0, {}});
    expect_same(messages, parts);
    // Zeros may stand between a NAL unit and the next start code, and make up a message.
    parts = with_parts(messages, {messages[0].payload.size()});
    parts[1].payload = {0, 0, 0};
    parts.insert(parts.begin() + 1, Sent{0, {0}});
    expect_same(messages, parts);
}

TEST_F(CutUnits, a_parameter_set_before_damage_is_taken_as_it_stands) {
    // The second of three messages is lost: what the first one ends with is whole.
    auto messages = with_large_sets(12);
    const auto report = [&] {
        messages.insert(messages.begin() + 1, Sent{0, Octets(100, 0x55)});
        Recorded dump = recorded_dump(messages);
        dump.bytes[dump.at[1] + 60] ^= 1;
        return convert(job(dump.bytes));
    }();
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->pictures, 12U);
    EXPECT_EQ(report->damage_count, 1U);
}

}  // namespace
}  // namespace st::mux
