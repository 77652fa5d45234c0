#pragma once
/// Where on the server's clock the pictures of a recording were taken, and how far that may be
/// wrong. Pure.
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "clock/clock_fit.h"
#include "clock/exchange.h"
#include "clock/standing.h"
#include "mp4/picture_index.h"
#include "mux/timing.h"

namespace st::mux {

/// The server's clock as straight lines over the display times: one for each stretch in which the
/// camera's clock did not jump.
struct ServerLine {
    struct Stretch {
        std::size_t begin = 0;  ///< its first place in display order
        clock::ClockLine line;  ///< from display time to the arrival clock, both us
    };
    std::vector<Stretch> stretches;
    /// From what arrivals can tell, the least delay left aside; nullopt: no line fits, and pictures
    /// are to be placed as they arrived, whatever the network did to each.
    std::optional<double> error_us;

    /// Arrival clock at the display time of the picture shown first, us.
    double first_us() const { return stretches.front().line.server_us(0); }
    /// The same at a display time behind the last picture's, us.
    double last_us(double display_us) const { return stretches.back().line.server_us(display_us); }
};

/// More restarts of a clock than this are noise: the arrivals are taken as they are.
constexpr std::size_t kStretchesMax = 1000;

/// `choice` has at least one picture; the pictures have arrival times.
ServerLine fit_server_line(const mp4::PictureIndex& pictures,
                           std::span<const std::uint32_t> shown_at, const TimingChoice& choice);

/// By what the camera answered about its clock (our times on the arrival clock): a stretch from
/// exchange to exchange, and the error is the bound of all of them. nullopt: its pictures' times
/// are not those of that clock, as far as is_plausible() says.
std::optional<ServerLine> exchange_line(const mp4::PictureIndex& pictures,
                                        std::span<const std::uint32_t> shown_at,
                                        const TimingChoice& choice,
                                        const clock::ExchangeClock& exchanges,
                                        std::chrono::microseconds late_max);

/// A picture of that device time may have come in at `arrived_us`: not before it was taken, and not
/// more than `late_max` after. `moment.about_us` says only which exchanges tell of it.
bool is_plausible(const clock::ExchangeClock& exchanges, const clock::Moment& moment,
                  std::int64_t arrived_us, std::chrono::microseconds late_max);
/// Of a camera whose connection holds; what it kept while that was lost comes later.
constexpr std::chrono::seconds kLateMax{60};

/// When each picture was taken, in display order: microseconds of the arrival clock, never falling.
/// `delay_us`: how much later than that the line is.
std::vector<std::int64_t> taken_us(const clock::DisplayTimes& times, const ServerLine& line,
                                   double delay_us);

/// Moves the display times onto the line: tick 0 is `zero_us` of the arrival clock.
void put_on_line(clock::DisplayTimes& times, const ServerLine& line, double zero_us);

}  // namespace st::mux
