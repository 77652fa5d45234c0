#pragma once
/// How loops tell a writer thread that sessions have work: a system call per round of the writer at
/// most, not one per message. Private to libs/record.
#include <chrono>
#include <vector>

#include "base/sync.h"
#include "record/session.h"

namespace st::record {

/// How long a writer collects work before it begins: what a message may be late by, in exchange for
/// one wake-up for the messages of all cameras.
constexpr std::chrono::milliseconds kCollectFor{20};

class Mailbox {
 public:
    /// `session` has work. Urgent: do not wait for more of it. Any thread.
    void post(SessionPtr session, bool urgent) ST_EXCLUDES(mutex_);
    /// The work already posted is urgent now.
    void hasten() ST_EXCLUDES(mutex_);
    void stop() ST_EXCLUDES(mutex_);

    /// Waits for work and swaps it into `work` (which comes in empty). False: stopped, and nothing
    /// is left. Writer thread only.
    bool wait(std::vector<SessionPtr>& work) ST_EXCLUDES(mutex_);

 private:
    Mutex mutex_;
    std::condition_variable changed_;
    std::vector<SessionPtr> posted_ ST_GUARDED_BY(mutex_);
    bool urgent_ ST_GUARDED_BY(mutex_) = false;
    bool idle_ ST_GUARDED_BY(mutex_) = false;  ///< the writer waits without a time limit
    bool stopped_ ST_GUARDED_BY(mutex_) = false;
};

}  // namespace st::record
