#pragma once
/// Where a camera's clock stands against ours, from questions that it answered: with a bound that
/// holds whatever the network did to each of them. Pure.
///
/// The question left us at s1 and reached the camera at r by its clock; its answer left at t and
/// reached us at s4. Neither takes less than no time, so with server time = device time + offset
///   offset at r  >=  s1 - r          offset at t  <=  s4 - t
/// Each exchange gives one point of a lower and one of an upper envelope. Around the device time
/// asked for, all lines that pass between both envelopes are possible; the offset is the middle of
/// what they allow there, and half of it is the bound. The best questions and the best answers of a
/// window count, whichever exchange they belong to: jitter in one direction costs nothing.
///
/// A clock's drift is taken to change by at most kDriftChangePpm each second (a phone that warms
/// up changes by less), and to be at most kDriftPpmMost. No line passes where the clock was set:
/// the exchanges before that are not used for the times behind it.
///
/// A jump that is smaller than the round trips around it looks like a delay: nothing shows it. The
/// bound therefore allows for one at any time. It was before or behind the time asked for, so what
/// the exchanges of one side allow by themselves is true, whichever side that is; the bound holds
/// both. It is a bound unless a clock is set so twice within kWindowUs, within kBurstUs of the
/// first or the last exchange, or behind that. Where more than 100 ms are open so, the offset
/// is what all exchanges say without a jump, and the bound is larger for it.
#include <cstdint>
#include <optional>
#include <vector>

namespace st::clock {

/// All in microseconds.
struct Exchange {
    std::int64_t sent_us = 0;      ///< ours
    std::int64_t received_us = 0;  ///< the camera's
    std::int64_t replied_us = 0;   ///< the camera's
    std::int64_t returned_us = 0;  ///< ours

    bool operator==(const Exchange&) const = default;
    std::int64_t round_trip_us() const {
        return returned_us - sent_us - (replied_us - received_us);
    }
};

/// server time = device time + offset_us, to +-bound_us.
struct Offset {
    double offset_us = 0;
    double bound_us = 0;
    double drift_ppm = 0;  ///< of the line in the middle; above 0: the device's clock is slow
};

class ExchangeClock {
 public:
    /// `resolution_us`: what the camera's times are rounded to. `uncertainty_us`: between the clock
    /// that answers and the one that stamps pictures. `kept_max`: exchanges since the last jump,
    /// at least 4; who asks about the present alone needs those of kWindowUs.
    explicit ExchangeClock(std::int64_t resolution_us = 1, std::int64_t uncertainty_us = 0,
                           std::size_t kept_max = kExchangesMax)
        : resolution_us_(resolution_us), uncertainty_us_(uncertainty_us), kept_max_(kept_max) {}

    /// In the order of returning. False: it cannot have happened so, and is not used.
    bool add(const Exchange& exchange);

    /// `about_us`: our time of it, by when it arrived say; a clock that was set back has been at
    /// the same time twice. nullopt: no exchange yet.
    std::optional<Offset> at(std::int64_t device_us, std::int64_t about_us) const;
    /// At the last exchange, by a clock that has not been set since the last jump that was seen.
    std::optional<Offset> latest() const;

    /// Which exchanges tell of a time. Between two times with the same ones the offset lies between
    /// those of both, and the bound is no larger.
    struct Witnesses {
        std::size_t first = 0;      ///< stretch between two jumps
        std::size_t stretches = 0;  ///< from that one on
        std::size_t before = 0;     ///< exchanges in them that were before
        bool operator==(const Witnesses&) const = default;
    };
    Witnesses witnesses(std::int64_t device_us, std::int64_t about_us) const;

    std::int64_t uncertainty_us() const { return uncertainty_us_; }
    std::optional<std::int64_t> least_round_trip_us() const { return least_round_trip_us_; }
    std::uint64_t exchanges() const { return count_; }
    std::uint64_t jumps() const { return stretches_.empty() ? 0 : stretches_.size() - 1; }

    static constexpr double kDriftPpmMost = 250;
    static constexpr double kDriftChangePpm = 0.06;        ///< each second
    static constexpr std::int64_t kWindowUs = 60'000'000;  ///< looked at before and behind a time
    static constexpr std::int64_t kBurstUs = 3'000'000;    ///< has one whole burst of questions
    static constexpr std::size_t kExchangesMax = 40'000;   ///< eleven hours of two each two seconds
    static constexpr std::int64_t kSameUs = 1'000'000;     ///< of so many microseconds two are kept
    static constexpr std::size_t kJumpsMax = 1'000;        ///< a clock set more often has none

 private:
    /// Exchanges between two jumps of the clock, by rising device times.
    struct Stretch {
        std::vector<Exchange> exchanges;
    };
    struct Lines;
    struct Window;
    struct Range;
    enum class Jump : std::uint8_t { is_seen, may_hide };
    static void thin(std::vector<Exchange>& kept);
    Offset within(const Stretch& stretch, std::int64_t device_us, Jump jump) const;
    void allow_hidden(const Window& window, std::int64_t device_us, Range& range) const;
    bool is_possible(std::size_t stretch, std::int64_t about_us) const;
    bool continues(const Stretch& stretch, const Exchange& exchange) const;
    void end(Stretch& stretch, const Exchange& exchange) const;

    std::int64_t resolution_us_;
    std::int64_t uncertainty_us_;
    std::size_t kept_max_;
    std::vector<Stretch> stretches_;
    std::uint64_t count_ = 0;
    std::optional<std::int64_t> least_round_trip_us_;
};

}  // namespace st::clock
