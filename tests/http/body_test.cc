#include "http/body.h"

#include <gtest/gtest.h>

#include <limits>

namespace st::http {
namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

BodyReader sized(std::uint64_t length, std::uint64_t most = kNoLimit) {
    RequestHead head;
    head.content_length = length;
    return *BodyReader::of_request(head, most);
}

BodyReader chunked(std::uint64_t most = kNoLimit) {
    RequestHead head;
    head.chunked = true;
    return *BodyReader::of_request(head, most);
}

struct Outcome {
    std::string body;
    int status = 0;  ///< of the error, 0: complete, 1: more is wanted
    std::size_t used = 0;
};

Outcome read(BodyReader reader, std::string_view wire, std::size_t step = 1000) {
    Outcome outcome;
    for (std::size_t at = 0; at < wire.size() && !reader.is_complete(); at += step) {
        auto used = reader.collect(as_bytes(wire.substr(at, step)), outcome.body);
        if (!used) {
            outcome.status = used.error().code;
            return outcome;
        }
        outcome.used += *used;
    }
    outcome.status = reader.is_complete() ? 0 : 1;
    return outcome;
}

const std::string kChunked =
    "5\r\nhello\r\n"                     //
    "A;name=\"a b\"\r\n, world!!\n\r\n"  // an extension, and a chunk that holds a line end
    "0001 ; x\r\n.\r\n"                  //
    "0\r\n"                              //
    "X-Trailer: 1\r\n"                   //
    "\r\n";

TEST(Body, of_a_known_size_ends_there) {
    for (std::size_t step = 1; step <= 12; ++step) {
        const Outcome outcome = read(sized(5), "helloGET / H", step);
        EXPECT_EQ(outcome.status, 0);
        EXPECT_EQ(outcome.body, "hello");
        EXPECT_EQ(outcome.used, 5U);
    }
    EXPECT_EQ(read(sized(5), "hell").status, 1);
}

TEST(Body, of_no_size_is_empty) {
    auto reader = BodyReader::of_request(RequestHead{}, 0);
    ASSERT_TRUE(reader);
    EXPECT_TRUE(reader->is_complete());
    EXPECT_TRUE(sized(0).is_complete());
}

TEST(Body, in_chunks_is_read_however_it_is_split) {
    const std::string wire = kChunked + "GET /";
    for (std::size_t step = 1; step <= wire.size(); ++step) {
        SCOPED_TRACE(step);
        const Outcome outcome = read(chunked(), wire, step);
        EXPECT_EQ(outcome.status, 0);
        EXPECT_EQ(outcome.body, "hello, world!!\n.");
        EXPECT_EQ(outcome.used, kChunked.size());
    }
}

TEST(Body, in_chunks_wants_more_after_every_truncation) {
    for (std::size_t size = 0; size < kChunked.size(); ++size) {
        EXPECT_EQ(read(chunked(), kChunked.substr(0, size)).status, 1) << size;
    }
}

TEST(Body, in_chunks_refuses_broken_framing) {
    for (const std::string_view wire :
         {"\r\n", "g\r\n", "-1\r\n", "0x5\r\n", " 5\r\n", "5 \r\n", "5\n", "5\r\r\n", "5 x\r\n",
          "5\r\nhelloX", "5\r\nhello\n", "5\r\nhello\rX", "1000000000000000\r\n",
          "0\r\nno colon\r\n", "0\r\n folded: 1\r\n", "0\r\n\n", "5;\x01\r\n"}) {
        EXPECT_EQ(read(chunked(), wire).status, 400) << wire;
        EXPECT_EQ(read(chunked(), wire, 1).status, 400) << wire;
    }
}

TEST(Body, framing_has_a_limit) {
    EXPECT_EQ(read(chunked(), "5;" + std::string(kChunkLineBytesMax - 4, 'x') + "\r\nhello").status,
              1);
    EXPECT_EQ(read(chunked(), "5;" + std::string(kChunkLineBytesMax - 3, 'x') + "\r\nhello").status,
              400);
    EXPECT_EQ(read(chunked(), "5;" + std::string(kChunkLineBytesMax, 'x')).status, 400);
    std::string trailers = "0\r\n";
    while (trailers.size() < kTrailerBytesMax) trailers += "X-Trailer: aaaaaaaaaaaaaaaaaaaa\r\n";
    EXPECT_EQ(read(chunked(), trailers + "X: 1\r\n\r\n").status, 400);
}

TEST(Body, over_the_limit_is_refused_from_its_announcement) {
    RequestHead head;
    head.content_length = 101;
    auto reader = BodyReader::of_request(head, 100);
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().code, 413);
    EXPECT_EQ(reader.error().message, "body: 101 bytes, over the limit of 100");
    head.content_length = 100;
    EXPECT_TRUE(BodyReader::of_request(head, 100));

    EXPECT_EQ(read(chunked(10), "B\r\n").status, 413);
    EXPECT_EQ(read(chunked(10), "A\r\n0123456789\r\n0\r\n\r\n").status, 0);
    EXPECT_EQ(read(chunked(10), "9\r\n012345678\r\n2\r\n").status, 413) << "chunks add up";
    EXPECT_EQ(read(chunked(10), "FFFFFFFFFFFFFFF\r\n").status, 413);
}

TEST(Body, of_an_answer_may_end_with_the_connection) {
    ResponseHead head;
    head.status = 200;
    auto reader = BodyReader::of_response(head, "GET", 10);
    ASSERT_TRUE(reader);
    EXPECT_TRUE(reader->ends_with_connection());
    EXPECT_EQ(read(*reader, "0123456789").body, "0123456789");
    EXPECT_EQ(read(*reader, "0123456789X").status, 413);
    head.content_length = 5;
    EXPECT_TRUE(BodyReader::of_response(head, "HEAD", 10)->is_complete());
    EXPECT_EQ(read(*BodyReader::of_response(head, "GET", 10), "01234X").body, "01234");
    for (const int status : {101, 204, 304}) {
        head.status = status;
        EXPECT_TRUE(BodyReader::of_response(head, "GET", 10)->is_complete()) << status;
    }
}

}  // namespace
}  // namespace st::http
