#include "loop/tcp_stream.h"

#include <Poco/Net/SocketAddress.h>
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

#include "loop/collector.h"
#include "loop/listener.h"

namespace st::loop {
namespace {

using std::chrono::milliseconds;

/// A loop with a listener; `peer` is the blocking far end of `stream`.
class StreamTest : public ::testing::Test {
 protected:
    void SetUp() override {
        listener.start(loop, [this](const SocketPtr& socket) {
            near_fd = socket->impl()->sockfd();
            stream = std::make_unique<TcpStream>(loop, *socket, handler);
            loop.stop();
        });
        peer.connect(Poco::Net::SocketAddress("127.0.0.1", listener.port()));
        // A lost wake-up must fail the test, not hang it.
        run();
        ASSERT_TRUE(stream);
    }
    void TearDown() override {
        stream.reset();
        listener.stop();
    }
    /// Runs until something stops the loop, ten seconds at the most.
    void run() {
        EventLoop& l = loop;
        const TimerId guard = l.after(std::chrono::seconds(10), [&l] {
            ADD_FAILURE() << "nothing happened for ten seconds";
            l.stop();
        });
        l.run();
        l.cancel(guard);
    }

    EventLoop loop;
    Listener listener{"127.0.0.1", 0};
    Collector handler;
    Poco::Net::StreamSocket peer;
    std::unique_ptr<TcpStream> stream;
    int near_fd = -1;  ///< of `stream`
};

TEST_F(StreamTest, delivers_what_the_peer_sends_and_then_its_end) {
    handler.on_close = [&] { loop.stop(); };
    peer.sendBytes("hello", 5);
    peer.close();
    run();
    EXPECT_EQ(handler.received, "hello");
    EXPECT_TRUE(handler.ended);
    EXPECT_EQ(handler.end_error, "");
}

TEST_F(StreamTest, sends_more_than_the_socket_takes_in_order) {
    std::string big(8 << 20, 'x');
    for (std::size_t i = 0; i < big.size(); i += 4096)
        big[i] = static_cast<char>('a' + (i / 4096) % 26);
    stream->send(std::string_view(big).substr(0, 3 << 20));
    stream->send(share(Buffer(as_bytes(big).subspan(3 << 20))));
    EXPECT_GT(stream->queued_bytes(), 0U);
    std::thread reader([&] {
        std::string got(big.size(), '\0');
        std::size_t at = 0;
        while (at < got.size()) {
            const int n = peer.receiveBytes(got.data() + at, static_cast<int>(got.size() - at));
            if (n <= 0) break;
            at += static_cast<std::size_t>(n);
        }
        EXPECT_TRUE(got == big);
        peer.sendBytes("done", 4);
    });
    handler.on_bytes = [&] { loop.stop(); };
    run();
    reader.join();
    EXPECT_EQ(stream->queued_bytes(), 0U);
    EXPECT_EQ(handler.drained, 1);
}

TEST_F(StreamTest, the_kernel_holds_little_for_a_peer_that_does_not_read) {
    constexpr int kUnsent = 16 * 1024;
    constexpr std::size_t kSegment = 64 * 1024;  // it takes whole ones
    stream->limit_kernel_queue({1 << 20, kUnsent});
    const SharedBuffer picture = share(Buffer(as_bytes(std::string(5000, 'p'))));
    while (stream->bytes_out() + stream->queued_bytes() < 16 << 20) stream->send(picture);
    int unsent = 0;
    ASSERT_EQ(::ioctl(near_fd, SIOCOUTQNSD, &unsent), 0);
    EXPECT_LT(unsent, kUnsent + kSegment);
    EXPECT_GT(stream->queued_bytes(), 0U);
}

TEST_F(StreamTest, sends_many_buffers_in_order_whatever_the_kernel_takes_at_once) {
    stream->limit_kernel_queue({8192, 8192});  // partial writes, in the middle of buffers
    std::string all;
    std::vector<SharedBuffer> buffers;
    for (std::size_t i = 0; i < 1000; ++i) {
        const std::string one(i % 13 == 0 ? 0 : 1 + (i * 37) % 3000,
                              static_cast<char>('a' + i % 26));
        all += one;
        buffers.push_back(share(Buffer(as_bytes(one))));
    }
    stream->send(std::span<const SharedBuffer>(buffers));
    EXPECT_EQ(stream->queued_bytes() + stream->bytes_out(), all.size());
    EXPECT_GT(stream->queued_bytes(), 0U);
    stream->send("end");
    std::thread reader([&] {
        std::string got(all.size() + 3, '\0');
        std::size_t at = 0;
        while (at < got.size()) {
            const int n = peer.receiveBytes(got.data() + at, static_cast<int>(got.size() - at));
            if (n <= 0) break;
            at += static_cast<std::size_t>(n);
        }
        EXPECT_TRUE(got == all + "end");
        peer.sendBytes("done", 4);
    });
    handler.on_bytes = [&] { loop.stop(); };
    run();
    reader.join();
    EXPECT_EQ(stream->bytes_out(), all.size() + 3);
    EXPECT_EQ(handler.drained, 1);
    for (const SharedBuffer& buffer : buffers) EXPECT_EQ(buffer.use_count(), 1);
}

TEST_F(StreamTest, buffers_that_fit_are_sent_at_once_and_not_kept) {
    const std::vector<SharedBuffer> buffers(3, share(Buffer(as_bytes("abc"))));
    stream->send(std::span<const SharedBuffer>(buffers));
    EXPECT_EQ(stream->queued_bytes(), 0U);
    EXPECT_EQ(buffers.front().use_count(), 3);
    std::string got(9, '\0');
    ASSERT_EQ(peer.receiveBytes(got.data(), 9), 9);
    EXPECT_EQ(got, "abcabcabc");
    EXPECT_EQ(handler.drained, 0) << "it never had to wait";
}

TEST_F(StreamTest, a_paused_stream_delivers_nothing_and_everything_after_resume) {
    stream->pause_reading();
    peer.sendBytes("held", 4);
    loop.after(milliseconds(50), [&] { loop.stop(); });
    run();
    EXPECT_EQ(handler.received, "");
    handler.on_bytes = [&] { loop.stop(); };
    stream->resume_reading();
    run();
    EXPECT_EQ(handler.received, "held");
}

TEST_F(StreamTest, pausing_in_the_middle_of_a_burst_keeps_the_rest) {
    const std::string burst(600'000, 'b');  // more than two scratch buffers
    handler.on_bytes = [&] {
        stream->pause_reading();
        loop.after(milliseconds(1), [&] { stream->resume_reading(); });
        if (handler.received.size() == burst.size()) loop.stop();
    };
    std::thread writer([&] { peer.sendBytes(burst.data(), static_cast<int>(burst.size())); });
    run();
    writer.join();
    EXPECT_EQ(handler.received.size(), burst.size());
}

TEST_F(StreamTest, finish_sends_the_queue_then_closes_and_throws_input_away) {
    stream->send("bye");
    stream->finish(milliseconds(5000));
    handler.on_close = [&] { loop.stop(); };
    std::thread other([&] {
        std::string got(16, '\0');
        EXPECT_EQ(peer.receiveBytes(got.data(), 16), 3);
        peer.sendBytes("late", 4);
        EXPECT_EQ(peer.receiveBytes(got.data(), 16), 0);
        peer.close();
    });
    run();
    other.join();
    EXPECT_EQ(handler.received, "");
    EXPECT_TRUE(handler.ended);
}

TEST_F(StreamTest, finish_gives_up_on_a_peer_that_never_closes) {
    stream->finish(milliseconds(20));
    handler.on_close = [&] { loop.stop(); };
    run();
    EXPECT_FALSE(stream->is_open());
}

TEST_F(StreamTest, a_reset_is_an_end_with_its_reason) {
    handler.on_close = [&] { loop.stop(); };
    peer.setLinger(true, 0);
    peer.close();
    run();
    EXPECT_TRUE(handler.ended);
    EXPECT_NE(handler.end_error, "");
}

TEST_F(StreamTest, a_paused_stream_gives_what_came_before_a_reset) {
    stream->pause_reading();
    peer.sendBytes("last words", 10);
    peer.setLinger(true, 0);
    peer.close();
    loop.after(milliseconds(30), [&] { stream->resume_reading(); });
    handler.on_close = [&] { loop.stop(); };
    run();
    EXPECT_TRUE(handler.ended);
    EXPECT_EQ(handler.received, "last words");
}

TEST_F(StreamTest, an_answer_that_cannot_be_sent_costs_nothing_of_what_came_before) {
    // More than one turn reads, so that the failed answer is seen with input still to come.
    const std::string burst(3 * TcpStream::kReadBudget, 'b');
    const int room = static_cast<int>(burst.size());
    stream->pause_reading();
    const int fd = stream->socket().impl()->sockfd();
    if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0) {
        ASSERT_EQ(::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room), 0);
    }
    peer.setBlocking(false);
    std::size_t taken = 0;
    for (int left = 1000; left > 0 && taken < burst.size(); --left) {
        const auto n = ::send(peer.impl()->sockfd(), burst.data(), burst.size() - taken,
                              MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) break;  // both buffers are full: enough
        taken += static_cast<std::size_t>(n);
    }
    // Until all of it is on the receiving side, which a reset does not touch.
    int unsent = 1;
    for (int left = 5000; left > 0 && unsent > 0; --left) {
        ASSERT_EQ(::ioctl(peer.impl()->sockfd(), SIOCOUTQ, &unsent), 0);
        ::usleep(1000);
    }
    if (unsent > 0) GTEST_SKIP() << "the receive buffer of this machine is too small";
    peer.setLinger(true, 0);
    peer.close();
    handler.on_bytes = [&] { stream->send("answer"); };
    handler.on_close = [&] { loop.stop(); };
    stream->resume_reading();
    run();
    EXPECT_TRUE(handler.ended);
    EXPECT_EQ(handler.received.size(), taken);
}

TEST_F(StreamTest, an_exception_in_its_handler_ends_that_stream_alone) {
    handler.on_bytes = [] { throw std::runtime_error("no memory"); };
    handler.on_close = [&] { loop.stop(); };
    peer.sendBytes("x", 1);
    run();
    EXPECT_TRUE(handler.ended);
    EXPECT_EQ(handler.end_error, "no memory");
}

TEST_F(StreamTest, may_be_destroyed_inside_its_own_callback) {
    handler.on_bytes = [&] {
        stream.reset();
        loop.stop();
    };
    peer.sendBytes("x", 1);
    run();
    EXPECT_FALSE(stream);
}

TEST_F(StreamTest, answers_a_peer_that_has_sent_all_it_will) {
    handler.stays = true;
    handler.on_half_close = [this] { loop.stop(); };
    handler.on_close = [this] { loop.stop(); };
    peer.sendBytes("ask", 3);
    peer.shutdownSend();
    run();
    EXPECT_EQ(handler.received, "ask");
    ASSERT_TRUE(handler.half_ended);
    EXPECT_FALSE(handler.ended);
    stream->send("answer");
    stream->finish(std::chrono::seconds(5));
    std::array<char, 16> got{};
    EXPECT_EQ(peer.receiveBytes(got.data(), got.size()), 6);
    EXPECT_EQ(std::string(got.data(), 6), "answer");
    EXPECT_EQ(peer.receiveBytes(got.data(), got.size()), 0) << "and then its end";
    run();
    EXPECT_TRUE(handler.ended);
    EXPECT_EQ(handler.end_error, "");
}

TEST_F(StreamTest, ends_a_peer_that_nothing_is_owed_to) {
    handler.on_close = [this] { loop.stop(); };
    peer.shutdownSend();
    run();
    EXPECT_TRUE(handler.half_ended);
    EXPECT_TRUE(handler.ended);
}

}  // namespace
}  // namespace st::loop
