#include "notify/courier.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/clock.h"
#include "base/secrets.h"
#include "base/text.h"
#include "base/this_thread.h"
#include "notify/curl_library.h"

namespace st::notify {
namespace {

constexpr long kConnectionsMax = 64;
constexpr long kConnectionsPerHostMax = 16;
constexpr int kWaitMsMax = 60'000;
// What a target answers besides its status is of no interest. It is read, within these limits,
// since the connection serves the next request then.
constexpr std::chrono::milliseconds kBodyTimeMax{200};
constexpr std::size_t kBodyBytesMax = 64 * 1024;

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
    Transfer(const CurlLibrary& library, RequestId its_id, std::vector<RequestId>& its_answered,
             HttpPost given, std::function<void(HttpResult)> its_done)
        : curl(library),
          id(its_id),
          answered(its_answered),
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
        set(CURLOPT_PRIVATE, this);
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // a proxy's word is not the target's
        set(CURLOPT_HEADERFUNCTION, &Transfer::take_header);
        set(CURLOPT_HEADERDATA, this);
        set(CURLOPT_WRITEFUNCTION, &Transfer::take_body);
        set(CURLOPT_WRITEDATA, this);
        set(CURLOPT_ERRORBUFFER, error);
    }

    /// One line. Its status counts once the header is whole, whatever becomes of the body.
    static std::size_t take_header(char* text, std::size_t size, std::size_t count, void* self) {
        const std::string_view line(text, size * count);
        if (line == "\r\n" || line == "\n") static_cast<Transfer*>(self)->note_status();
        return line.size();
    }
    void note_status() {
        long now = 0;
        curl.easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &now);
        // 1xx: another header follows. After the body come trailers.
        if (now < 200 || status != 0) return;
        status = static_cast<int>(now);
        answered.push_back(id);
    }
    static std::size_t take_body(char*, std::size_t size, std::size_t count, void* self) {
        auto* transfer = static_cast<Transfer*>(self);
        transfer->body_bytes += size * count;
        return transfer->body_bytes > kBodyBytesMax ? 0 : size * count;
    }

    /// `code`: why it ended, if it has.
    HttpResult result(CURLcode code) {
        HttpResult made;
        curl_off_t retry_after = 0;
        curl.easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
        if (retry_after > 0) made.retry_after = std::chrono::seconds(retry_after);
        made.status = status;
        if (status != 0) return made;
        const bool has_reason = code != CURLE_OK && error[0] != '\0';
        const std::string_view why = has_reason         ? error
                                     : code != CURLE_OK ? curl.easy_strerror(code)
                                                        : "an answer without a status";
        made.error = shown(without_passwords(why));
        return made;
    }

    const CurlLibrary& curl;
    const RequestId id;
    std::vector<RequestId>& answered;
    const HttpPost request;
    std::function<void(HttpResult)> done;  ///< empty: it was called
    CURL* const easy;
    curl_slist* headers = nullptr;
    int status = 0;
    std::size_t body_bytes = 0;
    loop::TimerId timer = 0;  ///< ends the body
    char error[CURL_ERROR_SIZE] = {};
};

Courier::Courier(const char* name, std::string user_agent, loop::OnFailure on_failure)
    : user_agent_(std::move(user_agent)), on_failure_(std::move(on_failure)) {
    multi_ = std::make_unique<Multi>();
    thread_ = std::thread([this, name] {
        name_this_thread(name);
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
    for (const auto& [id, transfer] : transfers_) {
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

RequestId Courier::post(HttpPost request, std::function<void(HttpResult)> done) {
    const RequestId id = next_request_++;
    auto transfer = std::make_unique<Transfer>(multi_->curl, id, answered_, std::move(request),
                                               std::move(done));
    if (transfer->easy == nullptr) throw std::runtime_error("libcurl: no handle");
    transfer->prepare(user_agent_);
    multi_->curl.multi_add_handle(multi_->handle, transfer->easy);
    transfers_.emplace(id, std::move(transfer));
    return id;
}

void Courier::give_up(RequestId request) { take(request); }

/// It is no longer under way. Nullptr: it was not.
std::unique_ptr<Courier::Transfer> Courier::take(RequestId request) {
    const auto found = transfers_.find(request);
    if (found == transfers_.end()) return nullptr;
    std::unique_ptr<Transfer> transfer = std::move(found->second);
    transfers_.erase(found);
    multi_->curl.multi_remove_handle(multi_->handle, transfer->easy);
    if (transfer->timer != 0) cancel(transfer->timer);
    return transfer;
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
        const CURLcode code = message->data.result;  // the message goes with the handle
        Transfer* ended = nullptr;
        multi_->curl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &ended);
        const std::unique_ptr<Transfer> transfer = take(ended->id);
        if (transfer->done) guard([&] { transfer->done(transfer->result(code)); });
    }
}

/// Of those whose body is still under way.
void Courier::tell_answered() {
    for (const RequestId id : std::exchange(answered_, {})) {
        const auto found = transfers_.find(id);
        if (found == transfers_.end()) continue;
        Transfer& transfer = *found->second;
        transfer.timer = after(kBodyTimeMax, [this, id] { give_up(id); });
        const auto done = std::exchange(transfer.done, {});
        guard([&, result = transfer.result(CURLE_OK)] { done(result); });
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
        int running = 0;
        multi_->curl.multi_perform(multi_->handle, &running);
        finish_transfers();
        tell_answered();
        // An answer that is there counts, though this thread comes late and its time has passed.
        run_timers();
        // What all of these began is due at once.
        multi_->curl.multi_poll(multi_->handle, nullptr, 0, wait_ms(), nullptr);
    }
    run_tasks();  // what happened until now is written down
}

}  // namespace st::notify
