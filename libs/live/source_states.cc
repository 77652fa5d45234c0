#include "live/source_states.h"

#include <algorithm>

namespace st::live {
namespace {

std::int64_t ns(std::chrono::nanoseconds duration) { return duration.count(); }

}  // namespace

std::string_view to_string(SourceState state) {
    switch (state) {
        case SourceState::idle:
            return "idle";
        case SourceState::starting:
            return "starting";
        case SourceState::running:
            return "running";
        case SourceState::stopping:
            return "stopping";
        case SourceState::backing_off:
            return "backing_off";
        case SourceState::failed:
            return "failed";
    }
    return "";
}

void SourceStates::enter(SourceState state, std::optional<std::int64_t> due_ns) {
    state_ = state;
    due_ns_ = due_ns;
}

SourceAction SourceStates::start() {
    if (has_ended_) ++restarts_;
    has_ended_ = false;
    enter(SourceState::starting);
    return SourceAction::start;
}

/// Somebody wants to watch.
SourceAction SourceStates::begin(std::int64_t now_ns) {
    if (now_ns >= not_before_ns_) return start();
    enter(SourceState::backing_off, not_before_ns_);
    return SourceAction::none;
}

SourceAction SourceStates::stop(std::int64_t now_ns) {
    enter(SourceState::stopping, now_ns + ns(kKillAfter));
    return SourceAction::terminate;
}

SourceAction SourceStates::viewers(std::size_t count, bool has_joined, std::int64_t now_ns) {
    const bool has_come = has_joined || count > viewers_;
    viewers_ = count;
    switch (state_) {
        case SourceState::idle:
            return count > 0 ? begin(now_ns) : SourceAction::none;
        case SourceState::starting:
        case SourceState::running:
            if (count > 0) {
                due_ns_.reset();
            } else if (!due_ns_) {
                due_ns_ = now_ns + ns(options_.shutdown_timeout);
            }
            return SourceAction::none;
        case SourceState::stopping:
            return SourceAction::none;
        case SourceState::backing_off:
            if (count == 0) enter(SourceState::idle);
            return SourceAction::none;
        case SourceState::failed:
            if (count == 0 || !has_come || now_ns < failed_until_ns_) return SourceAction::none;
            crashes_ns_.clear();
            return start();
    }
    return SourceAction::none;
}

void SourceStates::media(std::int64_t now_ns) {
    if (state_ != SourceState::starting) return;
    state_ = SourceState::running;
    runs_since_ns_ = now_ns;
}

SourceAction SourceStates::exited(std::int64_t now_ns, bool is_crash) {
    if (state_ == SourceState::stopping) {
        enter(SourceState::idle);
        return viewers_ > 0 ? begin(now_ns) : SourceAction::none;
    }
    has_ended_ = true;
    if (state_ == SourceState::running && now_ns - runs_since_ns_ >= ns(kSteady)) ends_ = 0;
    ++ends_;
    const std::int64_t window_ns = ns(options_.crash_window);
    if (is_crash) crashes_ns_.push_back(now_ns);
    while (!crashes_ns_.empty() && now_ns - crashes_ns_.front() >= window_ns) {
        crashes_ns_.pop_front();
    }
    if (crashes_ns_.size() >= options_.crash_threshold) {
        failed_until_ns_ = now_ns + window_ns;
        not_before_ns_ = 0;
        enter(SourceState::failed);
        return SourceAction::none;
    }
    std::chrono::seconds wait = kBackOffFirst;
    for (unsigned i = 1; i < ends_ && wait < kBackOffMax; ++i) wait *= 2;
    not_before_ns_ = now_ns + ns(std::min(wait, kBackOffMax));
    enter(SourceState::idle);
    return viewers_ > 0 ? begin(now_ns) : SourceAction::none;
}

SourceAction SourceStates::restart(std::int64_t now_ns) {
    crashes_ns_.clear();
    ends_ = 0;
    not_before_ns_ = 0;
    switch (state_) {
        case SourceState::idle:
        case SourceState::stopping:
            return SourceAction::none;
        case SourceState::starting:
        case SourceState::running:
            return stop(now_ns);
        case SourceState::backing_off:
        case SourceState::failed:
            if (viewers_ > 0) return start();
            enter(SourceState::idle);
            return SourceAction::none;
    }
    return SourceAction::none;
}

SourceAction SourceStates::tick(std::int64_t now_ns) {
    if (!due_ns_ || now_ns < *due_ns_) return SourceAction::none;
    switch (state_) {
        case SourceState::starting:
        case SourceState::running:
            return stop(now_ns);
        case SourceState::stopping:
            due_ns_.reset();
            return SourceAction::kill;
        case SourceState::backing_off:
            return start();
        case SourceState::idle:
        case SourceState::failed:
            break;
    }
    due_ns_.reset();
    return SourceAction::none;
}

}  // namespace st::live
