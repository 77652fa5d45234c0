#pragma once
/// The time line of one live stream: whatever clocks its publishers have, what viewers get begins
/// at 0 and only moves forward, in milliseconds of 64 bits. Pure.
#include <array>
#include <cstdint>

#include "clock/live_pace.h"
#include "media/packet.h"

namespace st::hub {

/// How a publisher's decoding times count.
enum class Clock : std::uint8_t {
    bits_64,  ///< never wraps
    paced,    ///< the same, of a camera that sends each picture when it is taken
    bits_32,  ///< RTMP and FLV: wraps at 2^32 ms; from senders that forget the extension, at 2^24
};

class Timeline {
 public:
    /// A later time than this ahead of the newest one is a jump, unless as much real time went by.
    /// A track may begin as far from the other one.
    static constexpr std::int64_t kForwardMaxMs = 10'000;
    /// A paced clock is no further ahead of its arrivals.
    static constexpr std::int64_t kAheadMaxMs = 2'000;
    /// Disorder in a track: held, if it is no more than this or two of its intervals; else a jump.
    static constexpr std::int64_t kDisorderMs = 100;

    /// Another publisher begins, or the first one: its times have nothing to do with those before.
    /// Each track goes on one interval after its own last packet. Where that takes the tracks
    /// apart from how the new publisher has them, they come together by 1 ms a packet.
    void begin(Clock clock, std::int64_t now_ns);

    /// By what the track's own bits say its packets are `interval_ms` apart; see clock/live_pace.h.
    void expect(media::Track which, double interval_ms);

    /// The stream's time for a picture or sound which its publisher says is decoded at `time_ms`
    /// (of which Clock::bits_32 uses the low 32 bits). `now_ns`: monotonic, of its arrival.
    /// Never less than the track's last one.
    std::int64_t map(media::Track which, std::uint64_t time_ms, std::int64_t now_ns);
    /// How much later than it is decoded what was just mapped is shown, by the same pace: as the
    /// publisher says `said_ms`.
    std::int32_t shown_after_ms(media::Track which, std::int32_t said_ms) const;
    /// Where such a time stands, of what is neither picture nor sound: near the newest time given
    /// out if the clock is another one.
    std::int64_t look(std::uint64_t time_ms) const;
    /// Somebody may have got what was mapped: from now on the line stays where it is. Before that
    /// it moves, so that the earliest packet is the publisher's first one in time.
    void settle() { is_settled_ = true; }
    bool is_settled() const { return is_settled_; }
    /// Somebody published before this publisher.
    bool is_return() const { return is_return_; }

    /// How far the line has moved so far: what was mapped before is as much later.
    std::int64_t moved_ms() const { return moved_ms_; }

    /// The newest time given out.
    std::int64_t newest_ms() const { return newest_given_ms_; }
    /// Jumps that were closed, restarts of publishers not counted.
    std::uint64_t jumps() const { return jumps_; }

 private:
    struct TrackTimes {
        bool has_last = false;
        std::int64_t last_ms = 0;       ///< on the line, and held
        std::int64_t input_ms = 0;      ///< the last, unwrapped
        std::int64_t offset_ms = 0;     ///< stream time minus unwrapped input
        std::int64_t furthest_ms = 0;   ///< stream time of its furthest, before anything was held
        std::int64_t interval_ms = 40;  ///< between its last two that did not jump
        std::int64_t disorder_ms = kDisorderMs;  ///< what is held and no jump, as far as was seen
        bool may_return = false;                 ///< it jumped alone, from this offset, then
        std::int64_t before_ms = 0;
        std::int64_t jumped_ns = 0;
        std::int64_t split_ns = 0;  ///< when the line's offset became another one than its own
        clock::LivePace pace;
        std::int64_t said_ms = 0;   ///< the last, unwrapped, before its pace was put right
        bool has_given = false;     ///< by this publisher or one before
        std::int64_t given_ms = 0;  ///< the last: on the line, and what it is apart from it
        std::int64_t apart_ms = 0;  ///< from the line, since the publisher returned
    };

    const clock::LivePace* other_pace(media::Track which) const;
    std::int64_t unwrap(const TrackTimes& track, std::uint64_t time_ms) const;
    bool is_plausible(const TrackTimes& track, std::int64_t out_ms, std::int64_t now_ns) const;
    void choose_offset(TrackTimes& track, std::int64_t input_ms, std::int64_t now_ns);
    void move_offset(TrackTimes& track, std::int64_t offset_ms, std::int64_t now_ns);
    bool returns(const TrackTimes& track, std::int64_t input_ms, std::int64_t now_ns) const;
    bool follows(const TrackTimes& track, std::int64_t input_ms, std::int64_t now_ns) const;
    void close_jump(TrackTimes& track, std::int64_t input_ms, std::int64_t now_ns);
    void move_line(std::int64_t by_ms);
    std::int64_t continuation_ms(const TrackTimes& track) const;
    void continue_track(TrackTimes& track, std::int64_t line_ms);
    std::int64_t give(TrackTimes& track, std::int64_t line_ms, bool has_moved);

    Clock clock_ = Clock::bits_64;
    bool has_input_ = false;
    bool has_output_ = false;
    bool is_settled_ = false;
    bool is_return_ = false;          ///< somebody published before
    bool is_line_placed_ = false;     ///< by a track that goes on where it was
    std::int64_t base_ms_ = 0;        ///< nothing of this publisher is earlier
    std::int64_t last_input_ms_ = 0;  ///< of any track, unwrapped
    std::int64_t offset_ms_ = 0;      ///< the newest; a track comes to it when its own clock jumps
    std::int64_t newest_ms_ = 0;      ///< on the line
    std::int64_t newest_given_ms_ = 0;
    std::int64_t ended_ms_ = 0;  ///< where the publisher before ended
    std::int64_t moved_ms_ = 0;
    std::int64_t newest_ns_ = 0;  ///< when that came
    std::int64_t began_ns_ = 0;   ///< when the publisher's first packet came
    std::uint64_t jumps_ = 0;
    std::array<TrackTimes, 3> tracks_;
};

}  // namespace st::hub
