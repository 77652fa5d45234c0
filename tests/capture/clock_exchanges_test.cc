/// The server's side of the two-way exchange: when it asks, what it believes, and that the bound
/// which comes out of it holds for simulated cameras on simulated networks.
#include "capture/clock_exchanges.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

#include "capture/fakes.h"
#include "clock/standing.h"
#include "support/cases.h"

namespace st::capture {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr camera::ClockAbilities kMicroseconds{camera::TimeUnit::us, true, 0};

class ClockExchangesTest : public ::testing::Test {
 protected:
    /// A camera whose clock is ahead of the server's by `ahead_us`, 1 ms away in each direction.
    bool answer(std::uint32_t id, std::int64_t ahead_us = 5'000'000) {
        const std::int64_t now_us = timers.clock_ns() / 1000;
        const auto device = static_cast<std::uint64_t>(now_us - 1'000 + ahead_us);
        return exchanges.on_reply({id, device, device}, timers.clock_ns()).has_value();
    }
    void answer_at_first() {
        exchanges.begin(kMicroseconds);
        for (unsigned i = 0; i < ClockExchanges::kAtFirst; ++i) {
            timers.advance(milliseconds(2));
            ASSERT_TRUE(answer(asked.back()));
            timers.advance(milliseconds(98));
        }
    }

    ManualTimers timers;
    std::vector<std::uint32_t> asked;
    std::vector<std::int64_t> asked_ns;
    ClockExchanges exchanges{timers, [this](std::uint32_t id) {
                                 asked.push_back(id);
                                 asked_ns.push_back(timers.clock_ns());
                             }};
};

TEST_F(ClockExchangesTest, a_camera_that_did_not_declare_it_is_never_asked) {
    exchanges.begin({camera::TimeUnit::us, false, 0});
    exchanges.set_streaming(true);
    timers.advance(seconds(60));
    EXPECT_TRUE(asked.empty());
    EXPECT_EQ(timers.size(), 0U);
}

TEST_F(ClockExchangesTest, asks_again_while_answers_are_slow_and_at_most_eight_times) {
    answer_at_first();
    exchanges.set_streaming(true);
    const auto answer_after = [&](milliseconds wait) {
        timers.advance(wait);
        EXPECT_TRUE(answer(asked.back()));
    };
    ASSERT_EQ(asked.size(), 9U);
    answer_after(milliseconds(2));  // as fast as any
    timers.advance(milliseconds(1'900));
    EXPECT_EQ(asked.size(), 9U);
    timers.advance(milliseconds(98));
    ASSERT_EQ(asked.size(), 10U);
    answer_after(milliseconds(5));  // 3 ms slower than the least
    timers.advance(milliseconds(100));
    ASSERT_EQ(asked.size(), 11U) << "again";
    answer_after(milliseconds(2));
    timers.advance(milliseconds(1'900));
    EXPECT_EQ(asked.size(), 11U) << "that was a good one";
    timers.advance(milliseconds(100));
    for (unsigned i = 0; i < ClockExchanges::kAtFirst; ++i) {
        ASSERT_EQ(asked.size(), 12U + i);
        answer_after(milliseconds(5));
        timers.advance(milliseconds(100));
    }
    EXPECT_EQ(asked.size(), 19U) << "all were slow: it is the network";
    timers.advance(milliseconds(1'900));
    EXPECT_EQ(asked.size(), 20U);
}

TEST_F(ClockExchangesTest, eight_at_once_then_every_ten_seconds_and_every_two_while_it_streams) {
    const std::int64_t begin_ns = timers.clock_ns();
    exchanges.begin(kMicroseconds);
    timers.advance(milliseconds(700));
    ASSERT_EQ(asked.size(), 8U);
    for (std::size_t i = 0; i < 8; ++i)
        EXPECT_EQ(asked_ns[i] - begin_ns, static_cast<std::int64_t>(i) * 100'000'000);
    timers.advance(milliseconds(9'999));
    EXPECT_EQ(asked.size(), 8U);
    timers.advance(milliseconds(1));
    EXPECT_EQ(asked.size(), 9U);
    timers.advance(seconds(5));
    exchanges.set_streaming(true);
    EXPECT_EQ(asked.size(), 10U) << "at once: what is known is seconds old";
    timers.advance(seconds(20));
    EXPECT_EQ(asked.size(), 20U);
    exchanges.set_streaming(false);
    timers.advance(seconds(22));
    EXPECT_EQ(asked.size(), 23U);
    exchanges.stop();
    timers.advance(seconds(60));
    EXPECT_EQ(asked.size(), 23U);
}

TEST_F(ClockExchangesTest, one_that_streams_right_after_joining_is_asked_every_two_seconds) {
    for (const milliseconds after : {milliseconds(50), milliseconds(701), milliseconds(5'000)}) {
        exchanges.stop();
        asked.clear();
        exchanges.set_streaming(false);
        exchanges.begin(kMicroseconds);
        timers.advance(after);
        exchanges.set_streaming(true);
        timers.advance(seconds(10));
        EXPECT_GE(asked.size(), 12U) << after.count() << " ms";
    }
}

TEST_F(ClockExchangesTest, the_offset_is_known_to_half_the_round_trip) {
    answer_at_first();
    const clock::Standing standing = clock::latest_standing(exchanges.clock());
    EXPECT_EQ(standing.method, clock::Method::exchange);
    EXPECT_NEAR(static_cast<double>(standing.offset_us), -5e6, 1'005);
    EXPECT_NEAR(static_cast<double>(standing.bound_us), 1'000, 50);
    EXPECT_NEAR(static_cast<double>(*standing.rtt_us), 2'000, 2);
    EXPECT_EQ(standing.exchanges, 8U);
    EXPECT_EQ(exchanges.ignored(), 0U);
}

TEST_F(ClockExchangesTest, what_it_says_of_its_own_uncertainty_is_in_the_bound) {
    exchanges.begin({camera::TimeUnit::us, true, 7'000});
    timers.advance(milliseconds(2));
    ASSERT_TRUE(answer(asked.back()));
    EXPECT_NEAR(static_cast<double>(clock::latest_standing(exchanges.clock()).bound_us), 8'000, 10);
}

TEST_F(ClockExchangesTest, milliseconds_are_a_bound_of_their_own) {
    exchanges.begin({camera::TimeUnit::ms, true, 0});
    timers.advance(milliseconds(2));
    const auto device_ms = static_cast<std::uint64_t>(timers.clock_ns() / 1'000'000 - 1);
    ASSERT_TRUE(exchanges.on_reply({asked.back(), device_ms, device_ms}, timers.clock_ns()));
    EXPECT_GE(clock::latest_standing(exchanges.clock()).bound_us, 2'000);
    EXPECT_LE(std::abs(clock::latest_standing(exchanges.clock()).offset_us), 2'000);
}

TEST_F(ClockExchangesTest, answers_may_come_in_any_order) {
    exchanges.begin(kMicroseconds);
    timers.advance(milliseconds(300));
    ASSERT_EQ(asked.size(), 4U);
    for (const std::size_t i : {2U, 0U, 3U, 1U}) EXPECT_TRUE(answer(asked[i])) << i;
}

TEST_F(ClockExchangesTest, what_answers_no_question_is_ignored_and_counted) {
    EXPECT_FALSE(answer(1)) << "before any question";
    exchanges.begin(kMicroseconds);
    timers.advance(milliseconds(2));
    EXPECT_FALSE(answer(asked.back() + 100)) << "another's";
    EXPECT_TRUE(answer(asked.back()));
    EXPECT_FALSE(answer(asked.back())) << "twice";
    timers.advance(milliseconds(98));
    timers.advance(ClockExchanges::kPatience + milliseconds(1));
    EXPECT_FALSE(answer(asked[1])) << "too late";
    EXPECT_EQ(exchanges.ignored(), 4U);
    EXPECT_EQ(exchanges.clock().exchanges(), 1U);
    exchanges.stop();
    EXPECT_FALSE(answer(asked.back()));
}

TEST_F(ClockExchangesTest, what_cannot_be_true_is_ignored_and_counted) {
    exchanges.begin(kMicroseconds);
    const auto reply = [&](std::uint64_t received, std::uint64_t sent) {
        timers.advance(milliseconds(100));
        return exchanges.on_reply({asked.back(), received, sent}, timers.clock_ns()).has_value();
    };
    EXPECT_FALSE(reply(1'000, 999)) << "answered before it was asked";
    EXPECT_FALSE(reply(0, 500'000)) << "held for longer than it was away";
    EXPECT_FALSE(reply(UINT64_MAX, UINT64_MAX));
    EXPECT_FALSE(reply(0, UINT64_MAX));
    EXPECT_FALSE(reply(std::uint64_t{1} << 62, std::uint64_t{1} << 62));
    EXPECT_EQ(exchanges.ignored(), 5U);
    EXPECT_EQ(clock::latest_standing(exchanges.clock()).method, clock::Method::none);
}

TEST_F(ClockExchangesTest, a_camera_that_lies_costs_a_bounded_amount) {
    exchanges.begin(kMicroseconds);
    exchanges.set_streaming(true);
    std::mt19937_64 random(3);
    for (int i = 0; i < 5'000; ++i) {
        timers.advance(seconds(2));
        const std::uint64_t device = random() >> 4;
        exchanges.on_reply({asked.back(), device, device}, timers.clock_ns());
    }
    EXPECT_LE(exchanges.clock().jumps(), clock::ExchangeClock::kJumpsMax);
    EXPECT_LE(exchanges.recent().size(), 64U);
}

TEST_F(ClockExchangesTest, silence_is_no_trouble) {
    exchanges.begin(kMicroseconds);
    exchanges.set_streaming(true);
    timers.advance(seconds(600));
    EXPECT_GE(asked.size(), 300U) << "it is asked all the same";
    EXPECT_EQ(timers.size(), 1U);
    EXPECT_TRUE(answer(asked.back()));
}

TEST_F(ClockExchangesTest, capabilities_said_again_ask_nothing_anew) {
    answer_at_first();
    const std::size_t before = asked.size();
    exchanges.begin(kMicroseconds);
    EXPECT_EQ(asked.size(), before);
    EXPECT_EQ(exchanges.clock().exchanges(), 8U);
    exchanges.begin({camera::TimeUnit::ms, true, 0});
    EXPECT_EQ(asked.size(), before + 1) << "another clock is another matter";
    EXPECT_EQ(exchanges.clock().exchanges(), 0U);
}

TEST_F(ClockExchangesTest, an_instant_of_the_server_is_one_of_the_camera) {
    EXPECT_FALSE(exchanges.device_time(timers.clock_ns()));
    answer_at_first();
    const std::int64_t then_ns = timers.clock_ns() + 600'000'000;
    const auto device = exchanges.device_time(then_ns);
    ASSERT_TRUE(device);
    EXPECT_NEAR(static_cast<double>(*device), static_cast<double>(then_ns / 1000 + 5'000'000),
                1'100);
}

TEST_F(ClockExchangesTest, an_instant_in_whole_milliseconds_is_not_before_it) {
    exchanges.begin({camera::TimeUnit::ms, true, 0});
    const auto device_ms = static_cast<std::uint64_t>(timers.clock_ns() / 1'000'000);
    ASSERT_TRUE(exchanges.on_reply({asked.back(), device_ms, device_ms}, timers.clock_ns()));
    const auto device = exchanges.device_time(timers.clock_ns() + 600'000'000);
    ASSERT_TRUE(device);
    EXPECT_NEAR(static_cast<double>(*device), static_cast<double>(device_ms + 600), 2);
}

/// A camera on a network: the faults of one of them, made up, and the truth beside them.
class Rig {
 public:
    explicit Rig(unsigned seed) : random_(seed) {
        unit_ = random_() % 4 == 0 ? camera::TimeUnit::ms : camera::TimeUnit::us;
        drift_ = between(-200e-6, 200e-6);
        ahead_us_ = between(0, 1e12);
        there_us_ = std::exp(between(std::log(50), std::log(50'000)));
        back_us_ = std::exp(between(std::log(50), std::log(50'000)));
        jitter_us_ = std::exp(between(std::log(10), std::log(50'000)));
        loss_ = random_() % 3 == 0 ? between(0, 0.7) : 0;
        if (random_() % 4 == 0) {
            jump_at_us_ = between(5e6, 50e6);
            jump_us_ = (random_() % 2 == 0 ? 1 : -1) * between(2e6, 100e6);
            ahead_us_ += 200e6;
        }
    }

    std::string what() const {
        return "drift " + std::to_string(drift_ * 1e6) + " ppm, there " +
               std::to_string(there_us_) + ", back " + std::to_string(back_us_) + ", jitter " +
               std::to_string(jitter_us_) + ", loss " + std::to_string(loss_) + ", jump " +
               std::to_string(jump_us_) + " at " + std::to_string(jump_at_us_);
    }

    /// A minute of it, streaming.
    void run() {
        begin_ns_ = timers_.clock_ns();
        exchanges_.begin({unit_, true, 0});
        exchanges_.set_streaming(true);
        timers_.advance(seconds(60));
        exchanges_.stop();
    }

    void check() const {
        const clock::ExchangeClock& clock = exchanges_.clock();
        if (clock.exchanges() == 0) return;
        std::vector<clock::Moment> moments;
        for (double at_us = 0; at_us < 60e6; at_us += 0.73e6) {
            const std::int64_t device = told_us(device_us(at_us));
            const auto server_us = begin_ns_ / 1000 + std::llround(at_us);
            const auto offset = clock.at(device, server_us);
            ASSERT_TRUE(offset);
            const double error = std::abs(static_cast<double>(device) + offset->offset_us -
                                          static_cast<double>(server_us));
            ASSERT_LE(error, offset->bound_us + 1) << what() << ", at " << at_us / 1e6 << " s";
            moments.push_back({device, server_us});
        }
        const clock::Standing all = clock::standing_over(clock, moments);
        for (const clock::Moment& moment : moments) {
            const double server =
                static_cast<double>(moment.device_us + all.offset_us) +
                static_cast<double>(all.drift_ppm) / 1e6 *
                    static_cast<double>(moment.device_us - moments.front().device_us);
            ASSERT_LE(std::abs(server - static_cast<double>(moment.about_us)),
                      static_cast<double>(all.bound_us) + 1)
                << what() << ", the line for all";
        }
        is_useful_ =
            clock.jumps() == 0 && loss_ < 0.3 &&
            static_cast<double>(all.bound_us) < (there_us_ + back_us_) / 2 + jitter_us_ + 3'000;
    }
    bool is_useful() const { return is_useful_; }
    bool should_be_useful() const { return jump_us_ == 0 && loss_ < 0.3; }

 private:
    double between(double least, double most) {
        return std::uniform_real_distribution<double>(least, most)(random_);
    }
    double jitter() { return std::exponential_distribution<double>(1 / jitter_us_)(random_); }
    /// By the camera's clock, so long after the beginning.
    double device_us(double at_us) const {
        const double set = jump_us_ != 0 && at_us >= jump_at_us_ ? jump_us_ : 0;
        return ahead_us_ + at_us * (1 + drift_) + set;
    }
    std::int64_t told_us(double device) const {
        const double unit_us = unit_ == camera::TimeUnit::us ? 1 : 1000;
        return static_cast<std::int64_t>(std::floor(device / unit_us) * unit_us);
    }
    std::uint64_t told(double device) const {
        return static_cast<std::uint64_t>(told_us(device) /
                                          (unit_ == camera::TimeUnit::us ? 1 : 1000));
    }
    double now_us() const { return static_cast<double>(timers_.clock_ns() - begin_ns_) / 1000; }

    void on_question(std::uint32_t id) {
        if (loss_ > 0 && between(0, 1) < loss_) return;
        const double received = now_us() + there_us_ + jitter();
        const double replied = received + between(10, 3'000);
        const double returned = replied + back_us_ + jitter();
        const camera::ClockReply reply{id, told(device_us(received)), told(device_us(replied))};
        timers_.after(std::chrono::nanoseconds(std::llround((returned - now_us()) * 1000)),
                      [this, reply] { exchanges_.on_reply(reply, timers_.clock_ns()); });
    }

    std::mt19937 random_;
    ManualTimers timers_;
    ClockExchanges exchanges_{timers_, [this](std::uint32_t id) { on_question(id); }};
    std::int64_t begin_ns_ = 0;
    camera::TimeUnit unit_ = camera::TimeUnit::us;
    double drift_ = 0;
    double ahead_us_ = 0;
    double there_us_ = 0;
    double back_us_ = 0;
    double jitter_us_ = 0;
    double loss_ = 0;
    double jump_at_us_ = 0;
    double jump_us_ = 0;
    mutable bool is_useful_ = false;
};

TEST(ClockExchangesAtWork, the_stated_bound_holds_whatever_the_network_does) {
    const auto cases = static_cast<unsigned>(test::cases(5'000, 40));
    unsigned useful = 0;
    unsigned meant = 0;
    for (unsigned seed = 0; seed < cases; ++seed) {
        SCOPED_TRACE(seed);
        Rig rig(seed);
        rig.run();
        rig.check();
        if (::testing::Test::HasFatalFailure()) return;
        meant += rig.should_be_useful() ? 1 : 0;
        useful += rig.should_be_useful() && rig.is_useful() ? 1 : 0;
    }
    EXPECT_GE(useful * 10, meant * 9) << "a bound that is far too wide says nothing";
}

}  // namespace
}  // namespace st::capture
