#pragma once
/// Records one live stream: the stream gives it its packets, a writer's thread cuts segments of
/// them. Private to libs/record.
///
/// A segment begins at an entry point (a key frame; without pictures any sound) if there is none
/// yet, or if
///     duration    it has lasted segment_duration of media time
///     codec       a decoder configuration, and so perhaps the size, is another one
///     publisher   another publisher, or the same one again, pushes now
///     size        it would be larger than max_bytes_per_file, or than its file system takes
///     gap         more than 10 s are missing, or packets were lost to a slow disk
///     clock       the stream's time has fallen 10 s behind the clock: its publisher paused
/// What comes before the entry point is the old segment's, the entry point and what comes after it
/// the new one's: where a file is full, the newest entry point that was written; it is cut off
/// there.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/current.h"
#include "base/log.h"
#include "base/memory_budget.h"
#include "base/sync.h"
#include "hub/stream_memory.h"
#include "hub/tap.h"
#include "record/burst_watch.h"
#include "record/segment_events.h"
#include "record/segment_finisher.h"
#include "record/segment_output.h"

namespace st::record {

class SegmentThread;

/// What all recorders work with; outlives them.
struct SegmentParts {
    const Current<SegmentOptions>& options;
    SegmentFinisher& finisher;
    const SegmentFolder& folder;
    SegmentSink sink;
    Log log;
    MemoryBudget* memory;  ///< null: nothing limits them together
    /// Bytes were written, and are not synced. Any thread.
    std::function<void(std::uint64_t bytes)> written;
    std::function<std::int64_t()> now_ns;  ///< monotonic; any thread
};

class SegmentRecorder final : public hub::Tap,
                              public std::enable_shared_from_this<SegmentRecorder> {
 public:
    SegmentRecorder(std::string stream, const SegmentOrder& order, std::string by,
                    SegmentParts& parts, SegmentThread& thread);

    const std::string& stream() const { return stream_; }
    void know(const std::shared_ptr<const hub::Headers>& headers) override ST_EXCLUDES(mutex_);
    void take(const hub::UnitPtr& unit) override ST_EXCLUDES(mutex_);
    void publisher_left() override ST_EXCLUDES(mutex_);
    /// Ends it after what is queued. The first reason counts. Any thread.
    void stop(const std::string& reason) ST_EXCLUDES(mutex_);
    SegmentStatus status() const ST_EXCLUDES(mutex_);
    /// It is over since its publisher did not return. The writer's thread.
    bool ended_with_stream() const { return ended_with_stream_; }

    /// The writer's thread: takes what is queued, and looks at the time. False: it is over.
    bool serve(std::int64_t now_ns) ST_EXCLUDES(mutex_);

 private:
    enum class Mark : std::uint8_t { none, left, lost, headers };
    struct Item {
        hub::UnitPtr unit;  ///< null: `mark`
        Mark mark = Mark::none;
        std::shared_ptr<const hub::Headers> headers = {};  ///< of Mark::headers
    };
    /// The segment that grows.
    struct Growing {
        SegmentPlace place;
        std::unique_ptr<mp4::SegmentFile> file;
        std::unique_ptr<SegmentOutput> output;
        std::int64_t begins_ms = 0;
        std::uint64_t counted_bytes = 0;
        std::uint64_t media_bytes = 0;  ///< that were added
        std::uint64_t packets = 0;
    };

    void push(Item item) ST_REQUIRES(mutex_);
    bool may_queue(std::size_t bytes) const ST_REQUIRES(mutex_);
    void handle(const Item& item);
    void write(const hub::Unit& unit);
    bool is_cut_point(const hub::Unit& unit) const;
    bool is_of_wanted_track(const media::Packet& packet) const;
    void note_headers(const hub::Headers& headers);
    bool note_header(const media::PacketPtr& packet);
    const char* why_cut(const hub::Unit& unit) const;
    bool is_behind_clock(const hub::Unit& unit) const;
    void begin(const hub::Unit& unit);
    std::string why_unstorable(const media::Packet& entry) const;
    bool has_place_for(const media::Packet& packet) ST_EXCLUDES(mutex_);
    void add(const media::PacketPtr& packet);
    void end_segment(const char* reason, std::optional<std::int64_t> next_ms = std::nullopt);
    bool would_be_too_large(const media::Packet& packet) const;
    void go_on_in_next(std::vector<media::PacketPtr> more);
    std::vector<media::PacketPtr> end_full();
    void begin_as_before(const media::PacketPtr& entry);
    void fail(const std::string& error);
    void finish(const std::string& reason, const std::string& error = {});
    void look_at_time(std::int64_t now_ns);
    void look_at_place(std::int64_t now_ns);
    void try_room(std::int64_t now_ns);
    void count_written();
    void look_for_burst();
    void count_dropped(const media::Packet& packet) ST_EXCLUDES(mutex_);
    template <class Call>
    void guard(Call call);
    void set_state(SegmentState state) ST_EXCLUDES(mutex_);

    const std::string stream_;
    const SegmentOrder order_;
    SegmentParts& parts_;
    SegmentThread& thread_;

    mutable Mutex mutex_;
    std::vector<Item> queue_ ST_GUARDED_BY(mutex_);
    bool is_posted_ ST_GUARDED_BY(mutex_) = false;
    bool is_losing_ ST_GUARDED_BY(mutex_) = false;
    std::string stop_reason_ ST_GUARDED_BY(mutex_);
    SegmentStatus status_ ST_GUARDED_BY(mutex_);

    // The writer's thread only:
    std::vector<Item> taken_;
    std::optional<Growing> growing_;
    SegmentHeaders headers_;   ///< in force
    SegmentHeaders recorded_;  ///< of the segment that grows
    std::optional<mp4::SoundClock> sound_;
    bool records_sound_ = false;
    bool is_over_ = false;
    bool ended_with_stream_ = false;
    bool is_full_ = false;
    bool awaits_room_ = false;  ///< told that the disk refused, and no segment has begun since
    bool is_new_line_ = true;   ///< the next segment does not go on where the last one ended
    std::uint64_t publication_ = 0;
    std::uint32_t number_ = 0;
    std::uint32_t generation_ = 0;
    std::int64_t wall_zero_us_ = 0;  ///< wall clock of the stream's time 0
    BurstWatch burst_;
    std::optional<std::int64_t> first_ms_;
    std::int64_t newest_ms_ = 0;
    std::int64_t left_ns_ = 0;     ///< when the publisher left; 0: it is there
    std::int64_t written_ns_ = 0;  ///< when a packet was last added
    std::int64_t arrived_ns_ = 0;  ///< when the packet at work came
    std::int64_t looked_ns_ = 0;   ///< when it was last looked whether the file is still there
    std::int64_t tried_ns_ = 0;    ///< when it was last looked whether there is room
    std::int64_t went_on_ns_ = 0;  ///< when there was, last; 0: never
    std::int64_t wait_ns_ = 0;     ///< until it is looked again
};

}  // namespace st::record
