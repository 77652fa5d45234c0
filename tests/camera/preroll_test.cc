#include "camera/preroll.h"

#include <gtest/gtest.h>

#include "camera/frame.h"

namespace st::camera {
namespace {

using Payload = std::vector<std::uint8_t>;

const Payload kSps = {0, 0, 0, 1, 0x67, 0x42, 0x00, 0x1E, 0x95, 0xA8};
const Payload kPps = {0, 0, 0, 1, 0x68, 0xCE, 0x3C, 0x80};
const Payload kIdr = {0, 0, 0, 1, 0x65, 0x88, 0x84};
const Payload kIdrSecondSlice = {0, 0, 0, 1, 0x65, 0x40, 0x84};  // first_mb_in_slice is not 0
const Payload kPicture = {0, 0, 0, 1, 0x41, 0x9A, 0x21};
const Payload kSei = {0, 0, 0, 1, 0x06, 0x05, 0x01, 0x00};

Payload operator+(Payload a, const Payload& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

constexpr std::int64_t kMs = 1'000'000;

class HoldbackTest : public testing::Test {
 protected:
    void hold(const Payload& payload, std::int64_t at_ms) { hold(payload, at_ms, seq_++); }
    void hold(const Payload& payload, std::int64_t at_ms, std::uint32_t seq) {
        Buffer message(encode_header({static_cast<std::uint64_t>(at_ms), seq, payload}));
        message.append(payload);
        preroll_.hold(share(std::move(message)), at_ms * kMs, media::peek_nals(payload));
    }
    /// Writes a message; the payload of what has to be written before it, else nothing.
    Payload remember(const Payload& payload) {
        Buffer message(encode_header({77, 88, payload}));
        message.append(payload);
        const auto sets = preroll_.remember(message.bytes(), 99, media::peek_nals(payload));
        if (!sets) return {};
        const auto frame = decode_frame(sets->message->bytes());
        EXPECT_TRUE(frame);
        EXPECT_EQ(frame->timestamp_ms, 77U);
        EXPECT_EQ(frame->seq, 87U) << "right before the picture";
        EXPECT_EQ(sets->arrival_ns, 99);
        return {frame->payload.begin(), frame->payload.end()};
    }
    std::vector<Payload> take(std::int64_t now_ms) {
        std::vector<Payload> payloads;
        for (const HeldMessage& held : preroll_.take(now_ms * kMs)) {
            const auto frame = decode_frame(held.message->bytes());
            EXPECT_TRUE(frame);
            payloads.emplace_back(frame->payload.begin(), frame->payload.end());
        }
        return payloads;
    }

    /// As it is held.
    static std::size_t message_bytes(const Payload& payload) {
        return kHeaderBytes + payload.size();
    }

    Preroll preroll_;
    std::uint32_t seq_ = 0;
};

TEST_F(HoldbackTest, gives_back_what_raced_ahead_in_order) {
    hold(kSps + kPps, 0);
    hold(kIdr, 1);
    hold(kPicture, 40);
    EXPECT_EQ(take(50), (std::vector<Payload>{kSps + kPps, kIdr, kPicture}));
    EXPECT_EQ(preroll_.take_dropped(), 0U);
    EXPECT_EQ(preroll_.held_bytes(), 0U);
}

TEST_F(HoldbackTest, keeps_from_the_last_idr_on_and_counts_the_rest) {
    hold(kSps + kPps, 0);
    hold(kIdr, 1);
    hold(kPicture, 40);
    hold(kIdr, 80);
    hold(kPicture, 120);
    EXPECT_EQ(take(121), (std::vector<Payload>{kSps + kPps, kIdr, kPicture}));
    EXPECT_EQ(preroll_.take_dropped(), 2U);
}

TEST_F(HoldbackTest, a_later_slice_of_an_idr_belongs_to_it) {
    hold(kSps + kPps + kIdr, 0);
    hold(kIdrSecondSlice, 1);
    EXPECT_EQ(take(2), (std::vector<Payload>{kSps + kPps + kIdr, kIdrSecondSlice}));
}

TEST_F(HoldbackTest, drops_pictures_that_refer_to_nothing_held) {
    hold(kPicture, 0);
    hold(kPicture, 40);
    EXPECT_TRUE(take(41).empty());
    EXPECT_EQ(preroll_.take_dropped(), 2U);
}

TEST_F(HoldbackTest, parameter_sets_stay_for_ever) {
    hold(kSps + kPps, 0);
    hold(kIdr, 3'600'000);
    EXPECT_EQ(take(3'600'001), (std::vector<Payload>{kSps + kPps, kIdr}));
    EXPECT_TRUE(take(9'000'000).empty()) << "nothing is added before it is needed";
    EXPECT_EQ(remember(kIdr), kSps + kPps) << "also for the next session";
    EXPECT_EQ(remember(kIdr), Payload{}) << "and only once";
}

TEST_F(HoldbackTest, a_session_that_gets_its_own_sets_gets_no_others) {
    hold(kSps + kPps, 0);
    EXPECT_TRUE(take(9'000'000).empty());
    EXPECT_EQ(remember(kSps + kPps), Payload{});
    EXPECT_EQ(remember(kIdr), Payload{});
    EXPECT_TRUE(take(9'000'001).empty());
    EXPECT_EQ(remember(kSps + kPps + kIdr), Payload{});
}

TEST_F(HoldbackTest, parameter_sets_are_taken_out_of_a_picture_message) {
    take(0);
    EXPECT_EQ(remember(kSei + kSps + kPps + kIdr), Payload{});
    take(1);  // the roll-over
    EXPECT_EQ(remember(kIdr), kSps + kPps);
}

TEST_F(HoldbackTest, an_sps_and_a_pps_of_different_messages_are_joined) {
    hold(kPps, 0);
    hold(kSps, 10'000);
    hold(kIdr, 20'000);
    EXPECT_EQ(take(20'001), (std::vector<Payload>{kSps + kPps, kIdr}));
}

TEST_F(HoldbackTest, a_new_set_of_the_same_id_replaces_the_old_one) {
    Payload other = kSps;
    other.back() = 0xA9;
    remember(kSps + kPps);
    remember(other);
    take(0);
    EXPECT_EQ(remember(kIdr), other + kPps);
}

TEST_F(HoldbackTest, without_any_sets_nothing_is_made_up) {
    take(0);
    EXPECT_EQ(remember(kIdr), Payload{});
}

TEST_F(HoldbackTest, over_two_seconds_everything_goes_but_the_sets) {
    hold(kSps + kPps, 0);
    hold(kIdr, 10);
    hold(kPicture, 2'010);
    EXPECT_EQ(preroll_.held_bytes(), message_bytes(kIdr) + message_bytes(kPicture))
        << "the configuration is old enough to go, the rest is not";
    hold(kPicture, 2'011);
    EXPECT_EQ(preroll_.held_bytes(), 0U);
    EXPECT_EQ(preroll_.expires_ns(), std::nullopt);
    EXPECT_EQ(preroll_.take_dropped(), 3U);
    EXPECT_TRUE(take(2'012).empty());
    EXPECT_EQ(remember(kIdr), kSps + kPps);
}

TEST_F(HoldbackTest, frames_from_long_before_the_start_do_not_get_in) {
    hold(kSps + kPps + kIdr, 0);
    EXPECT_TRUE(take(2'001).empty());
    EXPECT_EQ(preroll_.take_dropped(), 1U);
}

TEST_F(HoldbackTest, over_eight_mebibytes_everything_goes) {
    hold(kSps + kPps + kIdr, 0);
    Payload large = kPicture;
    large.resize(3U << 20, 0xFF);
    hold(large, 1);
    hold(large, 2);
    EXPECT_EQ(preroll_.held_bytes(), message_bytes(kSps + kPps + kIdr) + 2 * message_bytes(large));
    hold(large, 3);
    EXPECT_EQ(preroll_.held_bytes(), 0U);
    EXPECT_EQ(preroll_.expires_ns(), std::nullopt);
    EXPECT_EQ(preroll_.take_dropped(), 4U);
}

TEST_F(HoldbackTest, a_flood_of_empty_messages_is_bounded) {
    hold(kSps + kPps + kIdr, 0);
    for (std::size_t i = 0; i < 3 * kHeldMessagesMax; ++i) hold({}, 1);
    EXPECT_LE(take(1).size(), kHeldMessagesMax);
}

TEST_F(HoldbackTest, parameter_sets_over_their_limit_are_not_remembered) {
    Payload huge = kSps;
    huge.resize(kRememberedSetsBytesMax + 100, 0xFF);
    remember(huge);
    take(0);
    EXPECT_EQ(remember(kIdr), Payload{});
    remember(kSps + kPps);
    take(1);
    EXPECT_EQ(remember(kIdr), kSps + kPps);
}

TEST_F(HoldbackTest, a_restarted_numbering_is_another_capture) {
    hold(kSps + kPps, 0, 0);
    hold(kIdr, 10, 1);
    hold(kPicture, 20, 2);
    hold(kSps + kPps, 500, 0);
    hold(kIdr, 510, 1);
    EXPECT_EQ(take(511), (std::vector<Payload>{kSps + kPps, kIdr}));
    EXPECT_EQ(preroll_.take_dropped(), 2U);
}

TEST_F(HoldbackTest, the_tail_of_an_earlier_capture_is_forgotten_when_a_new_one_is_asked_for) {
    hold(kSps + kPps, 0);
    hold(kIdr, 10);
    preroll_.forget_frames();
    hold(kPicture, 20);
    EXPECT_TRUE(take(30).empty());
    EXPECT_EQ(remember(kIdr), kSps + kPps) << "the sets stay";
    EXPECT_EQ(preroll_.take_dropped(), 2U);
}

TEST(PeekNals, the_first_slice_decides) {
    const auto peek = media::peek_nals(kSei + kSps + kPps + kIdr + kPicture);
    EXPECT_TRUE(peek.sps && peek.pps && peek.vcl && peek.idr && peek.starts_picture);
    EXPECT_TRUE(media::peek_nals(kSps + kPps).is_config_only());
    EXPECT_FALSE(media::peek_nals(kSps + kPicture).is_config_only());
    EXPECT_FALSE(media::EntryPoints().begins(media::peek_nals(kIdrSecondSlice)));
    EXPECT_FALSE(media::peek_nals(kSei).is_config_only());
}

TEST(PeekNals, three_byte_start_codes_and_trailing_zeros_are_fine) {
    const Payload payload = {0, 0, 1, 0x67, 0x42, 0x00, 0x1E, 0x95, 0,    0,
                             0, 0, 1, 0x68, 0xCE, 0,    0,    1,    0x65, 0x88};
    const auto peek = media::peek_nals(payload);
    EXPECT_TRUE(peek.sps && peek.pps && media::EntryPoints().begins(peek));
}

TEST(PeekNals, a_picture_behind_an_empty_unit_is_seen) {
    for (const Payload& payload : {Payload{0, 0, 1, 0, 0, 1, 0x65, 0x88},
                                   Payload{0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0x65, 0x88}}) {
        EXPECT_TRUE(media::EntryPoints().begins(media::peek_nals(payload)));
    }
}

TEST(PeekNals, what_is_not_annex_b_has_no_nals) {
    for (const Payload& payload :
         {Payload{}, Payload{0}, Payload{0, 0}, Payload{0, 0, 1}, Payload{1, 2, 3},
          Payload{0, 1, 0x67}, Payload(70'000, 0), Payload(70'000, 9)}) {
        const auto peek = media::peek_nals(payload);
        EXPECT_FALSE(peek.sps || peek.pps || peek.vcl);
    }
}

}  // namespace
}  // namespace st::camera
