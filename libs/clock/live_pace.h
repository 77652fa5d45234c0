#pragma once
/// The pace of a live publisher's clock, judged while its packets come in (clock/pace.h judges
/// whole recordings). Pure.
#include <cstdint>
#include <optional>

namespace st::clock {

/// One track. A clock in another unit is rescaled, one at a pace that no clock and no file sent
/// in real time has gives way to the arrivals. Of a camera that sends as it takes no other pace
/// than that of the arrivals is believed, unless its pictures' own headers say that it sends them
/// faster than it took them. Of another publisher whose pace differs from that of its
/// arrivals the media itself is asked, which says how far its packets are apart (expect): a file
/// sent faster than it plays, or an encoder that is too slow, has the times that the media says and
/// keeps them; a clock at fault has its arrivals as the media says. A track of which that is not
/// known goes by what the other one's media says of the clock that they share. If neither says
/// anything, arrivals that are far from it and even decide, as with a camera.
class LivePace {
 public:
    explicit LivePace(bool is_said_paced = false) : is_said_paced_(is_said_paced) {}

    /// By its own bits the track's packets are so far apart, which may be wrong.
    void expect(double interval_ms) { said_interval_ms_ = interval_ms; }

    /// `time_ms`: as the publisher says. Returns it as it is meant; 0 of both is the same instant.
    /// `other`: its other track, if there is one.
    std::int64_t map(std::int64_t time_ms, std::int64_t now_ns, std::int64_t publisher_began_ns,
                     const LivePace* other = nullptr);

    /// The clock was found to be wrong with the last map().
    bool was_corrected() const { return was_corrected_; }
    /// How many of the clock's units are a millisecond of what map() returns.
    double units_per_ms() const { return units_per_ms_; }
    /// Of a camera: it may be ahead of its arrivals, since it sends a file.
    bool may_be_ahead() const { return may_be_ahead_; }

    static constexpr unsigned kPacketsMin = 12;
    static constexpr std::int64_t kSpanMinNs = 300'000'000;
    static constexpr double kPaceMost = 8;  ///< or an eighth: no file either

 private:
    enum class State : std::uint8_t { judging, believed, rescaled, replaced };
    /// What the media says of the clock: nothing, or that its packets are as far apart by the
    /// clock as they should be, or by their arrivals and not by the clock.
    enum class Word : std::uint8_t { none, right, wrong };
    void judge(std::int64_t time_ms, std::int64_t now_ns, const LivePace* other);
    void note_middle(std::int64_t time_ms, std::int64_t now_ns);
    Word word(double interval_ms, double pace, bool is_even) const;
    bool shares_clock(const LivePace& other, std::int64_t time_ms) const;
    bool has_yet_to_speak() const;
    void follow(const LivePace& other, std::int64_t span_ns);
    bool is_impossible(double pace, bool is_even, std::int64_t span_ns) const;
    bool is_as_said(double interval_ms) const;
    void replace(double units_per_ms);
    void doubt(double pace, double interval_ms, std::int64_t span_ns);

    bool is_said_paced_ = false;
    double said_interval_ms_ = 0;  ///< 0: not said
    State state_ = State::judging;
    Word word_ = Word::none;  ///< when it was last judged
    bool has_first_ = false;
    bool was_corrected_ = false;
    bool may_be_ahead_ = false;
    std::int64_t first_ms_ = 0;  ///< where judging began
    std::int64_t first_ns_ = 0;
    struct Place {
        std::int64_t ms = 0;
        std::int64_t ns = 0;
        unsigned packets = 0;
    };
    Place middle_;               ///< with a quarter to a half of the packets that were judged
    Place next_;                 ///< will be that, with twice as many
    std::int64_t begin_ms_ = 0;  ///< of the publisher's time, at the track's first packet
    std::int64_t last_ms_ = 0;
    std::optional<std::int64_t> other_ms_;  ///< where the other track was when judging began
    unsigned packets_ = 0;
    double units_per_ms_ = 1;  ///< of a clock that was replaced: as it was judged
};

}  // namespace st::clock
