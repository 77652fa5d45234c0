#pragma once
/// A thread that writes segments: serves recorders that have packets, and each of them now and
/// then. Private to libs/record.
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/sync.h"

namespace st::record {

class SegmentRecorder;

class SegmentThread {
 public:
    /// What a packet may be late by, in exchange for one wake-up for many.
    static constexpr std::chrono::milliseconds kCollectFor{100};
    /// Each recorder is served at least so often.
    static constexpr std::chrono::milliseconds kServeEvery{1000};

    using RecorderPtr = std::shared_ptr<SegmentRecorder>;

    /// `over` is called on the thread, once for each recorder that has ended.
    SegmentThread(std::function<void(const RecorderPtr&)> over,
                  std::function<std::int64_t()> now_ns);
    /// The recorders have ended, or are left as they are.
    ~SegmentThread();

    void add(RecorderPtr recorder) ST_EXCLUDES(mutex_);
    /// One of the recorders has work. Any thread, with locks of the hub held. `urgent`: now.
    void wake(bool urgent) ST_EXCLUDES(mutex_);

 private:
    void run() ST_EXCLUDES(mutex_);
    bool wait() ST_EXCLUDES(mutex_);

    const std::function<void(const RecorderPtr&)> over_;
    const std::function<std::int64_t()> now_ns_;
    Mutex mutex_;
    std::condition_variable changed_;
    std::vector<RecorderPtr> added_ ST_GUARDED_BY(mutex_);
    bool has_work_ ST_GUARDED_BY(mutex_) = false;
    bool is_urgent_ ST_GUARDED_BY(mutex_) = false;
    bool is_stopping_ ST_GUARDED_BY(mutex_) = false;
    std::vector<RecorderPtr> recorders_;  ///< the thread's
    std::thread thread_;                  ///< last: it uses all the others
};

}  // namespace st::record
