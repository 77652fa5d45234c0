#include "record/session.h"

#include <gtest/gtest.h>

#include "record/mailbox.h"

namespace st::record {
namespace {

TEST(Session, counts_what_goes_along_with_each_message_that_waits) {
    constexpr std::size_t kBudget = 100'000;
    const auto mailbox = std::make_shared<Mailbox>();
    const auto session = std::make_shared<Session>(1, SessionStart{}, kBudget, mailbox);
    std::size_t taken = 0;
    while (taken < kBudget && session->push(Buffer(std::size_t{16}), 0)) ++taken;
    EXPECT_LT(taken * (sizeof(Session::Item) + sizeof(Buffer) + 16), kBudget);
    EXPECT_GT(session->queued_bytes(), kBudget);
    EXPECT_TRUE(session->wants_room());
    mailbox->stop();
    for (std::vector<SessionPtr> work; mailbox->wait(work);) work.clear();
}

}  // namespace
}  // namespace st::record
