#include "capture/kept_frames.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace st::capture {
namespace {

using Payload = std::vector<std::uint8_t>;

const Payload kSps = {0, 0, 0, 1, 0x67, 0x42, 0xC0, 0x0C};
const Payload kPps = {0, 0, 0, 1, 0x68, 0xCB, 0x83};
const Payload kIdr = {0, 0, 0, 1, 0x65, 0x88, 0x84};
const Payload kIdrSlice2 = {0, 0, 0, 1, 0x65, 0x42, 0x21};
const Payload kInter = {0, 0, 0, 1, 0x41, 0x9A, 0x22};
const Payload kRecoveryPoint = {0, 0, 0, 1, 0x06, 0x06, 0x01, 0xC4, 0x80};
const Payload kMore = {0x11, 0x22, 0x33};  // of a NAL unit that the frame before began

Payload operator+(Payload a, const Payload& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

struct Keeping {
    explicit Keeping(hub::GopLimits limits = {}, std::size_t budget_bytes = SIZE_MAX)
        : budget(budget_bytes), memory(&budget), kept(limits, memory) {}
    void add(const Payload& payload, std::int64_t at_ms = 0, bool passes = false) {
        const SharedBuffer message = share(Buffer(Bytes(payload)));
        KeptFrame frame{message, message->bytes(), static_cast<std::uint64_t>(at_ms),
                        at_ms * 1'000'000};
        const media::NalPeek peek = media::peek_nals(payload);
        if (passes) return kept.pass(std::move(frame), peek);
        kept.add(std::move(frame), peek);
    }
    std::vector<Payload> take() {
        std::vector<Payload> payloads;
        for (const KeptFrame& frame : kept.take())
            payloads.emplace_back(frame.payload.begin(), frame.payload.end());
        return payloads;
    }
    MemoryBudget budget;
    hub::StreamMemory memory;
    KeptFrames kept;
};

using Payloads = std::vector<Payload>;

TEST(KeptFrames, begins_with_the_newest_key_frame_and_what_stands_before_it) {
    Keeping keeping;
    keeping.add(kInter);
    keeping.add(kSps + kPps + kIdr);
    keeping.add(kInter);
    keeping.add(kSps);
    keeping.add(kPps);
    keeping.add(kIdr);
    keeping.add(kIdrSlice2);
    keeping.add(kMore);
    keeping.add(kInter);
    EXPECT_EQ(keeping.take(), (Payloads{kSps, kPps, kIdr, kIdrSlice2, kMore, kInter}));
    EXPECT_TRUE(keeping.kept.empty());
    EXPECT_EQ(keeping.budget.total(), 0U);
    keeping.add(kInter);
    EXPECT_EQ(keeping.take(), Payloads{}) << "it refers to what was taken";
}

TEST(KeptFrames, begins_at_a_recovery_point_too) {
    for (const bool is_apart : {false, true}) {
        Keeping keeping;
        keeping.add(kIdr);
        if (is_apart) keeping.add(kRecoveryPoint);
        const Payload picture = is_apart ? kInter : kRecoveryPoint + kInter;
        EXPECT_TRUE(keeping.kept.begins(media::peek_nals(picture)));
        keeping.add(picture);
        EXPECT_FALSE(keeping.kept.begins(media::peek_nals(kInter)));
        keeping.add(kInter);
        EXPECT_EQ(keeping.take(), is_apart ? (Payloads{kRecoveryPoint, kInter, kInter})
                                           : (Payloads{picture, kInter}));
    }
}

TEST(KeptFrames, remembers_the_sets_of_a_key_frame_while_packets_are_made) {
    Keeping keeping;
    keeping.add(kSps + kPps, 0, true);
    EXPECT_TRUE(keeping.kept.empty());
    keeping.add(kIdr, 1);
    EXPECT_EQ(keeping.take(), (Payloads{kSps + kPps, kIdr}));
}

TEST(KeptFrames, holds_little_of_what_stands_before_a_picture_that_never_comes) {
    for (const bool passes : {false, true}) {
        Keeping keeping;
        for (int i = 0; i < 10'000; ++i) keeping.add({}, i, passes);
        EXPECT_EQ(keeping.budget.total(), 0U) << "an empty message is nothing";
        keeping.add(kRecoveryPoint, 0, passes);
        EXPECT_GE(keeping.budget.total(), kRecoveryPoint.size() + sizeof(KeptFrame));
        for (int i = 0; i < 10'000; ++i) keeping.add(kRecoveryPoint, i, passes);
        EXPECT_LE(keeping.budget.total(), 64U * 1024);
        keeping.kept.forget();
        EXPECT_EQ(keeping.budget.total(), 0U);
    }
}

TEST(KeptFrames, remembers_the_sets_behind_much_that_is_of_no_picture) {
    Keeping keeping;
    for (int i = 0; i < 64; ++i) keeping.add(kMore, i);
    keeping.add(kSps + kPps);
    keeping.add(kIdr);
    EXPECT_EQ(keeping.take(), (Payloads{kSps + kPps, kIdr}));
}

TEST(KeptFrames, holds_nothing_of_a_capture_that_is_over) {
    Keeping keeping;
    keeping.add(kIdr);
    keeping.add(kInter);
    keeping.add(kRecoveryPoint);
    EXPECT_GT(keeping.budget.total(), 0U);
    keeping.kept.forget();
    EXPECT_TRUE(keeping.kept.empty());
    EXPECT_EQ(keeping.budget.total(), 0U);
    keeping.add(kInter);
    EXPECT_TRUE(keeping.kept.empty()) << "it stands behind no recovery point now";
    keeping.add(kIdr);
    EXPECT_EQ(keeping.take(), Payloads{kIdr});
}

TEST(KeptFrames, keeps_nothing_beyond_a_limit_until_the_next_key_frame) {
    const hub::GopLimits limits{6, 40, 10'000};
    const auto check = [](hub::GopLimits its_limits, std::size_t budget, auto go_over) {
        Keeping keeping(its_limits, budget);
        keeping.add(kIdr);
        EXPECT_FALSE(keeping.kept.empty());
        go_over(keeping);
        EXPECT_TRUE(keeping.kept.empty());
        EXPECT_EQ(keeping.budget.total(), 0U);
        keeping.add(kInter, 11'000);
        EXPECT_TRUE(keeping.kept.empty());
        keeping.add(kIdr, 11'000);
        EXPECT_FALSE(keeping.kept.empty());
    };
    check(limits, SIZE_MAX, [](Keeping& it) { it.add(Payload(40, 0x11)); });
    check(limits, SIZE_MAX, [](Keeping& it) { it.add(kInter, 10'001); });
    check(limits, SIZE_MAX, [](Keeping& it) {
        for (int i = 0; i < 6; ++i) it.add(Payload{1});
    });
    check({}, 8'000, [](Keeping& it) { it.add(Payload(1'000, 0x11)); });
}

}  // namespace
}  // namespace st::capture
