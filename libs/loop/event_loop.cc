#include "loop/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <system_error>

namespace st::loop {
namespace {

constexpr int kEventsPerTurn = 256;

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

/// C3, the top of a thread: what failed costs itself alone.
template <class Step>
void guarded(const OnFailure& on_failure, Step&& step) {
    try {
        step();
    } catch (const std::exception& e) {
        if (!on_failure) throw;
        on_failure(e.what());
    } catch (...) {
        if (!on_failure) throw;
        on_failure("an exception of unknown type");
    }
}

}  // namespace

void BusyStats::add(std::int64_t ns) {
    const std::int64_t us = ns / 1000;
    const auto bucket = static_cast<std::size_t>(
        std::lower_bound(kBoundsUs.begin(), kBoundsUs.end(), us) - kBoundsUs.begin());
    const auto value = static_cast<std::uint64_t>(ns);
    turns[bucket].fetch_add(1, std::memory_order_relaxed);
    busy_ns.fetch_add(value, std::memory_order_relaxed);
    if (value > busy_max_ns.load(std::memory_order_relaxed)) {
        busy_max_ns.store(value, std::memory_order_relaxed);  // the loop is the only writer
    }
}

EventLoop::EventLoop(Clock clock)
    : clock_(clock),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      scratch_(kScratchBytes),
      now_ns_(clock_()) {
    if (!epoll_) fail("epoll_create1");
    if (!wake_) fail("eventfd");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;  // null names the wake-up descriptor
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0) fail("epoll_ctl");
}

EventLoop::~EventLoop() {
    retired_.clear();
    deferred_.clear();
}

void EventLoop::add(int fd, Pollable& pollable, std::uint32_t events) {
    epoll_event event{};
    event.events = events | EPOLLET | EPOLLRDHUP;
    event.data.ptr = &pollable;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl add");
}

void EventLoop::change(int fd, Pollable& pollable, std::uint32_t events) {
    epoll_event event{};
    event.events = events | EPOLLET | EPOLLRDHUP;
    event.data.ptr = &pollable;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) fail("epoll_ctl mod");
}

void EventLoop::remove(int fd, Pollable& pollable) {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    std::replace(ready_.begin(), ready_.end(), &pollable, static_cast<Pollable*>(nullptr));
}

TimerId EventLoop::after(std::chrono::nanoseconds delay, Task task) {
    const TimerId id = next_timer_++;
    const auto at = timers_.emplace(clock_() + delay.count(), Timer{id, std::move(task)});
    timer_by_id_.emplace(id, at);
    return id;
}

void EventLoop::cancel(TimerId timer) {
    const auto found = timer_by_id_.find(timer);
    if (found == timer_by_id_.end()) return;
    timers_.erase(found->second);
    timer_by_id_.erase(found);
}

void EventLoop::post(Task task) {
    bool first = false;
    {
        const Lock lock(mutex_);
        first = posted_.empty();
        posted_.push_back(std::move(task));
    }
    if (first) {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
    }
}

void EventLoop::stop() {
    const Lock lock(mutex_);
    stopping_ = true;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

int EventLoop::wait_ms() const {
    if (timers_.empty()) return -1;
    const std::int64_t left_ns = timers_.begin()->first - clock_();
    if (left_ns <= 0) return 0;
    return static_cast<int>(std::min<std::int64_t>((left_ns + 999'999) / 1'000'000, 3'600'000));
}

void EventLoop::deliver(const OnFailure& on_failure) {
    for (std::size_t i = 0; i < ready_.size(); ++i) {
        if (ready_[i] == nullptr) continue;
        guarded(on_failure, [&] { ready_[i]->on_ready(ready_events_[i]); });
    }
}

void EventLoop::run_posted(const OnFailure& on_failure) {
    std::vector<Task> tasks;
    {
        const Lock lock(mutex_);
        tasks.swap(posted_);
    }
    for (const Task& task : tasks) guarded(on_failure, task);
}

void EventLoop::run_timers(const OnFailure& on_failure) {
    const std::int64_t now = clock_();
    while (!timers_.empty() && timers_.begin()->first <= now) {
        const auto first = timers_.begin();
        const Task task = std::move(first->second.task);
        timer_by_id_.erase(first->second.id);
        timers_.erase(first);
        guarded(on_failure, task);
    }
}

void EventLoop::end_turn() {
    ready_.clear();
    ready_events_.clear();
    retired_.clear();
}

void EventLoop::turn(int timeout_ms, const OnFailure& on_failure) {
    std::array<epoll_event, kEventsPerTurn> events{};
    const int count = epoll_wait(epoll_.get(), events.data(), kEventsPerTurn, timeout_ms);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    now_ns_ = clock_();
    std::vector<Task> again;
    again.swap(deferred_);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.ptr == nullptr) {
            std::uint64_t wakes = 0;
            [[maybe_unused]] const auto got = ::read(wake_.get(), &wakes, sizeof wakes);
            continue;
        }
        ready_.push_back(static_cast<Pollable*>(event.data.ptr));
        ready_events_.push_back(event.events);
    }
    deliver(on_failure);
    for (const Task& task : again) guarded(on_failure, task);
    run_posted(on_failure);
    run_timers(on_failure);
    end_turn();
    busy_.add(clock_() - now_ns_);
}

void EventLoop::run_once() { turn(0, {}); }

void EventLoop::run(const OnFailure& on_failure) {
    for (;;) {
        turn(deferred_.empty() ? wait_ms() : 0, on_failure);
        const Lock lock(mutex_);
        if (stopping_ && posted_.empty()) {
            stopping_ = false;
            return;
        }
    }
}

}  // namespace st::loop
