#include "notify/courier.h"

#include <pthread.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "base/url.h"
#include "notify/curl_library.h"

namespace st::notify {
namespace {

constexpr long kConnectionsMax = 64;
constexpr long kConnectionsPerHostMax = 16;
constexpr int kWaitMsMax = 60'000;

/// What a target answers besides its status is of no interest.
std::size_t discard(char*, std::size_t size, std::size_t count, void*) { return size * count; }

}  // namespace

struct Courier::Multi {
    Multi() : handle(curl.multi_init()) {
        if (handle == nullptr) throw std::runtime_error("libcurl: no multi handle");
        curl.multi_setopt(handle, CURLMOPT_MAX_TOTAL_CONNECTIONS, kConnectionsMax);
        curl.multi_setopt(handle, CURLMOPT_MAX_HOST_CONNECTIONS, kConnectionsPerHostMax);
    }
    ~Multi() { curl.multi_cleanup(handle); }
    Multi(const Multi&) = delete;
    Multi& operator=(const Multi&) = delete;

    const CurlLibrary curl;
    CURLM* const handle;
};

/// One request; its handle has left the multi handle before it is destroyed.
struct Courier::Transfer {
    Transfer(const CurlLibrary& library, HttpPost given, std::function<void(HttpResult)> its_done)
        : curl(library),
          request(std::move(given)),
          done(std::move(its_done)),
          easy(curl.easy_init()) {}
    ~Transfer() {
        curl.easy_cleanup(easy);
        curl.slist_free_all(headers);
    }
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    void prepare(const std::string& user_agent) {
        for (const std::string& header : request.headers) {
            headers = curl.slist_append(headers, header.c_str());
        }
        // libcurl would wait a second for "100 Continue" before larger bodies.
        headers = curl.slist_append(headers, "Expect:");
        const auto set = [this](CURLoption option, auto value) {
            curl.easy_setopt(easy, option, value);
        };
        set(CURLOPT_URL, request.url.c_str());
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_NOSIGNAL, 1L);
        // A request that is given up while its name is still asked for would wait for the name
        // server, and everybody else's with it.
        set(CURLOPT_QUICK_EXIT, 1L);
        set(CURLOPT_USERAGENT, user_agent.c_str());
        set(CURLOPT_HTTPHEADER, headers);
        set(CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
        set(CURLOPT_POSTFIELDS, request.body.c_str());
        set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
        set(CURLOPT_WRITEFUNCTION, &discard);
        set(CURLOPT_ERRORBUFFER, error);
    }

    HttpResult result(CURLcode code) {
        HttpResult made;
        long status = 0;
        curl.easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        curl_off_t retry_after = 0;
        curl.easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
        if (retry_after > 0) made.retry_after = std::chrono::seconds(retry_after);
        if (code == CURLE_OK) {
            made.status = static_cast<int>(status);
        } else {
            const std::string_view why = error[0] == '\0' ? curl.easy_strerror(code) : error;
            made.error = shown(without_passwords(why));
        }
        return made;
    }

    const CurlLibrary& curl;
    const HttpPost request;
    const std::function<void(HttpResult)> done;
    CURL* const easy;
    curl_slist* headers = nullptr;
    char error[CURL_ERROR_SIZE] = {};
};

Courier::Courier(std::string user_agent, loop::OnFailure on_failure)
    : user_agent_(std::move(user_agent)), on_failure_(std::move(on_failure)) {
    multi_ = std::make_unique<Multi>();
    thread_ = std::thread([this] {
        ::pthread_setname_np(::pthread_self(), "hooks");
        work();
    });
}

void Courier::stop() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    multi_->curl.multi_wakeup(multi_->handle);
    thread_.join();
}

Courier::~Courier() {
    stop();
    for (const auto& [easy, transfer] : transfers_) {
        multi_->curl.multi_remove_handle(multi_->handle, transfer->easy);
    }
    transfers_.clear();
    timers_.clear();
}

void Courier::run(loop::Task task) {
    {
        const Lock lock(mutex_);
        tasks_.push_back(std::move(task));
    }
    multi_->curl.multi_wakeup(multi_->handle);
}

void Courier::post(HttpPost request, std::function<void(HttpResult)> done) {
    auto transfer = std::make_unique<Transfer>(multi_->curl, std::move(request), std::move(done));
    if (transfer->easy == nullptr) throw std::runtime_error("libcurl: no handle");
    transfer->prepare(user_agent_);
    multi_->curl.multi_add_handle(multi_->handle, transfer->easy);
    transfers_.emplace(transfer->easy, std::move(transfer));
}

loop::TimerId Courier::after(std::chrono::nanoseconds delay, std::function<void()> task) {
    const loop::TimerId id = next_timer_++;
    timers_.emplace(clock_ns() + delay.count(), std::pair(id, std::move(task)));
    return id;
}

void Courier::cancel(loop::TimerId timer) {
    std::erase_if(timers_, [timer](const auto& one) { return one.second.first == timer; });
}

std::int64_t Courier::clock_ns() const { return monotonic_ns(); }

/// C3: the top of the thread.
void Courier::guard(const loop::Task& task) {
    try {
        task();
    } catch (const std::exception& e) {
        if (on_failure_) on_failure_(e.what());
    }
}

void Courier::run_tasks() {
    std::vector<loop::Task> tasks;
    {
        const Lock lock(mutex_);
        tasks.swap(tasks_);
    }
    for (const loop::Task& task : tasks) guard(task);
}

void Courier::run_timers() {
    while (!timers_.empty() && timers_.begin()->first <= clock_ns()) {
        const auto due = timers_.extract(timers_.begin());
        guard(due.mapped().second);
    }
}

void Courier::finish_transfers() {
    int left = 0;
    while (const CURLMsg* message = multi_->curl.multi_info_read(multi_->handle, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        const CURLcode code = message->data.result;
        const auto found = transfers_.find(message->easy_handle);
        multi_->curl.multi_remove_handle(multi_->handle, message->easy_handle);
        if (found == transfers_.end()) continue;
        const std::unique_ptr<Transfer> transfer = std::move(found->second);
        transfers_.erase(found);
        guard([&] { transfer->done(transfer->result(code)); });
    }
}

int Courier::wait_ms() const {
    if (timers_.empty()) return kWaitMsMax;
    const std::int64_t left_ms = (timers_.begin()->first - clock_ns()) / 1'000'000 + 1;
    return static_cast<int>(std::clamp<std::int64_t>(left_ms, 0, kWaitMsMax));
}

void Courier::work() {
    while (!stopping_) {
        run_tasks();
        run_timers();
        int running = 0;
        multi_->curl.multi_perform(multi_->handle, &running);
        finish_transfers();
        // What a finished transfer began is due at once.
        multi_->curl.multi_poll(multi_->handle, nullptr, 0, wait_ms(), nullptr);
    }
    run_tasks();  // what happened until now is written down
}

}  // namespace st::notify
