#include "loop/listener.h"

#include <Poco/Net/NetException.h>
#include <Poco/Net/SocketAddress.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

namespace st::loop {
namespace {

TEST(Listener, refuses_a_port_that_is_in_use) {
    const Listener first("127.0.0.1", 0);
    EXPECT_THROW(Listener("127.0.0.1", first.port()), Poco::Net::NetException);
}

TEST(Listener, on_the_any_address_takes_both_families) {
    EventLoop loop;
    Listener listener("::", 0);
    int accepted = 0;
    listener.start(loop, [&](const SocketPtr&) {
        if (++accepted == 2) loop.stop();
    });
    Poco::Net::StreamSocket v4(Poco::Net::SocketAddress("127.0.0.1", listener.port()));
    Poco::Net::StreamSocket v6(Poco::Net::SocketAddress("::1", listener.port()));
    loop.after(std::chrono::seconds(10), [&] { loop.stop(); });
    loop.run();
    EXPECT_EQ(accepted, 2);
    listener.stop();
}

TEST(Listener, has_the_kernel_look_after_what_it_accepts) {
    EventLoop loop;
    Listener listener("127.0.0.1", 0);
    SocketPtr accepted;
    listener.start(loop, [&](SocketPtr socket) {
        accepted = std::move(socket);
        loop.stop();
    });
    Poco::Net::StreamSocket peer(Poco::Net::SocketAddress("127.0.0.1", listener.port()));
    loop.after(std::chrono::seconds(60), [&] { loop.stop(); });
    loop.run();
    ASSERT_TRUE(accepted);
    EXPECT_TRUE(accepted->getKeepAlive());
    int idle_s = 0;
    int interval_s = 0;
    int probes = 0;
    accepted->getOption(IPPROTO_TCP, TCP_KEEPIDLE, idle_s);
    accepted->getOption(IPPROTO_TCP, TCP_KEEPINTVL, interval_s);
    accepted->getOption(IPPROTO_TCP, TCP_KEEPCNT, probes);
    EXPECT_LE(idle_s + interval_s * probes, 120);
    EXPECT_GT(idle_s, 0);
    listener.stop();
}

}  // namespace
}  // namespace st::loop
