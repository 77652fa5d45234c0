#include "loop/task_pool.h"

#include <exception>
#include <system_error>

#include "base/this_thread.h"

namespace st::loop {

TaskPool::TaskPool(const std::string& name, unsigned threads, OnFailure on_failure)
    : on_failure_(std::move(on_failure)), slow_max_(threads - 1), slow_share_(threads / 2) {
    try {
        for (unsigned i = 0; i < threads; ++i) {
            threads_.emplace_back([this, name] {
                name_this_thread(name);
                run();
            });
        }
    } catch (const std::system_error&) {  // not so many can be had: those that were end
        stop();
        throw;
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
        const bool is_over = over_.wait_until(lock.native(), until, [this]() ST_REQUIRES(mutex_) {
            return running_ == 0 && quick_.empty();
        });
        if (!is_over) return false;
    }
    stop();  // the threads have nothing more to do
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
            ++running_;
            if (is_slow) ++slow_running_;
        }
        try {
            task();
        } catch (const std::exception& e) {  // C3: the top of a thread
            if (on_failure_) on_failure_(e.what());
        }
        task = {};  // what it holds is gone before it counts as done
        {
            const Lock lock(mutex_);
            if (--running_ == 0) over_.notify_all();
            if (is_slow) --slow_running_;
        }
        if (is_slow) news_.notify_all();
    }
}

}  // namespace st::loop
