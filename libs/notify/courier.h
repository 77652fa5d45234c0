#pragma once
/// A thread on which hooks live: HTTP by libcurl, timers, tasks. The only place that knows libcurl,
/// which is loaded with the first of these.
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/sync.h"
#include "loop/event_loop.h"
#include "loop/timers.h"
#include "notify/http_client.h"

namespace st::notify {

class Courier final : public HttpClient, public loop::Timers {
 public:
    /// `name`: the thread's. `on_failure`: told what an exception said that came out of a task; on
    /// its thread. Throws std::runtime_error if libcurl cannot be set up.
    Courier(const char* name, std::string user_agent, loop::OnFailure on_failure);
    ~Courier() override;
    Courier(const Courier&) = delete;
    Courier& operator=(const Courier&) = delete;

    /// Ends the thread, after what was posted has run; requests under way are dropped. Any thread
    /// but its own; idempotent.
    void stop();

    /// Any thread: runs on the courier's, in the order posted.
    void run(loop::Task task) ST_EXCLUDES(mutex_);

    // Its thread only, or any once it has been stopped:
    RequestId post(HttpPost request, std::function<void(HttpResult)> done) override;
    void give_up(RequestId request) override;
    loop::TimerId after(std::chrono::nanoseconds delay, std::function<void()> task) override;
    void cancel(loop::TimerId timer) override;
    std::int64_t clock_ns() const override;

 private:
    struct Transfer;
    struct Multi;

    void work();
    void run_tasks() ST_EXCLUDES(mutex_);
    void run_timers();
    void finish_transfers();
    void tell_answered();
    std::unique_ptr<Transfer> take(RequestId request);
    int wait_ms() const;
    void guard(const loop::Task& task);

    const std::string user_agent_;
    const loop::OnFailure on_failure_;
    std::unique_ptr<Multi> multi_;
    std::map<RequestId, std::unique_ptr<Transfer>> transfers_;
    RequestId next_request_ = 1;
    std::vector<RequestId> answered_;  ///< statuses that came since tell_answered()
    std::multimap<std::int64_t, std::pair<loop::TimerId, loop::Task>> timers_;  ///< by due time
    loop::TimerId next_timer_ = 1;
    Mutex mutex_;
    std::vector<loop::Task> tasks_ ST_GUARDED_BY(mutex_);
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace st::notify
