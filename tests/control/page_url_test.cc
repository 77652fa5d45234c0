#include "control/page_url.h"

#include <gtest/gtest.h>

#include <vector>

namespace st::control {
namespace {

TEST(PageUrl, is_the_secure_one_that_reaches_other_machines) {
    const std::vector<std::string> urls{
        "ws://192.168.1.4:50001/ingest/NAME", "wss://127.0.0.1:8443/ingest/NAME",
        "wss://192.168.1.4:8443/ingest/NAME", "wss://[fd00::4]:8443/ingest/NAME"};
    EXPECT_EQ(page_base(urls, true), "https://192.168.1.4:8443/");
    EXPECT_EQ(page_base(urls, false), "https://192.168.1.4:8443/");
}

TEST(PageUrl, without_a_certificate_there_is_a_plain_one_or_none) {
    const std::vector<std::string> urls{"ws://127.0.0.1:50001/ingest/NAME",
                                        "ws://10.0.0.7:50001/ingest/NAME"};
    EXPECT_EQ(page_base(urls, false), "http://10.0.0.7:50001/");
    EXPECT_EQ(page_base(urls, true), "");
    EXPECT_EQ(page_base({}, false), "");
}

TEST(PageUrl, loopback_is_better_than_nothing) {
    const std::vector<std::string> urls{"wss://[::1]:8443/ingest/NAME"};
    EXPECT_EQ(page_base(urls, true), "https://[::1]:8443/");
}

}  // namespace
}  // namespace st::control
