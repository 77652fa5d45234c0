/// Simulated takes: the true offset is inside the bound at every picture, and the bound is hardly
/// more than half the least round trip.
#include "clock/exchange.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "clock/standing.h"
#include "support/cases.h"

namespace st::clock {
namespace {

TEST(ExchangeClock, knows_nothing_before_the_first_exchange) {
    const ExchangeClock clock;
    EXPECT_FALSE(clock.at(0, 0));
    EXPECT_FALSE(clock.latest());
    EXPECT_FALSE(clock.least_round_trip_us());
}

TEST(ExchangeClock, one_exchange_bounds_the_offset_by_half_its_round_trip) {
    ExchangeClock clock;
    ASSERT_TRUE(clock.add({1'000'000, 51'000, 51'100, 1'004'100}));
    const auto offset = clock.latest();
    ASSERT_TRUE(offset);
    EXPECT_NEAR(offset->offset_us, 951'000, 3);
    EXPECT_NEAR(offset->bound_us, 2'000, 5);
    EXPECT_EQ(clock.least_round_trip_us(), 4'000);
}

TEST(ExchangeClock, takes_the_best_of_both_directions) {
    ExchangeClock clock;
    ASSERT_TRUE(clock.add({0, 100, 100, 10'100}));             // there in 100, back in 10,000
    ASSERT_TRUE(clock.add({20'000, 30'000, 30'000, 30'100}));  // there in 10,000, back in 100
    const auto offset = clock.at(15'000, 15'000);
    ASSERT_TRUE(offset);
    EXPECT_NEAR(offset->offset_us, 0, 5);
    EXPECT_NEAR(offset->bound_us, 100, 20);
}

TEST(ExchangeClock, adds_what_is_uncertain_by_itself) {
    ExchangeClock plain(1000, 0);
    ExchangeClock page(1000, 7'000);
    for (ExchangeClock* clock : {&plain, &page}) ASSERT_TRUE(clock->add({0, 5'000, 5'000, 2'000}));
    EXPECT_NEAR(page.latest()->bound_us - plain.latest()->bound_us, 7'000, 1);
    EXPECT_GE(plain.latest()->bound_us, 2'000) << "half of the trip, and the milliseconds";
}

TEST(ExchangeClock, refuses_what_cannot_have_happened) {
    ExchangeClock clock;
    EXPECT_FALSE(clock.add({100, 0, 0, 99})) << "back before it left";
    EXPECT_FALSE(clock.add({0, 10, 9, 100})) << "answered before it was asked";
    EXPECT_FALSE(clock.add({0, 0, 1'000, 100})) << "held for longer than it was away";
    EXPECT_EQ(clock.exchanges(), 0U);
}

TEST(ExchangeClock, begins_anew_where_the_clock_was_set) {
    ExchangeClock clock;
    for (int i = 0; i < 10; ++i) {
        const std::int64_t now = i * 2'000'000;
        const std::int64_t set = i < 5 ? 0 : 3'000'000;
        ASSERT_TRUE(clock.add({now, now + 500 + set, now + 500 + set, now + 1'000}));
    }
    EXPECT_EQ(clock.jumps(), 1U);
    EXPECT_NEAR(clock.at(3'000'000, 3'000'000)->offset_us, 0, 600);
    EXPECT_NEAR(clock.latest()->offset_us, -3'000'000, 600);
    EXPECT_GT(clock.at(9'000'000, 9'000'000)->bound_us, 1'000'000)
        << "in between both are possible";
}

TEST(ExchangeClock, allows_for_a_jump_that_looks_like_a_delay) {
    // There and back in 500 us each; then the clock is set by 400 us, and answers are slower.
    ExchangeClock clock;
    for (int i = 0; i < 20; ++i) {
        const std::int64_t now = i * 2'000'000;
        const std::int64_t set = i < 10 ? 0 : 400;
        const std::int64_t slower = i < 10 ? 0 : 400;
        ASSERT_TRUE(clock.add({now, now + 500 + set, now + 500 + set, now + 1'000 + slower}));
    }
    EXPECT_EQ(clock.jumps(), 0U) << "nothing shows it";
    for (std::int64_t at = 1'000'000; at < 38'000'000; at += 500'000) {
        const std::int64_t set = at < 19'000'000 ? 0 : 400;
        const auto offset = clock.at(at + set, at);
        EXPECT_LE(std::abs(offset->offset_us + static_cast<double>(set)), offset->bound_us) << at;
    }
}

TEST(ExchangeClock, the_same_witnesses_tell_between_two_exchanges) {
    ExchangeClock clock;
    EXPECT_EQ(clock.witnesses(0, 0), clock.witnesses(1'000'000, 1'000'000));
    for (int i = 0; i < 5; ++i) {
        const std::int64_t now = i * 2'000'000;
        ASSERT_TRUE(clock.add({now, now + 500, now + 500, now + 1'000}));
    }
    EXPECT_EQ(clock.witnesses(2'100'000, 2'100'000), clock.witnesses(3'900'000, 3'900'000));
    EXPECT_NE(clock.witnesses(1'900'000, 1'900'000), clock.witnesses(2'100'000, 2'100'000));
    const auto first = clock.at(2'100'000, 2'100'000);
    const auto last = clock.at(3'900'000, 3'900'000);
    const auto middle = clock.at(3'000'000, 3'000'000);
    EXPECT_LE(middle->bound_us, std::max(first->bound_us, last->bound_us) + 1);
}

/// When the server asks again: as capture::ClockExchanges does while a camera streams.
class Questions {
 public:
    double wait_us(const ExchangeClock& clock, std::optional<std::int64_t> round_trip_us) {
        constexpr double kAgain = 100e3;
        constexpr double kInterval = 2e6;
        if (asked_++ < 8) return kAgain;
        const bool was_slow =
            round_trip_us && *round_trip_us > clock.least_round_trip_us().value_or(0) + 500;
        tries_ = was_slow && tries_ < 7 ? tries_ + 1 : 0;
        return tries_ > 0 ? kAgain : kInterval;
    }

 private:
    unsigned asked_ = 1;
    unsigned tries_ = 0;
};

/// A camera's clock and a network, made up.
class Take {
 public:
    enum class Network {
        any,
        even,  ///< loses nothing, and delays vary by half a millisecond on average; no clock is set
    };
    explicit Take(unsigned seed, Network network = Network::any) : random_(seed) {
        drift_ = between(-200e-6, 200e-6);
        // It warms up or cools down all the time, or to and fro: the drift changes with it.
        warming_ = between(-0.05e-6, 0.05e-6);
        if (random_() % 2 == 0) swing_seconds_ = between(20, 600);
        seconds_ = between(20, 300);
        const double delay = std::exp(between(std::log(100), std::log(20'000)));
        there_us_ = delay * between(0.1, 1);
        back_us_ = delay * between(0.1, 1);
        there_jitter_us_ = std::exp(between(std::log(50), std::log(20'000)));
        back_jitter_us_ = std::exp(between(std::log(50), std::log(20'000)));
        if (random_() % 2 == 0) tail_ = between(0, 0.2);
        if (random_() % 2 == 0) loss_ = between(0, 0.4);
        resolution_us_ = random_() % 4 == 0 ? 1000 : 1;
        if (random_() % 2 == 0) set_clock();
        if (network == Network::even) {
            drift_ /= 2;
            there_jitter_us_ = std::exp(between(std::log(50), std::log(500)));
            back_jitter_us_ = std::exp(between(std::log(50), std::log(500)));
            tail_ = loss_ = 0;
            jumps_.clear();
        }
        begins_us_ = between(0, 1e13);  // four months apart
        run();
    }

    /// Of the device, at a server time after the beginning.
    double device_us(double server_us) const {
        const double seconds = server_us / 1e6;
        double bent = warming_ * (seconds * seconds / 2);
        if (swing_seconds_ > 0) {  // the same change of drift at most
            const double turn = swing_seconds_ / (2 * M_PI);
            bent = warming_ * turn * (seconds - turn * std::sin(seconds / turn));
        }
        double device = begins_us_ + server_us * (1 + drift_) + bent * 1e6;
        for (const Jump& jump : jumps_) device += server_us >= jump.at_us ? jump.by_us : 0;
        return device;
    }

    void check(const std::string& about) const {
        ASSERT_GT(clock_.exchanges(), 3U) << about;
        std::vector<double> times;
        for (double server = 0; server < seconds_ * 1e6; server += 1.37e6) times.push_back(server);
        for (const Jump& jump : jumps_) {
            for (const double apart : {-2e6, -1e5, -1e3, -1.0, 1.0, 1e3, 1e5, 2e6})
                times.push_back(jump.at_us + apart);
        }
        for (const double server : times) {
            // Of a jump that no exchange came behind nothing can be known.
            if (server < 0 || (!jumps_.empty() && jumps_.back().at_us > known_us_)) continue;
            const auto device = static_cast<double>(told(device_us(server)));  // a picture's stamp
            const auto offset = clock_.at(std::llround(device), std::llround(server));
            ASSERT_TRUE(offset);
            const double error = std::abs(device + offset->offset_us - server);
            ASSERT_LE(error, offset->bound_us)
                << about << ", at " << server / 1e6 << " s" << to_string();
            // At the ends of a take fewer exchanges tell the drift; an even network tells more.
            const bool is_inside = server >= 5e6 && server <= seconds_ * 1e6 - 5e6;
            const bool is_even = std::abs(drift_) <= 100e-6 && tail_ == 0 && loss_ == 0 &&
                                 there_jitter_us_ <= 500 && back_jitter_us_ <= 500;
            if (!jumps_.empty() || !is_inside || !is_even) continue;
            ASSERT_LE(offset->bound_us, static_cast<double>(*clock_.least_round_trip_us()) / 2 +
                                            1'000 + 2 * static_cast<double>(resolution_us_))
                << about << ", at " << server / 1e6 << " s";
        }
        check_line(about);
        // A jump that no delay can hide is seen; nothing else is.
        const bool is_plain = jumps_.size() == 1 && std::abs(jumps_[0].by_us) > 60e6;
        if (jumps_.empty() || is_plain) {
            EXPECT_EQ(clock_.jumps(), jumps_.size()) << about;
        }
    }

    /// What session.json says: one line for the whole of it.
    void check_line(const std::string& about) const {
        std::vector<Moment> moments;
        std::vector<double> times;
        for (double server = 0; server < seconds_ * 1e6; server += 0.7e6) {
            if (!jumps_.empty() && (jumps_.back().at_us > known_us_ || is_near_jump(server)))
                continue;
            times.push_back(server);
        }
        const auto moment = [&](std::size_t i) {
            return Moment{told(device_us(times[i])), std::llround(times[i])};
        };
        const auto witnesses = [&](std::size_t i) {
            return clock_.witnesses(moment(i).device_us, moment(i).about_us);
        };
        // Those that are not asked for lie between two of which the same exchanges tell.
        for (std::size_t i = 0; i < times.size(); ++i) {
            const bool is_between = i % 2 == 1 && i + 1 < times.size() &&
                                    witnesses(i - 1) == witnesses(i) &&
                                    witnesses(i + 1) == witnesses(i);
            if (!is_between) moments.push_back(moment(i));
        }
        const Standing line = standing_over(clock_, moments);
        for (const double server : times) {
            const auto device = static_cast<double>(told(device_us(server)));
            const double said = device + static_cast<double>(line.offset_us) +
                                static_cast<double>(line.drift_ppm) / 1e6 *
                                    (device - static_cast<double>(moments.front().device_us));
            ASSERT_LE(std::abs(said - server), static_cast<double>(line.bound_us))
                << about << ", at " << server / 1e6 << " s, by its line" << to_string();
        }
    }

 private:
    struct Jump {
        double at_us;
        double by_us;
    };

    bool is_near_jump(double server_us) const {
        return std::ranges::any_of(
            jumps_, [&](const Jump& jump) { return std::abs(server_us - jump.at_us) < 1.5e6; });
    }
    double between(double least, double most) {
        return std::uniform_real_distribution<double>(least, most)(random_);
    }
    /// Of some the delay has no end: radio links that fade, a hand on the antenna.
    double jitter(double mean) {
        if (between(0, 1) < tail_) return mean * std::pow(between(1e-4, 1), -1 / 1.2);
        return std::exponential_distribution<double>(1 / mean)(random_);
    }
    std::int64_t told(double device) const {
        return static_cast<std::int64_t>(device) / resolution_us_ * resolution_us_;
    }

    /// By a millisecond and by a day, most of them smaller than round trips are.
    void set_clock() {
        double at = between(4, seconds_ - 5);
        do {
            const double most = random_() % 4 == 0 ? 1e11 : 1e7;
            jumps_.push_back({at * 1e6, (random_() % 2 ? 1 : -1) *
                                            std::exp(between(std::log(1e3), std::log(most)))});
            at += between(121, 240);
        } while (at < seconds_ - 5);
    }

    void run() {
        clock_ = ExchangeClock(resolution_us_);
        Questions questions;
        double now = 0;
        while (now < seconds_ * 1e6) {
            std::optional<std::int64_t> round_trip_us;
            if (between(0, 1) >= loss_) {
                // TCP: nothing overtakes.
                const double received =
                    std::max(replied_us_, now + there_us_ + jitter(there_jitter_us_));
                replied_us_ = received + between(10, 2'000);
                returned_us_ =
                    std::max(returned_us_, replied_us_ + back_us_ + jitter(back_jitter_us_));
                const Exchange exchange{std::llround(now), told(device_us(received)),
                                        told(device_us(replied_us_)), std::llround(returned_us_)};
                if (clock_.add(exchange)) round_trip_us = exchange.round_trip_us();
                known_us_ = received - 3e6;
            }
            now += questions.wait_us(clock_, round_trip_us);
        }
    }

    std::string to_string() const {
        std::string out;
        for (const Jump& jump : jumps_) {
            out += "; set by " + std::to_string(jump.by_us / 1e6) + " s at " +
                   std::to_string(jump.at_us / 1e6) + " s";
        }
        return out;
    }

    std::mt19937 random_;
    ExchangeClock clock_;
    double drift_ = 0;
    double warming_ = 0;        ///< change of the drift each second, at most
    double swing_seconds_ = 0;  ///< from cold to warm and back; 0: one way
    double seconds_ = 0;
    double there_us_ = 0;
    double back_us_ = 0;
    double there_jitter_us_ = 0;
    double back_jitter_us_ = 0;
    double tail_ = 0;
    double loss_ = 0;
    double replied_us_ = 0;
    double returned_us_ = 0;
    double known_us_ = 0;  ///< up to where jumps can be known of
    std::int64_t resolution_us_ = 1;
    std::vector<Jump> jumps_;
    double begins_us_ = 0;
};

TEST(ExchangeClock, on_a_loopback_with_a_millisecond_of_jitter_the_bound_is_within_two_and_a_half) {
    for (unsigned seed = 0; seed < 100; ++seed) {
        std::mt19937 random(seed);
        std::exponential_distribution<double> jitter(1.0 / 1'000);
        ExchangeClock clock;
        Questions questions;
        double now = 0;
        for (int n = 0; now < 60e6; ++n) {
            const double received = now + 30 + jitter(random);
            const double returned = received + 50 + jitter(random);
            const auto at = std::llround(received);
            const Exchange exchange{std::llround(now), at, at + 20, std::llround(returned)};
            clock.add(exchange);
            now += questions.wait_us(clock, exchange.round_trip_us());
            if (n < 7) continue;
            ASSERT_LE(clock.latest()->bound_us, 2'500) << "seed " << seed << ", exchange " << n;
        }
        for (std::int64_t at = 0; at < 60'000'000; at += 500'000)
            ASSERT_LE(clock.at(at, at)->bound_us, 2'500) << "seed " << seed << ", at " << at;
    }
}

TEST(ExchangeClock, over_an_even_network_the_bound_is_hardly_more_than_half_a_round_trip) {
    const auto cases = static_cast<unsigned>(test::cases(1'000, 40));
    for (unsigned seed = 0; seed < cases; ++seed) {
        const Take take(seed, Take::Network::even);
        take.check("seed " + std::to_string(seed));
        if (::testing::Test::HasFatalFailure()) return;
    }
}

TEST(ExchangeClock, holds_its_bound_in_every_take) {
    const auto cases = static_cast<unsigned>(test::cases(10'000, 300));
    for (unsigned seed = 0; seed < cases; ++seed) {
        const Take take(seed);
        take.check("seed " + std::to_string(seed));
        if (::testing::Test::HasFatalFailure()) return;
    }
}

}  // namespace
}  // namespace st::clock
