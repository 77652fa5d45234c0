#include "streamctl/takes/sync_check.h"

#include <gtest/gtest.h>

namespace st::streamctl {
namespace {

TEST(SyncCheck, without_a_readout_it_does_not_confirm_what_was_refuted) {
    const std::vector<std::string> refuted{"cam1: 3 messages never came",
                                           "sync-check: c saw the flash 20.1 ms earlier"};
    EXPECT_TRUE(keeps_verdict(refuted, std::nullopt));
    EXPECT_FALSE(keeps_verdict(refuted, milliseconds(20)));
    EXPECT_FALSE(keeps_verdict({"cam1: 3 messages never came"}, std::nullopt));
    EXPECT_FALSE(keeps_verdict({}, std::nullopt));
}

}  // namespace
}  // namespace st::streamctl
