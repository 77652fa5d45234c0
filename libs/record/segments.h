#pragma once
/// Live streams recorded in segments: which ones, since when, and how they are told to stop.
/// docs/segments.md. Any thread; no caller waits for the disk, but for shut_down().
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/current.h"
#include "base/log.h"
#include "base/memory_budget.h"
#include "base/result.h"
#include "base/sync.h"
#include "hub/hub.h"
#include "record/segment_events.h"
#include "record/segment_options.h"

namespace st::record {

class SegmentRecorder;
class SegmentThread;

/// For /metrics.
struct SegmentTotals {
    std::size_t recorders = 0;
    std::uint64_t segments = 0;  ///< finished
    std::uint64_t bytes = 0;     ///< written
    std::uint64_t failures = 0;  ///< recorders that could not go on
    std::uint64_t dropped = 0;   ///< packets that the disk did not take
    std::uint64_t queued_bytes = 0;
    std::size_t finishing = 0;
};

class Segments {
 public:
    struct Setup {
        std::string path;  ///< the recordings folder, which is there
        const Current<SegmentOptions>& options;
        hub::Hub& hub;
        Log log;
        SegmentSink sink;
        MemoryBudget* memory = nullptr;
        /// Bytes were written, and are not synced. Any thread; may be empty.
        std::function<void(std::uint64_t bytes)> written;
        unsigned threads = 1;
        std::function<std::int64_t()> now_ns = monotonic_ns;  ///< any thread
    };

    /// Begins to finish, on a thread of its own, what an earlier run left open. All of `setup`
    /// outlives this; so does the hub.
    explicit Segments(Setup setup);
    /// As shut_down() with no time left.
    ~Segments();
    Segments(const Segments&) = delete;
    Segments& operator=(const Segments&) = delete;

    /// Records the stream if a rule says so and nobody does yet. On the thread of
    /// hub::Hub::publish(), before the publisher's first packet.
    void on_published(const std::string& path) ST_EXCLUDES(mutex_);

    /// Error.code 404: nobody publishes there; 409: it is being recorded (by whom, since when).
    Result<SegmentStatus> start(const std::string& path, const SegmentOrder& order,
                                const std::string& by) ST_EXCLUDES(mutex_);
    /// What a rule says of the path; else the defaults.
    SegmentOrder order_of(const std::string& path) const;
    /// False: it is not recorded. What is queued is still written.
    bool stop(const std::string& path, const std::string& by) ST_EXCLUDES(mutex_);
    /// The paths that were recorded.
    std::vector<std::string> stop_all(const std::string& by) ST_EXCLUDES(mutex_);
    /// By path.
    std::vector<SegmentStatus> list() const ST_EXCLUDES(mutex_);
    SegmentTotals totals() const ST_EXCLUDES(mutex_);

    /// Ends all recorders and waits until their segments are finished, or until then
    /// (CLOCK_MONOTONIC). What is not is finished by the next start.
    void shut_down(std::int64_t deadline_ns) ST_EXCLUDES(mutex_);
    /// shut_down() need not wait any more.
    void hurry();

 private:
    struct Parts;
    using RecorderPtr = std::shared_ptr<SegmentRecorder>;
    struct Active {
        RecorderPtr recorder;
        hub::StreamPtr stream;
    };

    std::optional<SegmentOrder> rule_of(const std::string& path) const;
    RecorderPtr make(const std::string& path, const SegmentOrder& order, const std::string& by)
        ST_REQUIRES(mutex_);
    std::string end(std::map<std::string, Active>::iterator active, const std::string& by)
        ST_REQUIRES(mutex_);
    bool is_ending(const std::string& path) const ST_REQUIRES(mutex_);
    void tell_started(const RecorderPtr& recorder) ST_REQUIRES(mutex_);
    void over(const RecorderPtr& recorder) ST_EXCLUDES(mutex_);

    hub::Hub& hub_;
    std::unique_ptr<Parts> parts_;
    mutable Mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, Active> active_ ST_GUARDED_BY(mutex_);
    /// Told to stop: they get no more packets, and write what is queued.
    std::vector<RecorderPtr> ending_ ST_GUARDED_BY(mutex_);
    /// By whom recorders of such streams were begun meanwhile: told of behind those ends. By path.
    std::map<std::string, std::string> begun_ ST_GUARDED_BY(mutex_);
    std::uint64_t dropped_ ST_GUARDED_BY(mutex_) = 0;  ///< as in SegmentTotals; of those gone
    bool is_closed_ ST_GUARDED_BY(mutex_) = false;
    bool is_hurried_ ST_GUARDED_BY(mutex_) = false;
    std::size_t next_thread_ ST_GUARDED_BY(mutex_) = 0;
    std::vector<std::unique_ptr<SegmentThread>> threads_;
};

}  // namespace st::record
