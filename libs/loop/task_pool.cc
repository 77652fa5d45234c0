#include "loop/task_pool.h"

#include <exception>

#include "base/this_thread.h"

namespace st::loop {

TaskPool::TaskPool(const std::string& name, unsigned threads, OnFailure on_failure)
    : on_failure_(std::move(on_failure)),
      slow_max_(threads - 1),
      slow_share_(threads / 2),
      running_(threads) {
    for (unsigned i = 0; i < threads; ++i) {
        threads_.emplace_back([this, name] {
            name_this_thread(name);
            run();
            const Lock lock(mutex_);
            --running_;
            over_.notify_all();
        });
    }
}

void TaskPool::post(Effort effort, Task task) {
    {
        const Lock lock(mutex_);
        if (stopping_) return;
        (effort == Effort::quick ? quick_ : slow_).push_back(std::move(task));
    }
    news_.notify_one();
}

void TaskPool::stop() {
    {
        const Lock lock(mutex_);
        stopping_ = true;
    }
    news_.notify_all();
    for (std::thread& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

bool TaskPool::stop(std::chrono::steady_clock::time_point until) {
    std::deque<Task> dropped;  // destroyed without the lock
    {
        const Lock lock(mutex_);
        stopping_ = true;
        dropped.swap(slow_);
    }
    news_.notify_all();
    {
        Lock lock(mutex_);
        while (running_ > 0) {
            if (over_.wait_until(lock.native(), until) == std::cv_status::timeout) break;
        }
        if (running_ > 0) return false;
    }
    stop();
    return true;
}

bool TaskPool::has_work() const {
    return !quick_.empty() || (!slow_.empty() && slow_running_ < slow_max_);
}

void TaskPool::run() {
    for (;;) {
        Task task;
        bool is_slow = false;
        {
            Lock lock(mutex_);
            news_.wait(lock.native(), [this]() ST_REQUIRES(mutex_) {
                return has_work() || (stopping_ && slow_.empty());
            });
            if (!has_work()) return;
            is_slow = !slow_.empty() && (quick_.empty() || slow_running_ < slow_share_);
            std::deque<Task>& queue = is_slow ? slow_ : quick_;
            task = std::move(queue.front());
            queue.pop_front();
            if (is_slow) ++slow_running_;
        }
        try {
            task();
        } catch (const std::exception& e) {  // C3: the top of a thread
            if (on_failure_) on_failure_(e.what());
        }
        if (!is_slow) continue;
        task = {};
        {
            const Lock lock(mutex_);
            --slow_running_;
        }
        news_.notify_all();
    }
}

}  // namespace st::loop
