#pragma once
/// What recorders of live streams tell of.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "record/segment_options.h"

namespace st::record {

struct SegmentsStarted {
    std::string stream;
    std::string by;  ///< "user@host"; "configuration"; "room": after the disk was full
};
/// A segment is finished: a plain file from now on.
struct SegmentDone {
    std::string stream;
    std::string path;  ///< from the recordings folder on
    std::string reason;
    std::int64_t first_wall_us = 0;
    std::uint64_t duration_us = 0;
    std::uint64_t pictures = 0;
    std::uint64_t sounds = 0;
    std::uint64_t bytes = 0;
};
/// Nothing of this recorder is to be finished any more, unless its disk was full.
struct SegmentsStopped {
    std::string stream;
    std::string reason;
    std::string error;  ///< of the disk, or why the stream cannot be recorded
};
/// The disk is too slow: packets are left out up to the next entry point.
struct SegmentsLagging {
    std::string stream;
    std::uint64_t queued_bytes = 0;
};
/// A segment's file can be read now, ended, or is gone: for who keeps count of what is there. Told
/// before it is told of as SegmentDone.
struct SegmentChanged {
    std::string path;  ///< from the recordings folder on
};
using SegmentEvent =
    std::variant<SegmentsStarted, SegmentDone, SegmentsStopped, SegmentsLagging, SegmentChanged>;

/// Called on any thread, with locks held: must only post.
using SegmentSink = std::function<void(SegmentEvent)>;

enum class SegmentState : std::uint8_t {
    waiting,  ///< for an entry point, or for the publisher to return
    recording,
    full,  ///< the disk refused: goes on when there is room
    over,
};
const char* to_text(SegmentState state);

/// A recorder from outside.
struct SegmentStatus {
    std::string stream;
    SegmentState state = SegmentState::waiting;
    SegmentOrder order;
    std::string started_by;
    std::int64_t started_us = 0;  ///< wall clock
    std::string path;             ///< of the newest segment; empty: none yet
    std::uint32_t segments = 0;
    std::uint64_t pictures = 0;
    std::uint64_t sounds = 0;
    std::uint64_t bytes = 0;        ///< of media
    std::uint64_t duration_ms = 0;  ///< of media
    std::uint64_t dropped = 0;   ///< packets that the disk was too slow for, or that have no place
    std::uint64_t unplaced = 0;  ///< of those: packets that have no place
    std::uint64_t queued_bytes = 0;
    std::string left_out;  ///< a track that the format cannot hold, and why
    std::string error;
};

}  // namespace st::record
