#include "streamctl/client/name_lookup.h"

#include <gtest/gtest.h>
#include <poll.h>

#include "streamctl/client/failed.h"

namespace st::streamctl {
namespace {

ServerUrl server_at(const std::string& host) {
    ServerUrl server;
    server.host = host;
    server.text = "ws://" + host;
    return server;
}

/// Waits for it.
void await(const NameLookup& lookup) {
    pollfd over{lookup.fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&over, 1, 60'000), 1);
}

TEST(NameLookup, finds_an_address_and_says_that_it_is_over) {
    NameLookup lookup(server_at("127.0.0.2"));
    await(lookup);
    ASSERT_TRUE(lookup.is_over());
    EXPECT_EQ(lookup.take().toString(), "127.0.0.2:50001");
}

TEST(NameLookup, passes_on_why_there_is_none) {
    NameLookup lookup(server_at("no name"));
    await(lookup);
    ASSERT_TRUE(lookup.is_over());
    try {
        lookup.take();
        FAIL() << "it was found";
    } catch (const Failed& failed) {
        EXPECT_EQ(failed.exit_code(), cli::kUnreachable);
        EXPECT_STREQ(failed.what(), "ws://no name: there is no host of that name");
    }
}

}  // namespace
}  // namespace st::streamctl
