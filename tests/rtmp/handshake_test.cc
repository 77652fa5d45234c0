#include "rtmp/handshake.h"

#include "bytes.h"

namespace st::rtmp {
namespace {

const Wire kC1 = counting(Handshake::kPartBytes, 1);
const Wire kC2(Handshake::kPartBytes, 0xEE);  // not an echo of S1: some clients send anything

TEST(Handshake, answers_when_c1_is_whole_and_leaves_what_follows_c2) {
    const Wire all = Wire{3} + kC1 + kC2 + Wire{0x03, 0x00};
    for (const std::size_t step : {1U, 7U, 1536U, 1537U, 4000U}) {
        SCOPED_TRACE(step);
        Handshake handshake(1);
        Buffer out;
        Wire left;
        for (std::size_t at = 0; at < all.size(); at += step) {
            Bytes piece = Bytes(all).subspan(at, std::min(step, all.size() - at));
            ASSERT_TRUE(handshake.feed(piece, out));
            EXPECT_EQ(out.empty(), at + step < 1537);
            left = left + wire(piece);
        }
        EXPECT_TRUE(handshake.is_done());
        EXPECT_EQ(left, (Wire{0x03, 0x00}));
        ASSERT_EQ(out.size(), 1 + 2 * Handshake::kPartBytes);
        EXPECT_EQ(out.data()[0], 3) << "S0: version";
        EXPECT_EQ(wire(out.bytes().subspan(1, 8)), Wire(8, 0)) << "S1: time 0, no digest";
        EXPECT_EQ(wire(out.bytes().subspan(1 + Handshake::kPartBytes)), kC1) << "S2 echoes C1";
    }
}

TEST(Handshake, is_not_done_one_byte_before_the_end) {
    const Wire all = Wire{3} + kC1 + kC2;
    Handshake handshake(1);
    Buffer out;
    Bytes piece = Bytes(all).first(all.size() - 1);
    ASSERT_TRUE(handshake.feed(piece, out));
    EXPECT_TRUE(piece.empty());
    EXPECT_FALSE(handshake.is_done());
}

TEST(Handshake, differs_in_its_noise) {
    Buffer one;
    Buffer two;
    const Wire all = Wire{3} + kC1;
    Bytes a = all;
    Bytes b = all;
    ASSERT_TRUE(Handshake(1).feed(a, one));
    ASSERT_TRUE(Handshake(2).feed(b, two));
    EXPECT_NE(wire(one.bytes().subspan(9, 1528)), wire(two.bytes().subspan(9, 1528)));
}

TEST(Handshake, refuses_rtmpe_and_other_protocols_at_the_first_byte) {
    const auto error = [](std::uint8_t first) {
        Handshake handshake(1);
        Buffer out;
        const Wire bytes = {first};
        Bytes piece = bytes;
        auto fed = handshake.feed(piece, out);
        EXPECT_TRUE(out.empty());
        return fed ? "" : fed.error().message;
    };
    EXPECT_EQ(error(3), "");
    EXPECT_EQ(error(4), "") << "reserved: answered with version 3";
    EXPECT_EQ(error(6), "rtmp: the client asks for RTMPE (version 6), which is not offered");
    EXPECT_EQ(error('G'), "rtmp: first byte 71, expected version 3");
    EXPECT_EQ(error(0x16), "") << "TLS's first byte may also be a version";
    EXPECT_EQ(error(2), "rtmp: first byte 2, expected version 3");
    EXPECT_EQ(error(32), "rtmp: first byte 32, expected version 3");
}

}  // namespace
}  // namespace st::rtmp
