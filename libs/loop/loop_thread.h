#pragma once
/// An event loop with the thread that runs it. Destroying it stops the loop and joins.
#include <string>
#include <thread>

#include "base/this_thread.h"
#include "loop/event_loop.h"

namespace st::loop {

class LoopThread {
 public:
    /// `name`: shown by top -H, at most 15 bytes. `on_failure`: see EventLoop::run; on this thread.
    explicit LoopThread(const std::string& name, const OnFailure& on_failure = {})
        : thread_([this, name, on_failure] {
              name_this_thread(name);
              loop_.run(on_failure);
          }) {}
    ~LoopThread() { stop(); }
    LoopThread(const LoopThread&) = delete;
    LoopThread& operator=(const LoopThread&) = delete;

    EventLoop& loop() { return loop_; }
    /// Runs what was posted, then joins. Idempotent.
    void stop() {
        if (!thread_.joinable()) return;
        loop_.stop();
        thread_.join();
    }

 private:
    EventLoop loop_;
    std::thread thread_;
};

}  // namespace st::loop
