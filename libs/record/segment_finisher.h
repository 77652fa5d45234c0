#pragma once
/// Makes plain files of segments that have ended, and of those that an earlier run left open: on a
/// thread of its own, since it waits for the disk. Private to libs/record.
#include <condition_variable>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/sync.h"
#include "mp4/segment_file.h"
#include "record/segment_events.h"
#include "record/segment_folder.h"

namespace st::record {

struct EndedSegment {
    std::string stream;
    std::string reason;
    SegmentPlace place;
    std::unique_ptr<mp4::SegmentFile> file;  ///< null: to be opened
    bool is_left = false;                    ///< by an earlier run
};

class SegmentFinisher {
 public:
    /// Begins with what earlier runs left.
    SegmentFinisher(const SegmentFolder& folder, Log log, SegmentSink sink);
    /// Finishes what was added, unless hurry() was called; what earlier runs left waits for the
    /// next start.
    ~SegmentFinisher();

    /// SegmentFolder::make(), so that the new file is not taken for one that was left. Waits for
    /// the disk; nobody waits for it but other calls of make().
    MadeSegment make(const std::string& stream, const SegmentOrder& order, SegmentLayout layout,
                     std::int64_t first_wall_us, std::uint32_t number) ST_EXCLUDES(making_, mutex_);
    /// Any thread.
    void add(EndedSegment segment) ST_EXCLUDES(mutex_);
    /// Takes it back: there is nothing in it.
    void discard(const SegmentPlace& place) ST_EXCLUDES(mutex_);
    /// Waits until nothing is left that was added, but for what the disk refused and what earlier
    /// runs left; false: not by then (CLOCK_MONOTONIC).
    bool wait_idle(std::int64_t deadline_ns) ST_EXCLUDES(mutex_);
    /// What is not finished yet is left to the next start.
    void hurry() ST_EXCLUDES(mutex_);
    std::size_t waiting() const ST_EXCLUDES(mutex_);

 private:
    void run() ST_EXCLUDES(mutex_);
    void recover() ST_EXCLUDES(making_, mutex_);
    /// False: the end of the thread.
    bool wait_for(EndedSegment& segment) ST_EXCLUDES(mutex_);
    std::deque<EndedSegment>& queue_of(const EndedSegment& segment) ST_REQUIRES(mutex_) {
        return segment.is_left ? left_ : ended_;
    }
    bool finish(EndedSegment& segment) ST_EXCLUDES(mutex_);
    void close(const SegmentPlace& place);
    bool is_left(const SegmentPlace& marked) ST_EXCLUDES(making_, mutex_);

    const SegmentFolder& folder_;
    const Log log_;
    const SegmentSink sink_;
    /// Held while a file is made, until `ours_` has it: by whoever waits for the disk anyway.
    Mutex making_;
    mutable Mutex mutex_;  ///< never held while the disk is asked
    std::condition_variable changed_;
    std::deque<EndedSegment> ended_ ST_GUARDED_BY(mutex_);
    std::deque<EndedSegment> left_ ST_GUARDED_BY(mutex_);      ///< by earlier runs: after `ended_`
    std::vector<EndedSegment> refused_ ST_GUARDED_BY(mutex_);  ///< by the disk: tried again
    std::int64_t try_again_ns_ ST_GUARDED_BY(mutex_) = 0;      ///< what is refused
    std::set<std::string> ours_ ST_GUARDED_BY(mutex_);  ///< paths of this run's, until finished
    bool is_busy_ ST_GUARDED_BY(mutex_) = false;
    bool is_busy_with_left_ ST_GUARDED_BY(mutex_) = false;
    bool is_stopping_ ST_GUARDED_BY(mutex_) = false;
    bool is_hurried_ ST_GUARDED_BY(mutex_) = false;
    std::thread thread_;  ///< last: it uses all the others
};

}  // namespace st::record
