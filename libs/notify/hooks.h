#pragma once
/// All hooks of the server: who is told what happens, and who is asked. Any thread, unless said
/// otherwise. Without a hook in the configuration there is neither a thread nor libcurl.
/// docs/hooks.md.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "auth/decision.h"
#include "base/log.h"
#include "base/sync.h"
#include "control/error.h"
#include "control/hook_status.h"
#include "notify/courier.h"
#include "notify/decider.h"
#include "notify/options.h"
#include "notify/outbox.h"

namespace st::notify {

class Hooks {
 public:
    /// `folder`: where the journals lie, one for each target; made when the first is needed.
    Hooks(std::string folder, std::string version, const Options& options, Log log);
    /// What was told before is in the journals.
    ~Hooks();
    Hooks(const Hooks&) = delete;
    Hooks& operator=(const Hooks&) = delete;

    /// Makes what those options need beyond what there is: threads, and libcurl. One thread at a
    /// time. Throws std::runtime_error or std::system_error; then all stays as it is.
    void prepare(const Options& options) ST_EXCLUDES(mutex_);
    /// As a reload does, with options that were prepared: targets that stay keep their queue, those
    /// that go keep their journal.
    void reconfigure(const Options& options) ST_EXCLUDES(mutex_);

    /// Something happened; `json` as the API gives it. Returns at once.
    void add(const std::string& type, const std::string& json) ST_EXCLUDES(mutex_);

    /// `done` is called once, on the questions' thread; not if the server ends before. False:
    /// nobody is to be asked, and it is not called.
    bool decide(const auth::Question& question, const auth::Decided& done) ST_EXCLUDES(mutex_);

    /// In the order of the configuration; what a reload changed may be missing for a moment.
    std::vector<control::HookStatus> status() const ST_EXCLUDES(mutex_);

    // For the API; `done` is called once, on any thread, perhaps before this returns, and sees what
    // was done before.
    using ListDone = std::function<void(const std::vector<control::HookStatus>&)>;
    void list(const ListDone& done) ST_EXCLUDES(mutex_);
    using FailedDone = std::function<void(std::vector<control::FailedHook>)>;
    void failed(const FailedDone& done) ST_EXCLUDES(mutex_);
    /// Error not_found: there is no failed message of that id; unavailable: its journal takes none.
    using ReplayDone = std::function<void(control::Decoded<std::string>)>;
    void replay(const std::string& id, const ReplayDone& done) ST_EXCLUDES(mutex_);
    /// Error not_found: no such target is configured.
    /// `url`: as it is configured or listed, or the target's id.
    using TestDone = std::function<void(control::Decoded<control::HookTestReply>)>;
    void test(const std::string& url, const TestDone& done) ST_EXCLUDES(mutex_);

 private:
    class Deliveries;
    class Questions;

    // Null: none was configured so far. Once made it stays.
    Deliveries* deliveries() const ST_EXCLUDES(mutex_);
    Questions* questions() const ST_EXCLUDES(mutex_);

    const std::string folder_;
    const std::string user_agent_;
    const Log log_;
    mutable Mutex mutex_;
    std::unique_ptr<Deliveries> deliveries_ ST_GUARDED_BY(mutex_);
    std::unique_ptr<Questions> questions_ ST_GUARDED_BY(mutex_);
};

}  // namespace st::notify
