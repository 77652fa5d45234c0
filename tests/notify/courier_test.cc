/// The one part that knows libcurl, with a target that says what a test wants, byte by byte.
#include "notify/courier.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <atomic>
#include <future>
#include <thread>

#include "base/clock.h"
#include "base/fd.h"
#include "base/sync.h"

namespace st::notify {
namespace {

using namespace std::chrono_literals;

/// No test waits for this long unless it fails.
constexpr auto kPatience = 30s;

/// One connection of the target's.
class Peer {
 public:
    explicit Peer(int fd) : fd_(fd) {}

    /// False: the connection has ended.
    bool read_request() {
        std::string text;
        while (!text.ends_with("{}")) {
            char piece[4096];
            const ssize_t got = ::recv(fd_, piece, sizeof piece, 0);
            if (got <= 0) return false;
            text.append(piece, static_cast<std::size_t>(got));
        }
        return true;
    }
    bool say(const std::string& text) {
        return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) > 0;
    }

 private:
    const int fd_;
};

/// Deals with one connection after the other on a thread of its own, which ends with it.
class Target {
 public:
    explicit Target(std::function<void(Peer&)> talk) : talk_(std::move(talk)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 16) != 0 ||
            ::getsockname(listener_.get(), generic, &size) != 0) {
            throw std::runtime_error("no target");
        }
        url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
        thread_ = std::thread([this] {
            for (;;) {
                Fd fd(::accept(listener_.get(), nullptr, nullptr));
                if (!fd) return;
                ++connections;
                {
                    const Lock lock(mutex_);
                    if (is_over_) return;
                    open_ = fd.get();
                }
                Peer peer(fd.get());
                talk_(peer);
                const Lock lock(mutex_);
                open_ = -1;
            }
        });
    }
    ~Target() {
        {
            const Lock lock(mutex_);
            is_over_ = true;
            ::shutdown(listener_.get(), SHUT_RDWR);
            if (open_ >= 0) ::shutdown(open_, SHUT_RDWR);
        }
        thread_.join();
    }
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;

    HttpPost post() const {
        HttpPost made;
        made.url = url_;
        made.body = "{}";
        made.timeout = kPatience;
        return made;
    }

    std::atomic<int> connections{0};

 private:
    const std::function<void(Peer&)> talk_;
    Fd listener_;
    std::string url_;
    Mutex mutex_;
    int open_ ST_GUARDED_BY(mutex_) = -1;
    bool is_over_ ST_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

class CourierTest : public testing::Test {
 protected:
    CourierTest() {
        for (const char* name : {"http_proxy", "all_proxy", "ALL_PROXY"}) ::unsetenv(name);
    }

    static HttpResult get(std::future<HttpResult> answer) {
        if (answer.wait_for(kPatience) != std::future_status::ready) return {0, "nothing", {}};
        return answer.get();
    }
    std::future<HttpResult> begin(const HttpPost& post) {
        auto said = std::make_shared<std::promise<HttpResult>>();
        courier_.run([this, post, said] {
            courier_.post(post, [said](const HttpResult& result) { said->set_value(result); });
        });
        return said->get_future();
    }
    HttpResult ask(const HttpPost& post) { return get(begin(post)); }

    Courier courier_{"hooks", "test", [](std::string_view what) { ADD_FAILURE() << what; }};
};

TEST_F(CourierTest, takes_the_status_whatever_becomes_of_the_body) {
    const std::vector<std::pair<const char*, std::function<void(Peer&)>>> bodies = {
        {"whole", [](Peer& peer) { peer.say("Content-Length: 2\r\n\r\nok"); }},
        {"none, and the connection stays",
         [](Peer& peer) {
             peer.say("Content-Length: 2\r\n\r\n");
             peer.read_request();
         }},
        {"torn", [](Peer& peer) { peer.say("Content-Length: 100\r\n\r\nshort"); }},
        {"malformed", [](Peer& peer) { peer.say("Transfer-Encoding: chunked\r\n\r\nzzz\r\n"); }},
        {"endless",
         [](Peer& peer) {
             peer.say("\r\n");
             while (peer.say(std::string(4096, 'x'))) {
             }
         }},
        {"until the end", [](Peer& peer) { peer.say("\r\nok"); }},
    };
    for (const auto& [name, body] : bodies) {
        for (const int status : {200, 302, 410, 503}) {
            const Target target([&, &body = body](Peer& peer) {
                peer.read_request();
                peer.say("HTTP/1.1 " + std::to_string(status) + " Word\r\nRetry-After: 7\r\n");
                body(peer);
            });
            const HttpResult result = ask(target.post());
            EXPECT_EQ(result.status, status) << name << ": " << result.error;
            EXPECT_EQ(result.retry_after, 7s) << name;
        }
    }
}

TEST_F(CourierTest, takes_no_status_of_a_header_that_is_not_whole) {
    for (const char* text : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
                             "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", "what\r\n\r\n"}) {
        const Target target([&](Peer& peer) {
            peer.read_request();
            if (*text != '\0') peer.say(text);
        });
        const HttpResult result = ask(target.post());
        EXPECT_EQ(result.status, 0) << text;
        EXPECT_NE(result.error, "") << text;
    }
}

TEST_F(CourierTest, takes_the_status_behind_interim_ones) {
    const Target target([](Peer& peer) {
        peer.read_request();
        peer.say("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
        peer.say("HTTP/1.1 204 No Content\r\n\r\n");
    });
    EXPECT_EQ(ask(target.post()).status, 204);
}

TEST_F(CourierTest, keeps_a_connection_whose_answer_ends_at_once) {
    const Target target([](Peer& peer) {
        while (peer.read_request()) peer.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(target.post()).status, 200);
    EXPECT_EQ(target.connections, 1);
}

TEST_F(CourierTest, ends_what_is_given_up) {
    std::promise<void> asked;
    std::promise<void> left;
    const Target target([&](Peer& peer) {
        peer.read_request();
        asked.set_value();
        peer.read_request();
        left.set_value();
    });
    std::atomic<bool> is_told{false};
    RequestId id = 0;
    courier_.run(
        [&] { id = courier_.post(target.post(), [&](const HttpResult&) { is_told = true; }); });
    ASSERT_EQ(asked.get_future().wait_for(kPatience), std::future_status::ready);
    courier_.run([&] { courier_.give_up(id); });
    EXPECT_EQ(left.get_future().wait_for(kPatience), std::future_status::ready);
    courier_.run([&] { courier_.give_up(id); });  // no harm
    courier_.stop();
    EXPECT_FALSE(is_told);
}

TEST_F(CourierTest, sees_an_answer_that_is_there_before_the_clock) {
    std::promise<void> asked;
    std::promise<void> held_up;
    std::promise<void> sent;
    const Target target([&](Peer& peer) {
        peer.read_request();
        asked.set_value();
        held_up.get_future().wait_for(kPatience);
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        sent.set_value();
        peer.read_request();
    });
    std::vector<std::string> order;
    courier_.run([&] {
        courier_.post(target.post(), [&](const HttpResult&) { order.push_back("answer"); });
    });
    ASSERT_EQ(asked.get_future().wait_for(kPatience), std::future_status::ready);
    std::promise<void> done;
    courier_.run([&] {
        courier_.after(1ms, [&] {
            order.push_back("clock");
            done.set_value();
        });
        held_up.set_value();
        sent.get_future().wait_for(kPatience);
        for (const std::int64_t until_ns = monotonic_ns() + 2'000'000; monotonic_ns() < until_ns;) {
        }
    });
    ASSERT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
    courier_.stop();
    EXPECT_EQ(order, (std::vector<std::string>{"answer", "clock"}));
}

}  // namespace
}  // namespace st::notify
