#include "streamctl/client/server_url.h"

#include <gtest/gtest.h>

namespace st::streamctl {
namespace {

struct Good {
    const char* text;
    const char* host;
    unsigned port;
    bool is_tls;
    const char* host_field;
};

TEST(ServerUrl, reads_host_and_port) {
    for (const Good& good : {
             Good{"ws://10.0.0.5:50001", "10.0.0.5", 50001, false, "10.0.0.5:50001"},
             Good{"ws://server", "server", 50001, false, "server:50001"},
             Good{"ws://server/", "server", 50001, false, "server:50001"},
             Good{"http://server:80", "server", 80, false, "server:80"},
             Good{"wss://server", "server", 8443, true, "server:8443"},
             Good{"https://server:443", "server", 443, true, "server:443"},
             Good{"ws://[::1]", "::1", 50001, false, "[::1]:50001"},
             Good{"wss://[fe80::1]:9", "fe80::1", 9, true, "[fe80::1]:9"},
             Good{"ws://h:65535", "h", 65535, false, "h:65535"},
         }) {
        SCOPED_TRACE(good.text);
        const auto url = parse_server_url(good.text);
        ASSERT_TRUE(url.ok()) << url.error().message;
        EXPECT_EQ(url->host, good.host);
        EXPECT_EQ(url->port, good.port);
        EXPECT_EQ(url->is_tls, good.is_tls);
        EXPECT_EQ(url->host_field(), good.host_field);
        EXPECT_EQ(url->text, good.text);
    }
}

TEST(ServerUrl, says_what_is_wrong) {
    const auto why = [](const char* text) {
        const auto url = parse_server_url(text);
        return url ? std::string("accepted") : url.error().message;
    };
    EXPECT_EQ(why(""), "server \"\": no host");
    EXPECT_EQ(why("ftp://a"),
              "server \"ftp://a\": expected HOST, ws://, wss://, http://, https:// or unix:PATH");
    EXPECT_EQ(why("unix:"), "server \"unix:\": no path after unix:");
    EXPECT_EQ(why("ws://"), "server \"ws://\": no host");
    EXPECT_EQ(why("ws://:80"), "server \"ws://:80\": no host");
    EXPECT_EQ(why("ws://a:"), "server \"ws://a:\": no port after the colon");
    EXPECT_EQ(why("ws://[::1"), "server \"ws://[::1\": a '[' without its ']'");
    EXPECT_EQ(why("ws://[::1]x"), "server \"ws://[::1]x\": expected :PORT after the address");
    for (const char* port : {"0", "65536", "x", "-1", "99999999999999999999"}) {
        const std::string text = std::string("ws://a:") + port;
        EXPECT_EQ(why(text.c_str()),
                  "server \"" + text + "\": the port is not a number from 1 to 65535");
    }
    for (const char* text : {"::1", "fd00::7", "ws://a:80:80"}) {
        EXPECT_EQ(why(text), "server \"" + std::string(text) +
                                 "\": write an IPv6 address in brackets, as in [::1]:50001");
    }
    for (const char* text : {"ws://a?x", "ws://kim@a", "ws://a b", "ws://a#f"}) {
        EXPECT_EQ(why(text), "server \"" + std::string(text) +
                                 "\": expected a host, a port and perhaps the path of a proxy");
    }
}

TEST(ServerUrl, needs_no_scheme) {
    const auto plain = parse_server_url("server:50002");
    ASSERT_TRUE(plain.ok());
    EXPECT_EQ(plain->host, "server");
    EXPECT_EQ(plain->port, 50002);
    EXPECT_EQ(plain->text, "ws://server:50002");
}

TEST(ServerUrl, may_have_the_path_of_a_proxy_or_be_a_socket) {
    const auto behind = parse_server_url("wss://cams.example/cams/");
    ASSERT_TRUE(behind.ok());
    EXPECT_EQ(behind->prefix, "/cams");
    EXPECT_EQ(behind->port, 443);
    const auto socket = parse_server_url("unix:/run/streamd/control.sock");
    ASSERT_TRUE(socket.ok());
    EXPECT_EQ(socket->socket, "/run/streamd/control.sock");
    EXPECT_EQ(socket->host_field(), "localhost");
}

}  // namespace
}  // namespace st::streamctl
