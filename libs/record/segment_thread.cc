#include "record/segment_thread.h"

#include "base/this_thread.h"
#include "record/segment_recorder.h"

namespace st::record {

SegmentThread::SegmentThread(std::function<void(const RecorderPtr&)> over,
                             std::function<std::int64_t()> now_ns)
    : over_(std::move(over)), now_ns_(std::move(now_ns)), thread_([this] { run(); }) {}

SegmentThread::~SegmentThread() {
    {
        const Lock lock(mutex_);
        is_stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void SegmentThread::add(RecorderPtr recorder) {
    {
        const Lock lock(mutex_);
        added_.push_back(std::move(recorder));
    }
    wake(false);
}

void SegmentThread::wake(bool urgent) {
    const Lock lock(mutex_);
    const bool was_asleep = !has_work_;
    has_work_ = true;
    is_urgent_ = is_urgent_ || urgent;
    if (was_asleep || urgent) changed_.notify_one();
}

/// False: it is to end.
bool SegmentThread::wait() {
    Lock lock(mutex_);
    using Clock = std::chrono::steady_clock;
    const auto latest = Clock::now() + kServeEvery;
    while (!has_work_ && !is_stopping_) {
        const bool has_any = !recorders_.empty();
        if (!has_any) {
            changed_.wait(lock.native());
        } else if (changed_.wait_until(lock.native(), latest) == std::cv_status::timeout) {
            break;
        }
    }
    const auto until = Clock::now() + kCollectFor;
    while (has_work_ && !is_urgent_ && !is_stopping_) {
        if (changed_.wait_until(lock.native(), until) == std::cv_status::timeout) break;
    }
    has_work_ = is_urgent_ = false;
    recorders_.insert(recorders_.end(), added_.begin(), added_.end());
    added_.clear();
    return !is_stopping_;
}

void SegmentThread::run() {
    name_this_thread("st-segments");
    for (bool goes_on = true; goes_on;) {
        goes_on = wait();
        const std::int64_t now_ns = now_ns_();
        std::vector<RecorderPtr> over;
        std::erase_if(recorders_, [&](const RecorderPtr& recorder) {
            if (recorder->serve(now_ns)) return false;
            over.push_back(recorder);
            return true;
        });
        for (const RecorderPtr& recorder : over) over_(recorder);
    }
}

}  // namespace st::record
