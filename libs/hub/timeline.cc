#include "hub/timeline.h"

#include <algorithm>
#include <cmath>

#include "clock/modular.h"

namespace st::hub {
namespace {

constexpr std::int64_t kWrap24 = std::int64_t{1} << 24;
/// After a jump of one track the other one's packets from before it may come for so long, and so
/// long it may turn out to have been a single packet's.
constexpr std::int64_t kFollowNs = 1'000'000'000;
/// A track whose clock jumps goes on where it was, unless it stayed behind by more than this.
constexpr std::int64_t kBehindMaxMs = 1'000;

using clock::difference;
using clock::sum;

std::uint64_t distance(std::int64_t a, std::int64_t b) {
    return a < b ? static_cast<std::uint64_t>(difference(b, a))
                 : static_cast<std::uint64_t>(difference(a, b));
}

}  // namespace

void Timeline::begin(Clock clock, std::int64_t now_ns) {
    clock_ = clock;
    has_input_ = false;
    is_settled_ = is_line_placed_ = false;
    is_return_ = has_output_;
    ended_ms_ = newest_given_ms_;
    newest_ns_ = now_ns;
    for (TrackTimes& track : tracks_) {
        track.has_last = track.may_return = false;
        track.apart_ms = 0;
        track.disorder_ms = kDisorderMs;
        track.pace = clock::LivePace(clock == Clock::paced);
    }
}

/// The value nearest to the track's last one that has these low bits.
std::int64_t Timeline::unwrap(const TrackTimes& track, std::uint64_t time_ms) const {
    if (clock_ != Clock::bits_32) return static_cast<std::int64_t>(time_ms);
    const auto low = static_cast<std::uint32_t>(time_ms);
    if (!has_input_) return low;
    const std::int64_t before_ms = track.has_last ? track.said_ms : last_input_ms_;
    const auto step = static_cast<std::int32_t>(low - static_cast<std::uint32_t>(before_ms));
    return before_ms + step;
}

bool Timeline::is_plausible(const TrackTimes& track, std::int64_t out_ms,
                            std::int64_t now_ns) const {
    // A publisher that paused moved on by as much as the wall clock, give or take its buffers.
    const std::int64_t passed_ms = (now_ns - newest_ns_) / 1'000'000;
    if (out_ms > newest_ms_ + kForwardMaxMs + 2 * passed_ms) return false;
    const std::int64_t lasted_ms = (now_ns - began_ns_) / 1'000'000;
    if (clock_ == Clock::paced && !track.pace.may_be_ahead() &&
        out_ms > newest_ms_ + track.interval_ms &&
        out_ms > base_ms_ + kAheadMaxMs + lasted_ms + lasted_ms / 20) {
        return false;
    }
    if (!track.has_last) return out_ms >= newest_ms_ - kForwardMaxMs;
    const std::int64_t disorder_ms =
        std::max(std::min(2 * track.interval_ms, 4 * kDisorderMs), track.disorder_ms);
    return out_ms >= track.furthest_ms - disorder_ms;
}

/// Whether a track that has not followed the other's jump yet does so with this packet.
bool Timeline::follows(const TrackTimes& track, std::int64_t input_ms, std::int64_t now_ns) const {
    const std::int64_t new_ms = sum(input_ms, offset_ms_);
    const std::int64_t old_ms = sum(input_ms, track.offset_ms);
    if (!is_plausible(track, new_ms, now_ns)) return false;
    if (!is_plausible(track, old_ms, now_ns) || now_ns - track.split_ns > kFollowNs) return true;
    const std::int64_t expected_ms = track.furthest_ms + track.interval_ms;
    return distance(new_ms, expected_ms) < distance(old_ms, expected_ms);
}

/// Whether a track that has jumped alone is with this packet where it would be had it not.
bool Timeline::returns(const TrackTimes& track, std::int64_t input_ms, std::int64_t now_ns) const {
    if (!track.may_return || now_ns - track.jumped_ns > kFollowNs) return false;
    for (const TrackTimes& other : tracks_) {
        if (&other == &track || !other.has_last) continue;
        if (other.offset_ms == track.offset_ms) return false;  // it has followed
    }
    const std::int64_t old_ms = sum(input_ms, track.before_ms);
    return is_plausible(track, old_ms, now_ns) && old_ms <= track.furthest_ms + kBehindMaxMs;
}

/// The line's as well; where the other tracks are with it, that is noted.
void Timeline::move_offset(TrackTimes& track, std::int64_t offset_ms, std::int64_t now_ns) {
    for (TrackTimes& other : tracks_) {
        if (&other != &track && other.offset_ms == offset_ms_) other.split_ns = now_ns;
    }
    track.offset_ms = offset_ms_ = offset_ms;
}

void Timeline::choose_offset(TrackTimes& track, std::int64_t input_ms, std::int64_t now_ns) {
    if (!track.has_last) track.offset_ms = offset_ms_;
    if (track.offset_ms != offset_ms_ && follows(track, input_ms, now_ns)) {
        track.offset_ms = offset_ms_;
        track.may_return = false;
    }
    if (returns(track, input_ms, now_ns)) {
        track.may_return = false;
        // It was disorder: the next of that size is held.
        const std::int64_t step_ms = difference(track.offset_ms, track.before_ms);
        track.disorder_ms = std::clamp(step_ms, track.disorder_ms, kBehindMaxMs);
        return move_offset(track, track.before_ms, now_ns);
    }
    if (is_plausible(track, sum(input_ms, track.offset_ms), now_ns)) return;
    // The low 24 bits alone were sent: forward over the wrap, or the last ones from before it.
    if (clock_ == Clock::bits_32) {
        for (const std::int64_t by : {kWrap24, -kWrap24}) {
            if (!is_plausible(track, sum(input_ms, track.offset_ms + by), now_ns)) continue;
            track.offset_ms += by;
            offset_ms_ = track.offset_ms;
            return;
        }
    }
    close_jump(track, input_ms, now_ns);
}

void Timeline::close_jump(TrackTimes& track, std::int64_t input_ms, std::int64_t now_ns) {
    const std::int64_t next_ms =
        (track.has_last ? std::max(track.last_ms, newest_ms_ - kBehindMaxMs) : newest_ms_) +
        track.interval_ms;
    if (!track.may_return || now_ns - track.jumped_ns > kFollowNs) {
        track.before_ms = track.offset_ms;
        track.may_return = track.has_last;
    }
    track.jumped_ns = now_ns;
    move_offset(track, difference(next_ms, input_ms), now_ns);
    track.furthest_ms = next_ms;
    ++jumps_;
}

void Timeline::move_line(std::int64_t by_ms) {
    offset_ms_ = sum(offset_ms_, by_ms);
    newest_ms_ += by_ms;
    moved_ms_ += by_ms;
    for (TrackTimes& track : tracks_) {
        track.offset_ms = sum(track.offset_ms, by_ms);
        track.before_ms = sum(track.before_ms, by_ms);
        track.last_ms += by_ms;
        track.furthest_ms += by_ms;
        if (track.has_last) track.given_ms += by_ms;
    }
    newest_given_ms_ = 0;
    for (const TrackTimes& track : tracks_) {
        if (track.has_given) newest_given_ms_ = std::max(newest_given_ms_, track.given_ms);
    }
}

/// Where the track goes on behind the publisher before; not further back than a player can follow.
std::int64_t Timeline::continuation_ms(const TrackTimes& track) const {
    const std::int64_t last_ms =
        track.has_given ? std::max(track.given_ms, ended_ms_ - kBehindMaxMs) : ended_ms_;
    return last_ms + track.interval_ms;
}

/// A track's first packet from a publisher that returned stands at `line_ms`.
void Timeline::continue_track(TrackTimes& track, std::int64_t line_ms) {
    if (!track.has_given) return;
    // A track that ended so long before its publisher has a gap, and stands where it should.
    if (track.given_ms + track.interval_ms < line_ms - kBehindMaxMs) return;
    const std::int64_t apart_ms = continuation_ms(track) - line_ms;
    if (is_line_placed_ || is_settled_) {
        track.apart_ms = apart_ms;
    } else {
        move_line(apart_ms);  // nobody has anything of the tracks that are there already
    }
    is_line_placed_ = true;
}

std::int64_t Timeline::give(TrackTimes& track, std::int64_t line_ms, bool has_moved) {
    if (track.apart_ms != 0 && has_moved) track.apart_ms += track.apart_ms < 0 ? 1 : -1;
    const std::int64_t time_ms = line_ms + track.apart_ms;
    track.given_ms = track.has_given ? std::max(time_ms, track.given_ms) : time_ms;
    newest_given_ms_ = has_output_ ? std::max(newest_given_ms_, track.given_ms) : track.given_ms;
    track.has_given = true;
    return track.given_ms;
}

void Timeline::expect(media::Track which, double interval_ms) {
    tracks_[static_cast<std::size_t>(which)].pace.expect(interval_ms);
}

/// Of sound to pictures, and the other way round.
const clock::LivePace* Timeline::other_pace(media::Track which) const {
    if (which == media::Track::metadata) return nullptr;
    const bool is_video = which == media::Track::video;
    const media::Track other = is_video ? media::Track::audio : media::Track::video;
    return &tracks_[static_cast<std::size_t>(other)].pace;
}

std::int64_t Timeline::map(media::Track which, std::uint64_t time_ms, std::int64_t now_ns) {
    TrackTimes& track = tracks_[static_cast<std::size_t>(which)];
    if (!has_input_) began_ns_ = now_ns;
    const std::int64_t said_ms = unwrap(track, time_ms);
    const std::int64_t input_ms = track.pace.map(said_ms, now_ns, began_ns_, other_pace(which));
    if (track.pace.was_corrected()) ++jumps_;
    if (!has_input_) {
        has_input_ = true;
        base_ms_ = is_return_ ? continuation_ms(track) : 0;
        is_line_placed_ = track.has_given;
        offset_ms_ = difference(base_ms_, input_ms);
        track.offset_ms = offset_ms_;
        newest_ms_ = base_ms_;
    } else {
        choose_offset(track, input_ms, now_ns);
    }
    track.said_ms = last_input_ms_ = said_ms;
    track.input_ms = input_ms;
    if (is_return_) {
        if (!track.has_last) continue_track(track, sum(input_ms, track.offset_ms));
    } else if (!is_settled_ && sum(input_ms, track.offset_ms) < base_ms_) {
        move_line(base_ms_ - sum(input_ms, track.offset_ms));
    }
    const std::int64_t line_ms = sum(input_ms, track.offset_ms);
    std::int64_t out_ms = is_return_ ? line_ms : std::max(line_ms, base_ms_);
    const bool has_moved = track.has_last && out_ms > track.last_ms;
    if (track.has_last) {
        out_ms = std::max(out_ms, track.last_ms);
        const std::int64_t interval = out_ms - track.last_ms;
        if (interval > 0 && interval <= kBehindMaxMs) track.interval_ms = interval;
    }
    track.furthest_ms = track.has_last ? std::max(track.furthest_ms, line_ms) : line_ms;
    track.has_last = true;
    track.last_ms = out_ms;
    if (!has_output_ || out_ms >= newest_ms_) {
        newest_ms_ = out_ms;
        newest_ns_ = now_ns;
    }
    const std::int64_t given_ms = give(track, out_ms, has_moved);
    has_output_ = true;
    return given_ms;
}

std::int32_t Timeline::shown_after_ms(media::Track which, std::int32_t said_ms) const {
    constexpr double kMost = 8'000'000;  // 24 bits, signed
    const double units_per_ms = tracks_[static_cast<std::size_t>(which)].pace.units_per_ms();
    return static_cast<std::int32_t>(
        std::lround(std::clamp(said_ms / units_per_ms, -kMost, kMost)));
}

std::int64_t Timeline::look(std::uint64_t time_ms) const {
    if (!has_input_) return newest_given_ms_;
    const TrackTimes& video = tracks_[static_cast<std::size_t>(media::Track::video)];
    const TrackTimes& audio = tracks_[static_cast<std::size_t>(media::Track::audio)];
    const TrackTimes& track = video.has_last ? video : audio;
    // As its newest packet, whose pace may have been put right.
    const std::int64_t put_right_ms = difference(track.input_ms, track.said_ms);
    const std::int64_t line_ms = sum(sum(unwrap(track, time_ms), put_right_ms), track.offset_ms);
    const bool is_near = distance(line_ms, newest_ms_) <= kForwardMaxMs;
    return is_near ? std::max<std::int64_t>(line_ms + track.apart_ms, 0) : newest_given_ms_;
}

}  // namespace st::hub
