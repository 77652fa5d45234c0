#include "httpd/net_loop.h"

#include <gtest/gtest.h>

namespace st::httpd {
namespace {

TEST(Admission, counts_in_all_and_per_address_and_gives_places_back) {
    Counters counters;
    Options options;
    options.connections = 3;
    options.connections_per_address = 2;
    Current<Options> current(options);
    Admission admission(current, counters);
    auto first = admission.enter("10.0.0.1");
    auto second = admission.enter("10.0.0.1");
    ASSERT_TRUE(first && second);
    const auto third = admission.enter("10.0.0.1");
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().message, "limits.connections_per_address (2) reached");
    EXPECT_EQ(third.error().code, 503);
    auto other = admission.enter("10.0.0.2");
    ASSERT_TRUE(other);
    EXPECT_EQ(admission.enter("10.0.0.3").error().message, "limits.connections (3) reached");
    { const Admission::Ticket gone = std::move(*first); }
    EXPECT_TRUE(admission.enter("10.0.0.1"));
    EXPECT_EQ(counters.connections_refused_total, 2U);
    EXPECT_EQ(counters.connections, 2);  // second and other
    options.connections = 4;
    current.replace(options);
    EXPECT_TRUE(admission.enter("10.0.0.3")) << "a raised limit counts at once";
}

}  // namespace
}  // namespace st::httpd
