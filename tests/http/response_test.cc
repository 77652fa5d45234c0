#include "http/response.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "http/body.h"
#include "http/head.h"

namespace st::http {
namespace {

TEST(Response, is_written_whole) {
    const Response response{.status = 409,
                            .content_type = "application/json",
                            .fields = {{"Cache-Control", "no-store"}},
                            .body = "{}"};
    EXPECT_EQ(encode_response(response, true, "Sun, 06 Nov 1994 08:49:37 GMT"),
              "HTTP/1.1 409 Conflict\r\n"
              "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
              "Content-Type: application/json\r\n"
              "Content-Length: 2\r\n"
              "Cache-Control: no-store\r\n"
              "Connection: keep-alive\r\n"
              "\r\n"
              "{}");
}

TEST(Response, to_a_head_request_keeps_the_length_and_drops_the_body) {
    const std::string text =
        encode_response({.content_type = "", .fields = {}, .body = "abc"}, false, {}, true);
    EXPECT_EQ(text, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
}

TEST(Response, without_a_body_has_no_length) {
    const std::string text =
        encode_response({.status = 204, .content_type = "", .fields = {}, .body = ""}, true);
    EXPECT_EQ(text, "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n");
}

TEST(Response, never_lets_a_value_become_a_line) {
    for (const std::string& bad : {std::string("a\r\nSet-Cookie: x"), std::string("a\nb"),
                                   std::string("a\rb"), std::string("a\0b", 3)}) {
        const std::vector<Field> fields = {{"X-Name", bad}};
        EXPECT_THROW(encode_head(200, fields), std::invalid_argument);
        const std::vector<Field> names = {{bad, "x"}};
        EXPECT_THROW(encode_head(200, names), std::invalid_argument);
    }
    EXPECT_THROW(encode_request_head("GET", "/a b", {}), std::invalid_argument);
    EXPECT_THROW(encode_request_head("GET", "/a\r\nX: y", {}), std::invalid_argument);
    EXPECT_THROW(encode_request_head("GE T", "/", {}), std::invalid_argument);
}

TEST(Response, is_what_our_own_reader_reads) {
    ResponseReader reader;
    const std::string text = encode_response(
        {.status = 503, .content_type = "text/plain", .fields = {}, .body = "full"}, false);
    auto used = reader.feed(as_bytes(text));
    ASSERT_TRUE(used);
    ASSERT_TRUE(reader.is_complete());
    const ResponseHead head = reader.take();
    EXPECT_EQ(head.status, 503);
    EXPECT_EQ(head.content_length, 4U);
    EXPECT_FALSE(head.keep_alive);
    EXPECT_EQ(text.substr(*used), "full");
}

TEST(Request, is_what_our_own_reader_reads) {
    const std::vector<Field> fields = {{"Host", "h:1"}, {"Content-Length", "2"}};
    RequestReader reader;
    ASSERT_TRUE(reader.feed(as_bytes(encode_request_head("POST", "/a?b=c", fields))));
    ASSERT_TRUE(reader.is_complete());
    const RequestHead head = reader.take();
    EXPECT_EQ(head.method, "POST");
    EXPECT_EQ(head.target, "/a?b=c");
    EXPECT_EQ(head.host, "h:1");
}

TEST(Chunk, framing_is_what_the_body_reader_reads) {
    RequestHead head;
    head.chunked = true;
    BodyReader reader = *BodyReader::of_request(head, 100);
    std::string wire;
    for (const std::string_view data : {"hello", ", a chunk of more than sixteen"}) {
        wire.append(encode_chunk_head(data.size())).append(data).append(kChunkEnd);
    }
    wire += kLastChunk;
    std::string body;
    ASSERT_TRUE(reader.collect(as_bytes(wire), body));
    EXPECT_TRUE(reader.is_complete());
    EXPECT_EQ(body, "hello, a chunk of more than sixteen");
}

TEST(HttpDate, is_the_one_of_rfc_9110) {
    EXPECT_EQ(http_date(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(http_date(951'827'696), "Tue, 29 Feb 2000 12:34:56 GMT");
}

}  // namespace
}  // namespace st::http
