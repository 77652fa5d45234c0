#include "loop/output_queue.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace st::loop {
namespace {

SharedBuffer text(std::string_view of) { return share(Buffer(as_bytes(of))); }

/// Everything the queue would send next, at most `pieces_max` buffers of it.
std::string next_of(const OutputQueue& queue, std::size_t pieces_max) {
    std::array<iovec, 64> pieces;
    std::string joined;
    const std::size_t count = queue.gather(std::span(pieces).first(pieces_max));
    for (std::size_t i = 0; i < count; ++i) {
        joined.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
    }
    return joined;
}

TEST(OutputQueue, takes_nothing_from_the_heap_while_nothing_waits) {
    EXPECT_LE(sizeof(OutputQueue), 48U);
    const OutputQueue queue;
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(next_of(queue, 64), "");
}

TEST(OutputQueue, gives_bytes_in_order_however_they_are_consumed) {
    for (std::size_t step = 1; step <= 12; ++step) {
        SCOPED_TRACE(step);
        OutputQueue queue;
        queue.push(text("abcd"), 1);
        queue.push(text(""));
        queue.push(text("e"));
        queue.push(text("fghijkl"));
        std::string got;
        while (!queue.empty()) {
            const std::string next = next_of(queue, 2);
            const std::size_t some = std::min(step, next.size());
            got += next.substr(0, some);
            queue.consume(some);
            EXPECT_EQ(queue.bytes(), 11 - got.size());
        }
        EXPECT_EQ(got, "bcdefghijkl");
    }
}

TEST(OutputQueue, keeps_the_order_when_the_ring_grows_around_its_end) {
    OutputQueue queue;
    std::string expected;
    std::string got;
    int next = 0;
    for (int round = 0; round < 40; ++round) {
        for (int i = 0; i < 7; ++i) {
            const std::string one = std::to_string(next++) + ",";
            expected += one;
            queue.push(text(one));
        }
        const std::string piece = next_of(queue, 5);
        got += piece;
        queue.consume(piece.size());
    }
    while (!queue.empty()) {
        const std::string piece = next_of(queue, 64);
        got += piece;
        queue.consume(piece.size());
    }
    EXPECT_EQ(got, expected);
}

TEST(OutputQueue, lets_go_of_a_buffer_once_its_last_byte_is_out) {
    OutputQueue queue;
    const SharedBuffer first = text("ab");
    queue.push(first);
    queue.push(text("c"));
    EXPECT_EQ(first.use_count(), 2);
    queue.consume(1);
    EXPECT_EQ(first.use_count(), 2);
    queue.consume(1);
    EXPECT_EQ(first.use_count(), 1);
    queue.push(first);
    queue.clear();
    EXPECT_EQ(first.use_count(), 1);
    EXPECT_EQ(queue.bytes(), 0U);
}

}  // namespace
}  // namespace st::loop
