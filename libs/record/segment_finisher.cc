#include "record/segment_finisher.h"

#include <unistd.h>

#include <algorithm>
#include <exception>

#include "base/clock.h"
#include "base/this_thread.h"
#include "base/units.h"
#include "record/segment_output.h"

namespace st::record {
namespace {

constexpr std::chrono::seconds kTryAgainEvery{10};
constexpr int kNice = 10;

Result<std::optional<mp4::SegmentFacts>> finish_file(SegmentFormat format, mp4::SegmentFile& file) {
    return format == SegmentFormat::mp4 ? mp4::finish_segment(file) : finish_flv_segment(file);
}

}  // namespace

SegmentFinisher::SegmentFinisher(const SegmentFolder& folder, Log log, SegmentSink sink)
    : folder_(folder), log_(std::move(log)), sink_(std::move(sink)), thread_([this] { run(); }) {}

SegmentFinisher::~SegmentFinisher() {
    {
        const Lock lock(mutex_);
        is_stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

MadeSegment SegmentFinisher::make(const std::string& stream, const SegmentOrder& order,
                                  SegmentLayout layout, std::int64_t first_wall_us,
                                  std::uint32_t number) {
    const Lock making(making_);
    MadeSegment made = folder_.make(stream, order, layout, first_wall_us, number);
    const Lock lock(mutex_);
    ours_.insert(made.place.path);
    return made;
}

void SegmentFinisher::add(EndedSegment segment) {
    {
        const Lock lock(mutex_);
        queue_of(segment).push_back(std::move(segment));
    }
    changed_.notify_all();
}

void SegmentFinisher::discard(const SegmentPlace& place) {
    SegmentFolder::discard(place);
    const Lock lock(mutex_);
    ours_.erase(place.path);
}

/// By an earlier run, with its file: the end may have come before that, or somebody deleted it.
bool SegmentFinisher::is_left(const SegmentPlace& marked) {
    const Lock making(making_);
    if (!SegmentFolder::is_there(marked)) {
        SegmentFolder::close(marked);
        return false;
    }
    const Lock lock(mutex_);
    return !ours_.contains(marked.path);
}

bool SegmentFinisher::wait_idle(std::int64_t deadline_ns) {
    Lock lock(mutex_);
    while (!ended_.empty() || (is_busy_ && !is_busy_with_left_)) {
        const std::int64_t left = deadline_ns - monotonic_ns();
        if (left <= 0) return false;
        changed_.wait_for(lock.native(), std::min(Nanoseconds(left), Nanoseconds(kTryAgainEvery)));
    }
    return true;
}

void SegmentFinisher::hurry() {
    {
        const Lock lock(mutex_);
        is_hurried_ = true;
    }
    changed_.notify_all();
}

std::size_t SegmentFinisher::waiting() const {
    const Lock lock(mutex_);
    return ended_.size() + left_.size() + refused_.size() + (is_busy_ ? 1 : 0);
}

/// It is as it is from now on, or gone.
void SegmentFinisher::close(const SegmentPlace& place) {
    SegmentFolder::close(place);
    sink_(SegmentChanged{place.path});
}

/// True: it is done with.
bool SegmentFinisher::finish(EndedSegment& segment) {
    try {
        if (!segment.file) {
            segment.file =
                std::make_unique<mp4::DiskSegmentFile>(SegmentFolder::open(segment.place));
        }
        const auto facts = finish_file(segment.place.format, *segment.file);
        segment.file.reset();
        if (!facts) {
            log_.warning(segment.place.path + ": " + facts.error().message + "; left as it is");
            close(segment.place);
            return true;
        }
        if (!*facts) {
            log_.info(segment.place.path + ": nothing whole was written to it, deleting");
            SegmentFolder::discard(segment.place);
            sink_(SegmentChanged{segment.place.path});
            return true;
        }
        const bool is_in_place = folder_.is_in_place(segment.place);
        close(segment.place);
        if (!is_in_place) {
            log_.warning(segment.place.path + ": was deleted or moved away while it was written");
            return true;
        }
        const mp4::SegmentFacts& said = **facts;
        if (said.cut_bytes > 0) {
            log_.warning(segment.place.path + ": torn: its last " + human_bytes(said.cut_bytes) +
                         " are cut off");
        }
        if (said.unread_bytes > 0) {
            log_.error(segment.place.path + ": damaged: the last " +
                       human_bytes(said.unread_bytes) + " cannot be read, and are left in it");
        }
        sink_(SegmentDone{said.mark.path, segment.place.path, segment.reason,
                          said.mark.first_wall_us, said.duration_us, said.pictures, said.sounds,
                          said.bytes});
        return true;
    } catch (const std::exception& e) {  // C3: one file, on this thread
        segment.file.reset();
        if (!SegmentFolder::is_there(segment.place)) {
            log_.warning(segment.place.path + ": was deleted before it was finished");
            close(segment.place);
            return true;
        }
        log_.warning(segment.place.path + ": cannot be finished yet, but read: " + e.what());
        return false;
    }
}

void SegmentFinisher::recover() {
    try {
        folder_.for_each_open([this](SegmentPlace place) {
            if (!is_left(place)) return;
            log_.info(place.path + ": left open by an earlier run, finishing");
            add({"", "crash", std::move(place), nullptr, true});
        });
    } catch (const std::exception& e) {  // C3: the recordings folder; new segments say it too
        log_.warning(std::string("segments that were left open: ") + e.what());
    }
}

bool SegmentFinisher::wait_for(EndedSegment& segment) {
    Lock lock(mutex_);
    is_busy_ = false;
    changed_.notify_all();
    for (;;) {
        // Also while others end all the time.
        const bool is_due = monotonic_ns() >= try_again_ns_;
        if (is_due) {
            for (EndedSegment& one : refused_) queue_of(one).push_back(std::move(one));
            refused_.clear();
        }
        if (!ended_.empty() || !left_.empty() || is_stopping_ || is_hurried_) break;
        changed_.wait_for(lock.native(), kTryAgainEvery);
    }
    if (is_hurried_ || (is_stopping_ && ended_.empty())) return false;
    std::deque<EndedSegment>& queue = ended_.empty() ? left_ : ended_;
    segment = std::move(queue.front());
    queue.pop_front();
    is_busy_ = true;
    is_busy_with_left_ = segment.is_left;
    return true;
}

void SegmentFinisher::run() {
    name_this_thread("st-segment-end");
    lower_priority(kNice);
    recover();
    for (EndedSegment segment; wait_for(segment);) {
        const std::string path = segment.place.path;
        const bool is_done = finish(segment);
        const Lock lock(mutex_);
        if (is_done) {
            ours_.erase(path);
        } else {
            if (refused_.empty())
                try_again_ns_ = monotonic_ns() + Nanoseconds(kTryAgainEvery).count();
            refused_.push_back(std::move(segment));
        }
    }
}

}  // namespace st::record
