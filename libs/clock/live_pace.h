#pragma once
/// The pace of a live publisher's clock, judged while its packets come in (clock/pace.h judges
/// whole recordings). Pure.
#include <cstdint>
#include <optional>

namespace st::clock {

/// One track. A clock in another unit is rescaled, one at a pace that no clock and no file sent
/// in real time has gives way to the arrivals. Of a camera that sends as it takes no other pace
/// than that of the arrivals is believed. Of another publisher whose pace differs from that of its
/// arrivals the media itself is asked, which says how far its packets are apart (expect): a file
/// sent faster than it plays, or an encoder that is too slow, has the times that the media says and
/// keeps them; a clock at fault has its arrivals as the media says. If it says neither, arrivals
/// that are far from it and even decide, as with a camera.
class LivePace {
 public:
    explicit LivePace(bool is_said_paced = false) : is_said_paced_(is_said_paced) {}

    /// By its own bits the track's packets are so far apart, which may be wrong.
    void expect(double interval_ms) { said_interval_ms_ = interval_ms; }

    /// `time_ms`: as the publisher says. Returns it as it is meant; 0 of both is the same instant.
    std::int64_t map(std::int64_t time_ms, std::int64_t now_ns, std::int64_t publisher_began_ns);

    /// The clock was found to be wrong with the last map().
    bool was_corrected() const { return was_corrected_; }

    static constexpr unsigned kPacketsMin = 12;
    static constexpr std::int64_t kSpanMinNs = 300'000'000;
    static constexpr double kPaceMost = 8;  ///< or an eighth: no file either

 private:
    enum class State : std::uint8_t { judging, believed, rescaled, replaced };
    void judge(std::int64_t time_ms, std::int64_t now_ns);
    bool is_impossible(double pace, bool is_even, std::int64_t span_ns) const;
    bool is_as_said(double interval_ms) const;
    void doubt(double pace, double interval_ms, std::int64_t span_ns);

    bool is_said_paced_ = false;
    double said_interval_ms_ = 0;  ///< 0: not said
    State state_ = State::judging;
    bool has_first_ = false;
    bool was_corrected_ = false;
    std::int64_t first_ms_ = 0;  ///< where judging began
    std::int64_t first_ns_ = 0;
    std::int64_t middle_ms_ = 0;  ///< half of kPacketsMin later
    std::int64_t middle_ns_ = 0;
    std::int64_t begin_ms_ = 0;  ///< of the publisher's time, at the track's first packet
    unsigned packets_ = 0;
    double units_per_ms_ = 1;
};

}  // namespace st::clock
