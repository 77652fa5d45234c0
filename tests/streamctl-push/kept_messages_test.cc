#include "streamctl-push/kept_messages.h"

#include <gtest/gtest.h>

namespace st::streamctl {
namespace {

KeptMessages::Message message(std::uint32_t seq, std::size_t bytes = 10) {
    Buffer payload;
    payload.resize(bytes);
    return {seq, seq * 1000ULL, share(std::move(payload))};
}

TEST(KeptMessages, go_out_in_order_and_stay_until_the_server_has_them) {
    KeptMessages kept;
    for (std::uint32_t seq : {0U, 1U, 2U}) kept.add(message(seq));
    ASSERT_NE(kept.next_unsent(), nullptr);
    EXPECT_EQ(kept.next_unsent()->seq, 0U);
    kept.mark_sent();
    EXPECT_EQ(kept.next_unsent()->seq, 1U);
    EXPECT_EQ(kept.size(), 3U);
    EXPECT_EQ(kept.bytes(), 30U);
    kept.received(0);
    EXPECT_EQ(kept.first(), 1U);
    EXPECT_EQ(kept.sent(), 0U);
    EXPECT_EQ(kept.bytes(), 20U);
    EXPECT_EQ(kept.next_unsent()->seq, 1U);
}

TEST(KeptMessages, all_go_out_again_on_another_connection) {
    KeptMessages kept;
    for (std::uint32_t seq : {0U, 1U, 2U}) kept.add(message(seq));
    for (int i = 0; i < 3; ++i) kept.mark_sent();
    EXPECT_EQ(kept.next_unsent(), nullptr);
    kept.begin_again();
    EXPECT_EQ(kept.next_unsent()->seq, 0U);
}

TEST(KeptMessages, acknowledged_on_the_new_connection_before_they_went_out_again_are_skipped) {
    KeptMessages kept;
    for (std::uint32_t seq : {0U, 1U, 2U}) kept.add(message(seq));
    kept.begin_again();
    kept.received(1);
    EXPECT_EQ(kept.next_unsent()->seq, 2U);
    kept.mark_sent();
    kept.received(2);
    EXPECT_TRUE(kept.empty());
    EXPECT_EQ(kept.bytes(), 0U);
    EXPECT_EQ(kept.first(), std::nullopt);
}

TEST(KeptMessages, numbers_run_over) {
    KeptMessages kept;
    for (std::uint32_t seq : {UINT32_MAX - 1, UINT32_MAX, 0U, 1U}) kept.add(message(seq));
    kept.received(UINT32_MAX);
    EXPECT_EQ(kept.first(), 0U);
    kept.received(UINT32_MAX - 1);  // an old word
    EXPECT_EQ(kept.first(), 0U);
}

TEST(KeptMessages, cleared_are_none) {
    KeptMessages kept;
    kept.add(message(7));
    kept.mark_sent();
    kept.clear();
    EXPECT_TRUE(kept.empty());
    EXPECT_EQ(kept.sent(), 0U);
    EXPECT_EQ(kept.bytes(), 0U);
}

}  // namespace
}  // namespace st::streamctl
