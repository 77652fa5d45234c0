#include "worker/pool.h"

#include <unistd.h>

#include <exception>
#include <utility>

#include "base/clock.h"
#include "base/this_thread.h"

namespace st::worker {
namespace {

/// A program that does not start is tried again when a job needs it, and at this interval.
constexpr std::chrono::seconds kTryAgain{10};
/// Helpers beyond those kept ready end after that time without a job.
constexpr std::chrono::seconds kIdleMax{30};

}  // namespace

Pool::Pool(PoolOptions options, Log log)
    : options_(std::move(options)), log_(std::move(log)), thread_([this] { keep_helpers(); }) {}

Pool::~Pool() {
    {
        const Lock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

PoolStatus Pool::status() const {
    const Lock lock(mutex_);
    return {idle_.size(), busy_, started_, replaced_};
}

bool Pool::wants_helper() const {
    const std::size_t all = idle_.size() + busy_ + starting_;
    if (all >= options_.helpers_max) return false;
    return all < options_.ahead || idle_.size() + starting_ < waiting_;
}

bool Pool::may_try() const {
    return start_error_.empty() || (waiting_ > 0 && busy_ == 0) || monotonic_ns() >= try_again_ns_;
}

/// When there is something to do without anybody asking for it.
std::optional<std::int64_t> Pool::due_ns() const {
    if (!start_error_.empty()) return try_again_ns_;
    if (idle_.empty() || idle_.size() + busy_ <= options_.ahead) return std::nullopt;
    return idle_.front()->idle_since_ns() + Nanoseconds(kIdleMax).count();
}

/// The pool's thread.
void Pool::keep_helpers() {
    name_this_thread("st-helpers");
    if (options_.nice != 0) lower_priority(options_.nice);  // of what it starts, too
    for (;;) {
        std::unique_ptr<Helper> surplus;
        {
            Lock lock(mutex_);
            for (;;) {
                if (stopping_) return;
                const auto due = due_ns();
                const bool is_due = due && monotonic_ns() >= *due;
                if (wants_helper() && may_try()) break;
                if (is_due && start_error_.empty()) {
                    surplus = std::move(idle_.front());
                    idle_.erase(idle_.begin());
                    break;
                }
                if (due && !is_due) {
                    changed_.wait_for(lock.native(), Nanoseconds(*due - monotonic_ns()));
                } else {
                    changed_.wait(lock.native());
                }
            }
            if (!surplus) ++starting_;
        }
        if (!surplus) start_one();
    }
}

void Pool::start_one() {
    std::unique_ptr<Helper> helper;
    std::string error;
    try {
        helper = std::make_unique<Helper>(options_.command, options_.limits);
        const auto remark = helper->greet(options_.start_patience);
        if (!remark) {
            error = remark.error().message;
        } else if (!remark->empty()) {
            log_.warning("helper " + options_.command.front() + ": " + *remark);
        }
    } catch (const std::exception& e) {  // out of descriptors or processes
        error = e.what();
    }
    if (!error.empty()) helper.reset();
    bool is_news = false;
    {
        const Lock lock(mutex_);
        --starting_;
        is_news = !error.empty() && error != start_error_;
        start_error_ = error;
        if (helper) {
            ++started_;
            idle_.push_back(std::move(helper));
        } else {
            ++failed_starts_;
            try_again_ns_ = monotonic_ns() + Nanoseconds(kTryAgain).count();
        }
    }
    changed_.notify_all();
    if (is_news) log_.error("helper " + options_.command.front() + " does not start: " + error);
}

Result<std::unique_ptr<Helper>, JobError> Pool::take(const Job& job) {
    // Before the lock: it may be called at once.
    const std::stop_callback stop(job.cancel, [this] {
        { const Lock lock(mutex_); }
        changed_.notify_all();
    });
    Lock lock(mutex_);
    const std::uint64_t failed_before = failed_starts_;
    ++waiting_;
    changed_.notify_all();
    const auto has_answer = [&]() ST_REQUIRES(mutex_) {
        return !idle_.empty() || stopping_ || job.cancel.stop_requested() ||
               (failed_starts_ != failed_before && busy_ == 0);
    };
    std::unique_ptr<Helper> helper;
    for (;;) {
        while (!has_answer()) changed_.wait(lock.native());
        if (idle_.empty()) break;
        // The one that was used last: its memory is warm.
        helper = std::move(idle_.back());
        idle_.pop_back();
        if (helper->is_ready()) break;
        helper.reset();  // it was killed while it waited
        ++replaced_;
        changed_.notify_all();
    }
    --waiting_;
    if (helper) {
        ++busy_;
        return helper;
    }
    if (job.cancel.stop_requested()) return JobError{Fault::cancelled, "cancelled"};
    return JobError{Fault::unavailable,
                    options_.command.front() + " does not start: " + start_error_};
}

void Pool::give_back(std::unique_ptr<Helper> helper, const JobResult& result) {
    const bool is_fine = result.answer.ok() || result.answer.error().fault == Fault::refused;
    if (!is_fine || helper->jobs() >= options_.jobs_max) helper.reset();
    {
        const Lock lock(mutex_);
        --busy_;
        if (!is_fine) ++replaced_;
        if (helper) idle_.push_back(std::move(helper));
    }
    changed_.notify_all();
}

JobResult run_in_copy(const Job& job, const Perform& perform, const ProcessLimits& limits) {
    try {
        Helper helper(perform, limits);
        const auto greeted = helper.greet(std::chrono::seconds(10));
        if (!greeted) return {JobError{Fault::unavailable, greeted.error().message}, {}};
        return helper.run(job);
    } catch (const std::exception& error) {  // out of descriptors or processes
        return {JobError{Fault::unavailable, error.what()}, {}};
    }
}

JobResult Pool::run(const Job& job) {
    auto helper = take(job);
    if (!helper) return {helper.error(), {}};
    JobResult result = (*helper)->run(job);
    give_back(std::move(*helper), result);
    return result;
}

}  // namespace st::worker
