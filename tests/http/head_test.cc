#include "http/head.h"

#include <gtest/gtest.h>

namespace st::http {
namespace {

const std::string kRequest =
    "POST /api/v1/capture/start?a=b HTTP/1.1\r\n"
    "Host: [::1]:50001\r\n"
    "content-LENGTH:  12 \t\r\n"
    "X-Empty:\r\n"
    "X-Latin: \xE9t\xE9\r\n"
    "\r\n";

/// Status of the error, 0 if the head is complete, 1 if more is wanted.
int outcome(std::string_view text, HeadLimits limits = {}) {
    RequestReader reader(limits);
    auto used = reader.feed(as_bytes(text));
    if (!used) return used.error().code;
    return reader.is_complete() ? 0 : 1;
}

/// One request whose middle is `lines`, each with its own end.
std::string request(std::string_view lines, std::string_view version = "HTTP/1.1") {
    return "GET / " + std::string(version) + "\r\n" + std::string(lines) + "\r\n";
}

RequestHead head_of(std::string_view text) {
    RequestReader reader;
    auto used = reader.feed(as_bytes(text));
    EXPECT_TRUE(used) << used.error().message;
    EXPECT_TRUE(reader.is_complete());
    return reader.take();
}

TEST(RequestReader, reads_a_head_however_it_is_split) {
    const std::string wire = kRequest + "body";
    for (std::size_t step = 1; step <= wire.size(); ++step) {
        SCOPED_TRACE(step);
        RequestReader reader;
        EXPECT_TRUE(reader.is_idle());
        std::size_t used = 0;
        for (std::size_t at = 0; at < wire.size() && !reader.is_complete(); at += step) {
            auto taken = reader.feed(as_bytes(wire).subspan(at, std::min(step, wire.size() - at)));
            ASSERT_TRUE(taken) << taken.error().message;
            EXPECT_FALSE(reader.is_idle());
            used += *taken;
        }
        ASSERT_TRUE(reader.is_complete());
        EXPECT_EQ(used, kRequest.size());
        const RequestHead head = reader.take();
        EXPECT_EQ(head.method, "POST");
        EXPECT_EQ(head.target, "/api/v1/capture/start?a=b");
        EXPECT_EQ(head.host, "[::1]:50001");
        EXPECT_EQ(head.fields.size(), 4U);
        ASSERT_NE(head.find("Content-Length"), nullptr);
        EXPECT_EQ(*head.find("Content-Length"), "12");
        EXPECT_EQ(*head.find("x-empty"), "");
        EXPECT_EQ(head.content_length, 12U);
        EXPECT_TRUE(head.keep_alive);
        EXPECT_FALSE(head.chunked);
        EXPECT_TRUE(reader.is_idle());
    }
}

TEST(RequestReader, wants_more_after_every_truncation) {
    for (std::size_t size = 0; size < kRequest.size(); ++size) {
        EXPECT_EQ(outcome(kRequest.substr(0, size)), 1) << size;
    }
}

TEST(RequestReader, reads_one_request_after_another) {
    const std::string wire = request("Host: a\r\n") + "\r\n" + request("Host: b\r\n");
    RequestReader reader;
    auto used = reader.feed(as_bytes(wire));
    ASSERT_TRUE(used);
    EXPECT_EQ(reader.take().host, "a");
    ASSERT_TRUE(reader.feed(as_bytes(wire).subspan(*used)));
    EXPECT_EQ(reader.take().host, "b") << "one empty line before a request is skipped";
}

TEST(RequestReader, knows_who_keeps_the_connection) {
    EXPECT_TRUE(head_of(request("Host: a\r\n")).keep_alive);
    EXPECT_FALSE(head_of(request("Host: a\r\nConnection: x, Close\r\n")).keep_alive);
    EXPECT_FALSE(head_of(request("", "HTTP/1.0")).keep_alive);
    EXPECT_TRUE(head_of(request("Connection: Keep-Alive\r\n", "HTTP/1.0")).keep_alive);
}

TEST(RequestReader, takes_the_authority_of_an_absolute_target) {
    const RequestHead head =
        head_of("GET http://cam.example:80/a?b HTTP/1.1\r\nHost: evil\r\n\r\n");
    EXPECT_EQ(head.host, "cam.example:80");
    EXPECT_EQ(head.target, "/a?b");
    EXPECT_EQ(head_of("GET ws://h?b HTTP/1.1\r\nHost: h\r\n\r\n").target, "/?b");
    EXPECT_EQ(head_of("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").target, "*");
}

TEST(RequestReader, reads_chunked_and_expect) {
    const RequestHead head = head_of(
        "POST /live/a.flv HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n"
        "Expect: 100-Continue\r\n\r\n");
    EXPECT_TRUE(head.chunked);
    EXPECT_TRUE(head.expects_continue);
    EXPECT_FALSE(head.content_length);
}

struct Refused {
    const char* what;
    std::string wire;
    int status;
};

TEST(RequestReader, refuses_what_two_readers_could_read_differently) {
    const std::string host = "Host: h\r\n";
    const std::vector<Refused> cases = {
        {"bare LF", "GET / HTTP/1.1\nHost: h\r\n\r\n", 400},
        {"bare LF after a field", request("Host: h\n"), 400},
        {"CR inside a line", request(host + "X: a\rb\r\n"), 400},
        {"two CR", request(host + "X: a\r\r\n"), 400},
        {"NUL", request(host + std::string("X: a\0b\r\n", 8)), 400},
        {"escape byte", request(host + "X: a\x1B[0m\r\n"), 400},
        {"DEL", request(host + "X: \x7F\r\n"), 400},
        {"folded line", request(host + "X: a\r\n b\r\n"), 400},
        {"folded first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
        {"space before the colon", request("Host : h\r\n"), 400},
        {"no colon", request(host + "nonsense\r\n"), 400},
        {"empty name", request(host + ": a\r\n"), 400},
        {"no Host", request(""), 400},
        {"two Hosts", request(host + host), 400},
        {"Host with a path", request("Host: h/x\r\n"), 400},
        {"Host with user", request("Host: u@h\r\n"), 400},
        {"Host with a long port", request("Host: h:123456\r\n"), 400},
        {"Host with an open bracket", request("Host: [::1\r\n"), 400},
        {"two lengths", request(host + "Content-Length: 1\r\nContent-Length: 2\r\n"), 400},
        {"length list", request(host + "Content-Length: 1, 1\r\n"), 400},
        {"negative length", request(host + "Content-Length: -1\r\n"), 400},
        {"length with a sign", request(host + "Content-Length: +1\r\n"), 400},
        {"length in hex", request(host + "Content-Length: 0x1\r\n"), 400},
        {"empty length", request(host + "Content-Length:\r\n"), 400},
        {"length over 64 bits", request(host + "Content-Length: 99999999999999999999\r\n"), 400},
        {"length and chunked",
         request(host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), 400},
        {"other coding", request(host + "Transfer-Encoding: gzip, chunked\r\n"), 501},
        {"chunked twice",
         request(host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 501},
        {"chunked in 1.0", request("Transfer-Encoding: chunked\r\n", "HTTP/1.0"), 400},
        {"HTTP/2.0", request(host, "HTTP/2.0"), 505},
        {"no version", "GET /\r\n\r\n", 400},
        {"other protocol", request(host, "RTSP/1.0"), 400},
        {"version with a letter", request(host, "HTTP/1.x"), 400},
        {"two spaces", "GET  / HTTP/1.1\r\n\r\n", 400},
        {"space in the target", "GET /a b HTTP/1.1\r\n\r\n", 400},
        {"method with a slash", "G/T / HTTP/1.1\r\n\r\n", 400},
        {"long method", std::string(33, 'G') + " / HTTP/1.1\r\n\r\n", 400},
        {"target without a slash", "GET a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"target with raw bytes", "GET /\xE4 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"target with a fragment", "GET /#a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"authority form", "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"star for GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\n", 400},
        {"TLS hello", std::string("\x16\x03\x01\x02\x00\x01", 6), 400},
    };
    for (const Refused& refused : cases) {
        EXPECT_EQ(outcome(refused.wire), refused.status) << refused.what;
    }
}

TEST(RequestReader, two_equal_lengths_are_one) {
    EXPECT_EQ(
        head_of(request("Host: h\r\nContent-Length: 7\r\nContent-Length: 7\r\n")).content_length,
        7U);
}

TEST(RequestReader, holds_no_more_than_a_head_may_have) {
    const HeadLimits limits{.head_bytes_max = 500, .target_bytes_max = 100, .fields_max = 3};
    const auto target = [](std::size_t size) {
        return "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n";
    };
    EXPECT_EQ(outcome(target(100), limits), 0);
    EXPECT_EQ(outcome(target(101), limits), 414);
    EXPECT_EQ(outcome("GET /" + std::string(200, 'a'), limits), 414) << "before its line ends";
    EXPECT_EQ(outcome("GET /" + std::string(600, 'a'), limits), 414);
    EXPECT_EQ(outcome(request("Host: h\r\nA: 1\r\nB: 2\r\n"), limits), 0);
    EXPECT_EQ(outcome(request("Host: h\r\nA: 1\r\nB: 2\r\nC: 3\r\n"), limits), 431);
    const std::string start = "GET / HTTP/1.1\r\nHost: h\r\nA: ";
    EXPECT_EQ(outcome(start + std::string(500 - start.size() - 4, 'a') + "\r\n\r\n", limits), 0);
    EXPECT_EQ(outcome(start + std::string(501 - start.size() - 4, 'a') + "\r\n\r\n", limits), 431);
    EXPECT_EQ(outcome(start + std::string(500, 'a'), limits), 431) << "before its line ends";
}

TEST(RequestReader, says_what_it_got) {
    RequestReader reader;
    auto used = reader.feed(as_bytes("GET / HTTP/1.1\r\nHost : h\r\n"));
    ASSERT_FALSE(used);
    EXPECT_EQ(used.error().message, "head: \"Host : h\" is not \"Name: value\"");
}

TEST(ResponseReader, reads_an_answer_and_what_follows_it) {
    const std::string wire =
        "HTTP/1.1 100 Continue\r\n\r\n"
        "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
    ResponseReader reader;
    auto used = reader.feed(as_bytes(wire));
    ASSERT_TRUE(used);
    EXPECT_EQ(reader.take().status, 100);
    ASSERT_TRUE(reader.feed(as_bytes(wire).subspan(*used)));
    ASSERT_TRUE(reader.is_complete());
    const ResponseHead head = reader.take();
    EXPECT_EQ(head.status, 404);
    EXPECT_EQ(head.reason, "Not Found");
    EXPECT_EQ(head.content_length, 5U);
    EXPECT_FALSE(head.keep_alive);
}

TEST(ResponseReader, takes_an_answer_without_a_reason) {
    for (const std::string_view line : {"HTTP/1.1 204", "HTTP/1.1 204 "}) {
        ResponseReader reader;
        ASSERT_TRUE(reader.feed(as_bytes(std::string(line) + "\r\n\r\n")));
        ASSERT_TRUE(reader.is_complete());
        EXPECT_EQ(reader.take().status, 204);
    }
}

TEST(ResponseReader, refuses_what_is_no_answer) {
    for (const std::string_view line :
         {"GET / HTTP/1.1", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1  200", "HTTP/1.1 099 x",
          "HTTP/2.0 200 OK", "HTTP/1.1", "ICY 200 OK", ""}) {
        ResponseReader reader;
        auto used = reader.feed(as_bytes(std::string(line) + "\r\n\r\n"));
        ASSERT_FALSE(used) << line;
        EXPECT_EQ(used.error().code, 0);
    }
}

}  // namespace
}  // namespace st::http
