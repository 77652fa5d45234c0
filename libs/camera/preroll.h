#pragma once
/// Frames that come before capture_started: the two race on the wire. Pure; one thread (the loop).
///
/// Held from the last key frame on, for at most kHeldNsMax, kHeldBytesMax and kHeldMessagesMax;
/// beyond one of them, or without one, nothing could be decoded and they are dropped and counted.
/// Parameter sets are remembered for as long as the camera is connected: a session begins with
/// them whenever it begins.
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/buffer.h"
#include "media/nal_peek.h"

namespace st::camera {

constexpr std::int64_t kHeldNsMax = 2'000'000'000;
constexpr std::size_t kHeldBytesMax = std::size_t{8} << 20;
constexpr std::size_t kHeldMessagesMax = 4096;
/// All remembered parameter sets of a camera together; a larger set is not remembered.
constexpr std::size_t kRememberedSetsBytesMax = 64 * 1024;

struct HeldMessage {
    SharedBuffer message;  ///< a whole camera message: 16-byte header and payload
    std::int64_t arrival_ns = 0;
};

class Preroll {
 public:
    /// Action::hold_frame. `message` has passed decode_frame; `peek` is peek_nals of its payload.
    void hold(SharedBuffer message, std::int64_t arrival_ns, const media::NalPeek& peek);

    /// Drops what has been held for longer than kHeldNsMax. Call it at expires_ns(): a camera that
    /// falls silent must not keep its frames here.
    void expire(std::int64_t now_ns) { trim(now_ns); }
    /// When the oldest held frame has to go; nullopt: none is held.
    std::optional<std::int64_t> expires_ns() const {
        if (held_.empty()) return std::nullopt;
        return held_.front().message.arrival_ns + kHeldNsMax + 1;
    }

    /// A capture is asked for, or has ended: what was held belongs to an earlier one. Dropped and
    /// counted; parameter sets stay.
    void forget_frames() { drop_before(held_.size()); }

    /// Call it with every message that is written, before writing it: keeps the parameter sets
    /// current, at little cost if there are none. Returns what has to be written first: the
    /// remembered sets, if this is the session's first picture and the session has none yet (a
    /// long session that rolled over, or a camera that sends its sets once).
    std::optional<HeldMessage> remember(Bytes message, std::int64_t arrival_ns,
                                        const media::NalPeek& peek);

    /// A session opens: what goes into it first, in order; empties the hold. Begins with the
    /// remembered parameter sets, as one message of their own, where held pictures lack them.
    /// Frames older than kHeldNsMax before `now_ns` are dropped.
    std::vector<HeldMessage> take(std::int64_t now_ns);

    /// Frames dropped unrecorded since the last call: session.json's dropped.before_start.
    std::uint64_t take_dropped() { return std::exchange(dropped_, 0); }

    std::size_t held_bytes() const { return held_bytes_; }

 private:
    struct Held {
        HeldMessage message;
        media::NalPeek peek;
    };
    /// Kind (7 SPS, 8 PPS) and id as coded in the set.
    using SetKey = std::pair<int, std::uint32_t>;

    void trim(std::int64_t now_ns);
    void drop_before(std::size_t keep_from);
    void keep_sets(Bytes message, const media::NalPeek& peek);
    void keep_set(Bytes nal);
    /// The sets as one message, SPS before PPS, that stands right before `next`: its times, and the
    /// seq before its own. nullopt if none came yet.
    std::optional<HeldMessage> sets_before(Bytes next, std::int64_t arrival_ns) const;

    std::deque<Held> held_;
    media::EntryPoints entries_;
    std::size_t held_bytes_ = 0;
    std::optional<std::int64_t>
        first_picture_ns_;  ///< arrival of the key frame the hold begins with
    std::uint64_t dropped_ = 0;
    std::optional<std::uint32_t> last_seq_;

    std::map<SetKey, std::vector<std::uint8_t>> sets_;
    std::size_t set_bytes_ = 0;
    media::NalPeek written_;  ///< the sets that the open session has
};

}  // namespace st::camera
