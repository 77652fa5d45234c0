#include "httpd/peer.h"

#include <gtest/gtest.h>

#include "base/name.h"

namespace st::httpd {
namespace {

using Poco::Net::SocketAddress;

TEST(Peer, an_ipv4_mapped_address_is_written_as_ipv4) {
    const SocketAddress peer("::ffff:10.0.0.7", 51544);
    EXPECT_EQ(peer_text(peer), "10.0.0.7:51544");
    EXPECT_EQ(peer_address_text(peer), "10.0.0.7");
    EXPECT_EQ(default_camera_name(peer), "10.0.0.7");
}

TEST(Peer, an_ipv6_camera_gets_a_name_without_colons) {
    const SocketAddress peer("fd00::7", 51544);
    EXPECT_EQ(peer_text(peer), "[fd00::7]:51544");
    EXPECT_EQ(default_camera_name(peer), "v6-fd00--7");
    EXPECT_TRUE(is_valid_name(default_camera_name(peer)));
    EXPECT_TRUE(is_valid_name(
        default_camera_name(SocketAddress("fd00:1111:2222:3333:4444:5555:6666:7777", 65535))));
}

}  // namespace
}  // namespace st::httpd
