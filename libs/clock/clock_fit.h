#pragma once
/// How a camera's clock runs against the server's, from when its pictures were taken and when they
/// came in. Pure.
#include <cstdint>
#include <optional>
#include <vector>

namespace st::clock {

/// server time = device time + offset_us + drift_ppm / 10^6 * (device time - origin_us)
struct ClockLine {
    double origin_us = 0;  ///< device time of the first pair
    double offset_us = 0;  ///< of the server's clock there
    double drift_ppm = 0;  ///< above 0: the device's clock is slow
    double spread_us = 0;  ///< how much later than the line says pairs came in, on average
    /// Between the first and the last pair the line is at most this far from the line of the least
    /// delays: chance in the delays explains no more. The least delay itself is in the offset:
    /// nothing that only arrives can tell it.
    double error_us = 0;
    bool is_drift_known = true;  ///< else it is the most that was allowed
    bool is_bounded = true;      ///< else no straight line fits, and error_us says nothing

    double server_us(double device_us) const {
        return device_us + offset_us + drift_ppm / 1e6 * (device_us - origin_us);
    }
};

/// A picture never comes in before it was taken, and on the best of days it comes in at once: the
/// line runs below all pairs, as near to them as a straight line can. A burst of late pictures does
/// not pull it. Memory: the lower hull of the pairs, a few dozen points of hours, at most 256
/// blocks, and 16 bytes a second.
///
/// The error: if delays beyond the least one are exponentially distributed, that line is the most
/// likely one, and one whose sum of distances is greater by q mean distances is e^-q as likely.
/// All lines that are not less likely than that make a band, whose edges are known in closed form;
/// its greatest distance from the line is the error. Real delays are neither exponential nor
/// independent, so not the pairs are counted but blocks of neighbours, each by its least delay, and
/// where few of those are near the line the band is as wide as the distance of the twelfth.
///
/// That holds for a clock that runs evenly. Of one that jumped or wandered the pairs themselves
/// show it: for a second or more all come in late. A stall of the network does so too, but what it
/// held back comes in at once: a second counts when it has passed on both clocks. The latest of the
/// least delays of such seconds is in the error.
class ClockFit {
 public:
    /// Device times must rise; a pair that does not is left out.
    void add(std::int64_t device_us, std::int64_t arrival_us);

    /// nullopt before there are kPairsMin pairs over kSpanMinUs: a drift would be noise.
    std::optional<ClockLine> line() const;
    /// Also of less, from the first pair on: then both clocks are taken to run alike, and the error
    /// holds what a drift of kDriftPpmUsual may do.
    std::optional<ClockLine> line_or_offset() const;

    static constexpr std::uint64_t kPairsMin = 20;
    static constexpr std::int64_t kSpanMinUs = 2'000'000;
    static constexpr double kDriftPpmUsual = 200;  ///< of a cheap quartz in a hot phone
    static constexpr double kDriftPpmMost = 2000;  ///< more is taken for a whim of the network

 private:
    struct Point {
        std::int64_t device_us;
        std::int64_t arrival_us;
        std::int64_t delay() const { return arrival_us - device_us; }
    };
    struct Slopes {
        double least;
        double most;
    };
    void add_to_hull(const Point& point);
    void add_to_blocks(const Point& point);
    void add_to_seconds(const Point& point);
    double latest_second(double at_zero, double slope) const;
    double doubt(double at_zero, double slope) const;
    Slopes slopes_through(double device_us, double arrival_us) const;
    double band(double at_zero, double slope) const;

    std::vector<Point> hull_;    ///< convex from below
    std::vector<Point> blocks_;  ///< of each block of pairs the one with the least delay
    std::uint64_t block_pairs_ = 1;
    std::uint64_t in_block_ = 0;  ///< pairs in the last block; 0: it is full
    std::vector<Point> seconds_;  ///< of each second the pair with the least delay
    Point second_least_{};
    std::int64_t second_passed_us_ = 0;  ///< on both clocks, since the first pair of the last one
    unsigned second_pairs_ = 0;          ///< in the one that is not over; 0: none has begun
    Point first_{};
    Point last_{};
    std::uint64_t count_ = 0;
    double device_sum_ = 0;  ///< of all pairs, after the first
    double arrival_sum_ = 0;
};

}  // namespace st::clock
