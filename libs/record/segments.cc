#include "record/segments.h"

#include <algorithm>
#include <atomic>
#include <chrono>

#include "base/clock.h"
#include "base/rough_time.h"
#include "control/glob.h"
#include "record/segment_finisher.h"
#include "record/segment_folder.h"
#include "record/segment_recorder.h"
#include "record/segment_thread.h"

namespace st::record {
namespace {

constexpr Nanoseconds kLookEvery{1'000'000'000};
constexpr char kByRule[] = "configuration";

/// Packets.
std::uint64_t refused_by_disk(const SegmentStatus& status) {
    return status.dropped - status.unplaced;
}

}  // namespace

/// In start order; destroyed in reverse.
struct Segments::Parts {
    explicit Parts(Setup& setup)
        : folder(setup.path),
          sink([this, told = std::move(setup.sink)](SegmentEvent event) {
              if (std::holds_alternative<SegmentDone>(event)) ++segments;
              const auto* stopped = std::get_if<SegmentsStopped>(&event);
              if (stopped != nullptr && !stopped->error.empty()) ++failures;
              told(std::move(event));
          }),
          finisher(folder, setup.log, sink),
          recorders{setup.options,
                    finisher,
                    folder,
                    sink,
                    setup.log,
                    setup.memory,
                    [this, told = std::move(setup.written)](std::uint64_t written) {
                        bytes += written;
                        if (told) told(written);
                    },
                    setup.now_ns} {}

    std::atomic<std::uint64_t> segments{0};
    std::atomic<std::uint64_t> failures{0};
    std::atomic<std::uint64_t> bytes{0};
    SegmentFolder folder;
    SegmentSink sink;
    SegmentFinisher finisher;
    SegmentParts recorders;
};

Segments::Segments(Setup setup) : hub_(setup.hub), parts_(std::make_unique<Parts>(setup)) {
    for (unsigned i = 0; i < std::max(1U, setup.threads); ++i) {
        threads_.push_back(std::make_unique<SegmentThread>(
            [this](const RecorderPtr& recorder) { over(recorder); }, setup.now_ns));
    }
}

Segments::~Segments() {
    shut_down(monotonic_ns());
    parts_->finisher.hurry();
    threads_.clear();
    // Those that did not end in time.
    const Lock lock(mutex_);
    for (auto& [path, active] : active_) hub_.detach(active.stream, *active.recorder);
    active_.clear();
    ending_.clear();
}

std::optional<SegmentOrder> Segments::rule_of(const std::string& path) const {
    const auto options = parts_->recorders.options.get();
    for (const SegmentRule& rule : options->rules) {
        if (control::glob_match(rule.match, path.substr(1))) return rule.order;
    }
    return std::nullopt;
}

SegmentOrder Segments::order_of(const std::string& path) const {
    return rule_of(path).value_or(SegmentOrder{});
}

Segments::RecorderPtr Segments::make(const std::string& path, const SegmentOrder& wanted,
                                     const std::string& by) {
    SegmentOrder order = wanted;
    if (parts_->recorders.options->layout == SegmentLayout::nms) order.format = SegmentFormat::flv;
    SegmentThread& thread = *threads_[next_thread_++ % threads_.size()];
    auto recorder = std::make_shared<SegmentRecorder>(path, order, by, parts_->recorders, thread);
    const hub::StreamPtr stream = hub_.attach(path, recorder, order.preroll);
    // For a recording of the stream that is begun by hand, after this one was stopped.
    if (const auto rule = rule_of(path)) stream->keep_history(rule->preroll);
    active_[path] = {recorder, stream};
    thread.add(recorder);
    return recorder;
}

void Segments::on_published(const std::string& path) {
    const auto order = rule_of(path);
    if (!order) return;
    const Lock lock(mutex_);
    if (is_closed_ || active_.contains(path)) return;
    tell_started(make(path, *order, kByRule));
}

Result<SegmentStatus> Segments::start(const std::string& path, const SegmentOrder& order,
                                      const std::string& by) {
    RecorderPtr recorder;
    {
        const Lock lock(mutex_);
        if (is_closed_) return Error{"the server ends", 503};
        const auto found = active_.find(path);
        if (found != active_.end()) {
            const SegmentStatus status = found->second.recorder->status();
            const std::int64_t seconds = (wall_us() - status.started_us) / 1'000'000;
            const std::string whom =
                status.started_by == kByRule ? "a rule of recording.streams" : status.started_by;
            return Error{path + ": already being recorded, started " +
                             rough_time(std::chrono::seconds(seconds)) + " ago by " + whom,
                         409};
        }
        const hub::StreamPtr stream = hub_.find(path);
        if (!stream || !stream->is_live()) return Error{"no stream at " + path, 404};
        recorder = make(path, order, by);
        tell_started(recorder);
    }
    return recorder->status();
}

bool Segments::is_ending(const std::string& path) const {
    return std::ranges::any_of(ending_,
                               [&](const RecorderPtr& one) { return one->stream() == path; });
}

/// Not before the end of the one before is told.
void Segments::tell_started(const RecorderPtr& recorder) {
    std::string by = recorder->status().started_by;
    if (is_ending(recorder->stream())) {
        begun_[recorder->stream()] = std::move(by);
    } else {
        parts_->sink(SegmentsStarted{recorder->stream(), std::move(by)});
    }
}

/// The path. Another one may begin at once.
std::string Segments::end(std::map<std::string, Active>::iterator active, const std::string& by) {
    const auto node = active_.extract(active);
    const auto& [recorder, stream] = node.mapped();
    hub_.detach(stream, *recorder);
    begun_.erase(node.key());
    ending_.push_back(recorder);
    recorder->stop("stopped by " + by);
    return node.key();
}

bool Segments::stop(const std::string& path, const std::string& by) {
    const Lock lock(mutex_);
    const auto found = active_.find(path);
    if (found == active_.end()) return false;
    end(found, by);
    return true;
}

std::vector<std::string> Segments::stop_all(const std::string& by) {
    const Lock lock(mutex_);
    std::vector<std::string> paths;
    while (!active_.empty()) paths.push_back(end(active_.begin(), by));
    return paths;
}

std::vector<SegmentStatus> Segments::list() const {
    const Lock lock(mutex_);
    std::vector<SegmentStatus> all;
    for (const auto& [path, active] : active_) all.push_back(active.recorder->status());
    return all;
}

SegmentTotals Segments::totals() const {
    SegmentTotals totals;
    totals.segments = parts_->segments;
    totals.failures = parts_->failures;
    totals.bytes = parts_->bytes;
    totals.finishing = parts_->finisher.waiting();
    const Lock lock(mutex_);
    totals.recorders = active_.size();
    totals.dropped = dropped_;
    for (const auto& [path, active] : active_) {
        const SegmentStatus status = active.recorder->status();
        totals.dropped += refused_by_disk(status);
        totals.queued_bytes += status.queued_bytes;
    }
    for (const RecorderPtr& recorder : ending_) {
        const SegmentStatus status = recorder->status();
        totals.dropped += refused_by_disk(status);
        totals.queued_bytes += status.queued_bytes;
    }
    return totals;
}

void Segments::over(const RecorderPtr& recorder) {
    const Lock lock(mutex_);
    dropped_ += refused_by_disk(recorder->status());
    const auto found = active_.find(recorder->stream());
    if (found != active_.end() && found->second.recorder == recorder) {
        hub_.detach(found->second.stream, *recorder);
        active_.erase(found);
        begun_.erase(recorder->stream());
        // Its publisher returned when it had just been given up.
        const hub::StreamPtr stream = hub_.find(recorder->stream());
        const auto order = rule_of(recorder->stream());
        if (recorder->ended_with_stream() && order && stream && stream->is_live() && !is_closed_) {
            tell_started(make(recorder->stream(), *order, kByRule));
        }
    }
    std::erase(ending_, recorder);
    const auto begun = begun_.find(recorder->stream());
    if (begun != begun_.end() && !is_ending(recorder->stream())) {
        const auto now = active_.find(begun->first);
        const bool has_ended =
            now == active_.end() || now->second.recorder->status().state == SegmentState::over;
        if (!has_ended) parts_->sink(SegmentsStarted{begun->first, begun->second});
        begun_.erase(begun);
    }
    changed_.notify_all();
}

void Segments::shut_down(std::int64_t deadline_ns) {
    {
        Lock lock(mutex_);
        is_closed_ = true;
        for (const auto& [path, active] : active_) active.recorder->stop("shutdown");
        while ((!active_.empty() || !ending_.empty()) && !is_hurried_) {
            const std::int64_t left = deadline_ns - monotonic_ns();
            if (left <= 0) break;
            // A clock takes no time that is too far ahead.
            changed_.wait_for(lock.native(), std::min(Nanoseconds(left), kLookEvery));
        }
    }
    parts_->finisher.wait_idle(deadline_ns);
}

void Segments::hurry() {
    {
        const Lock lock(mutex_);
        is_hurried_ = true;
    }
    changed_.notify_all();
    parts_->finisher.hurry();
}

}  // namespace st::record
