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
    EXPECT_EQ(third.error().code, 429);
    auto other = admission.enter("10.0.0.2");
    ASSERT_TRUE(other);
    const auto full = admission.enter("10.0.0.3");
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().message, "limits.connections (3) reached");
    EXPECT_EQ(full.error().code, 503);
    { const Admission::Ticket gone = std::move(*first); }
    EXPECT_TRUE(admission.enter("10.0.0.1"));
    EXPECT_EQ(counters.connections_refused_total, 2U);
    EXPECT_EQ(counters.connections, 2);  // second and other
    options.connections = 4;
    current.replace(options);
    EXPECT_TRUE(admission.enter("10.0.0.3")) << "a raised limit counts at once";
}

TEST(Admission, counts_the_clients_of_a_trusted_proxy_and_not_the_proxy) {
    Counters counters;
    Options options;
    options.connections_per_address = 1;
    const Current<Options> current(options);
    Admission admission(current, counters);
    auto first = admission.enter("");
    auto second = admission.enter("");
    ASSERT_TRUE(first && second) << "the proxy has no limit of its own";
    EXPECT_TRUE(first->count_as("192.0.2.1"));
    EXPECT_TRUE(first->count_as("192.0.2.1")) << "the next request of the same client";
    const auto over = second->count_as("192.0.2.1");
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error().code, 429);
    EXPECT_TRUE(second->count_as("192.0.2.2"));
    EXPECT_TRUE(first->count_as_entered());
    EXPECT_TRUE(second->count_as("192.0.2.1")) << "its place is free again";
}

TEST(Admission, keeps_nobody_from_the_control_socket) {
    Counters counters;
    Options options;
    options.connections = 1;
    options.connections_per_address = 1;
    const Current<Options> current(options);
    Admission admission(current, counters);
    auto crowd = admission.enter("10.0.0.1");
    ASSERT_TRUE(crowd);
    {
        const auto operators = admission.enter_always();
        const auto another = admission.enter_always();
        EXPECT_EQ(operators.address(), "");
        EXPECT_EQ(counters.connections, 3);
        { const Admission::Ticket gone = std::move(*crowd); }
        EXPECT_FALSE(admission.enter("10.0.0.1")) << "they count for the others";
    }
    EXPECT_EQ(counters.connections, 0);
    EXPECT_TRUE(admission.enter("10.0.0.1"));
}

}  // namespace
}  // namespace st::httpd
