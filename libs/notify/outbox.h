#pragma once
/// Delivers the messages of one endpoint, one after the other, in the order they happened.
///
///     idle --> sending --> idle       delivered, or given up after the last attempt
///                \--> waiting --^     tried in vain: again later, and the others behind it wait
///                 \--> ended          410: the target wants no more
///     broken                          its journal cannot be opened; that is tried again
///
/// One thread: the courier's.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "control/hook_status.h"
#include "loop/task_pool.h"
#include "loop/timers.h"
#include "notify/http_client.h"
#include "notify/journal.h"
#include "notify/options.h"

namespace st::notify {

/// What outboxes work with. All of it outlives them.
struct OutboxWorld {
    HttpClient& http;
    loop::Timers& timers;
    std::function<std::int64_t()> wall_us;
    std::function<double()> jitter;  ///< 0..1
    Log log;
    /// Runs what may wait for a disk on another thread; then `done` is called on the outboxes'
    /// thread with the text of an exception, "" if there was none. Not if that thread has ended.
    using Done = std::function<void(const std::string& problem)>;
    std::function<void(loop::Effort effort, std::function<void()> work, Done done)> aside;
};

class Outbox {
 public:
    /// `path`: of its journal. `changed` is called whenever status() has another answer.
    /// `waiting_bytes_max`: events that anybody who connects can cause may fill half of it.
    Outbox(OutboxWorld& world, Endpoint endpoint, std::string path, std::function<void()> changed,
           std::uint64_t waiting_bytes_max = Journal::kWaitingBytesMax);
    ~Outbox();
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;

    /// Begins to deliver what was left, and tries an endpoint again that had ended or was broken.
    void start();
    /// Other keys or events of the same target.
    void reconfigure(Endpoint endpoint);
    const Endpoint& endpoint() const { return endpoint_; }

    /// An event, if it is one of this endpoint's. `json`: as the API gives it.
    void add(const std::string& type, const std::string& json);
    /// So many events were lost before they came here.
    void note_lost(const std::string& type, std::uint64_t count);
    std::vector<Journal::FailedMessage> failed_messages();
    /// Error not_found: it has no failed message of that id; unavailable: its journal takes none.
    control::Decoded<std::string> replay(const std::string& id);
    /// Sends a message of the type hook.test past the queue. If it arrives, what waits is tried.
    void test(std::function<void(HttpResult)> done);

    control::HookStatus status() const;

 private:
    enum class Full : std::uint8_t { no, for_the_crowd, for_all };

    bool is_wanted(const std::string& type) const;
    bool has_room_for(const std::string& type) const;
    void add_body(std::int64_t at_us, const std::string& type, const std::string& body);
    void send_next();
    HttpPost post_of(const std::string& id, const std::string& body) const;
    void on_result(const HttpResult& result);
    void on_failure(const HttpResult& result);
    void wait(std::chrono::milliseconds delay);
    void end(const std::string& why);
    void open();
    void note_full(const std::string& type);
    void tidy_after(std::chrono::milliseconds delay);
    void tidy();
    void rewrite();
    void aside(loop::Effort effort, std::function<void()> work, OutboxWorld::Done done);
    void note_well();
    void note_trouble(const std::string& what);
    template <class Work>
    bool guard(const char* what, Work work);

    OutboxWorld& world_;
    Endpoint endpoint_;
    const std::string path_;
    const std::function<void()> changed_;
    const std::uint64_t waiting_bytes_max_;
    const std::string shown_url_;
    Log log_;
    std::unique_ptr<Journal> journal_;  ///< null: it could not be opened so far
    control::HookState state_ = control::HookState::idle;
    std::int64_t next_us_ = 0;   ///< while waiting
    std::string last_error_;     ///< the target's
    std::string journal_error_;  ///< the disk's
    std::uint64_t delivered_ = 0;
    std::uint64_t dropped_ = 0;
    std::uint64_t given_up_ = 0;
    Full full_said_ = Full::no;
    bool is_trouble_said_ = false;
    loop::TimerId retry_timer_ = 0;
    loop::TimerId tidy_timer_ = 0;
    bool is_tidying_ = false;  ///< something is under way aside
    loop::TimerId open_timer_ = 0;
    std::int64_t compact_from_ns_ = 0;  ///< the disk refused it: not before
    std::shared_ptr<const bool> here_ = std::make_shared<const bool>(true);
};

}  // namespace st::notify
