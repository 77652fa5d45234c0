#include "source/states.h"

#include <algorithm>

namespace st::source {
namespace {

std::int64_t ns(std::chrono::nanoseconds duration) { return duration.count(); }

}  // namespace

std::string_view to_string(State state) {
    switch (state) {
        case State::idle:
            return "idle";
        case State::starting:
            return "starting";
        case State::running:
            return "running";
        case State::stopping:
            return "stopping";
        case State::backing_off:
            return "backing_off";
        case State::failed:
            return "failed";
    }
    return "";
}

void States::enter(State state, std::optional<std::int64_t> due_ns) {
    state_ = state;
    due_ns_ = due_ns;
}

Action States::start() {
    if (has_crashed_) ++restarts_;
    has_crashed_ = false;
    enter(State::starting);
    return Action::start;
}

/// Somebody wants to watch.
Action States::begin(std::int64_t now_ns) {
    if (now_ns >= not_before_ns_) return start();
    enter(State::backing_off, not_before_ns_);
    return Action::none;
}

Action States::stop(std::int64_t now_ns) {
    enter(State::stopping, now_ns + ns(kKillAfter));
    return Action::terminate;
}

Action States::viewers(std::size_t count, bool has_joined, std::int64_t now_ns) {
    const bool has_come = has_joined || count > viewers_;
    viewers_ = count;
    switch (state_) {
        case State::idle:
            return count > 0 ? begin(now_ns) : Action::none;
        case State::starting:
        case State::running:
            if (count > 0) {
                due_ns_.reset();
            } else if (!due_ns_) {
                due_ns_ = now_ns + ns(options_.shutdown_timeout);
            }
            return Action::none;
        case State::stopping:
            return Action::none;
        case State::backing_off:
            if (count == 0) enter(State::idle);
            return Action::none;
        case State::failed:
            if (count == 0 || !has_come || now_ns < failed_until_ns_) return Action::none;
            crashes_ns_.clear();
            return start();
    }
    return Action::none;
}

void States::media() {
    if (state_ == State::starting) state_ = State::running;
}

Action States::exited(std::int64_t now_ns) {
    if (state_ == State::stopping) {
        enter(State::idle);
        return viewers_ > 0 ? begin(now_ns) : Action::none;
    }
    has_crashed_ = true;
    const std::int64_t window_ns = ns(options_.crash_window);
    crashes_ns_.push_back(now_ns);
    while (now_ns - crashes_ns_.front() >= window_ns) crashes_ns_.pop_front();
    if (crashes_ns_.size() >= options_.crash_threshold) {
        failed_until_ns_ = now_ns + window_ns;
        not_before_ns_ = 0;
        enter(State::failed);
        return Action::none;
    }
    std::chrono::seconds wait = kBackOffFirst;
    for (std::size_t i = 1; i < crashes_ns_.size() && wait < kBackOffMax; ++i) wait *= 2;
    not_before_ns_ = now_ns + ns(std::min(wait, kBackOffMax));
    enter(State::idle);
    return viewers_ > 0 ? begin(now_ns) : Action::none;
}

Action States::restart(std::int64_t now_ns) {
    crashes_ns_.clear();
    not_before_ns_ = 0;
    switch (state_) {
        case State::idle:
        case State::stopping:
            return Action::none;
        case State::starting:
        case State::running:
            return stop(now_ns);
        case State::backing_off:
        case State::failed:
            if (viewers_ > 0) return start();
            enter(State::idle);
            return Action::none;
    }
    return Action::none;
}

Action States::tick(std::int64_t now_ns) {
    if (!due_ns_ || now_ns < *due_ns_) return Action::none;
    switch (state_) {
        case State::starting:
        case State::running:
            return stop(now_ns);
        case State::stopping:
            due_ns_.reset();
            return Action::kill;
        case State::backing_off:
            return start();
        case State::idle:
        case State::failed:
            break;
    }
    due_ns_.reset();
    return Action::none;
}

}  // namespace st::source
