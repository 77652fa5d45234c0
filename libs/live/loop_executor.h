#pragma once
/// An event loop as the hub sees it.
#include "base/clock.h"
#include "hub/delivery_queue.h"
#include "loop/event_loop.h"

namespace st::live {

class LoopExecutor final : public hub::Executor {
 public:
    /// `loop` outlives it.
    explicit LoopExecutor(loop::EventLoop& loop) : loop_(loop) {}
    void post(std::function<void()> task) override { loop_.post(std::move(task)); }
    hub::TimerId after(std::chrono::nanoseconds delay, std::function<void()> task) override {
        return loop_.after(delay, std::move(task));
    }
    void cancel(hub::TimerId timer) override { loop_.cancel(timer); }
    std::int64_t now_ns() const override { return loop_.now_ns(); }
    std::int64_t read_clock_ns() const override { return monotonic_ns(); }

 private:
    loop::EventLoop& loop_;
};

}  // namespace st::live
