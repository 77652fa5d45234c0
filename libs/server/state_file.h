#pragma once
/// A small file in the folder .streamd beside the recordings.
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/sync.h"
#include "loop/task_pool.h"

namespace st::server {

/// Held by a shared pointer.
class StateFile : public std::enable_shared_from_this<StateFile> {
 public:
    /// `folder`: the recordings'. The folder .streamd is made with the first write.
    StateFile(const std::string& folder, std::string name);

    const std::string& path() const { return path_; }
    /// Nullopt: there is none. An error: there is one that cannot be read. Blocks.
    Result<std::optional<std::string>> read() const;
    /// What is there is not understood: the next write moves it to NAME.bad first.
    void set_aside() { sets_aside_ = true; }

    /// What is written under a later turn stays, whichever thread comes last.
    std::uint64_t next_turn() { return ++turns_; }
    /// Replaces the file, so that it is whole after a crash as well. Blocks; any thread. Throws
    /// std::system_error.
    void write(std::uint64_t turn, std::string_view text) ST_EXCLUDES(mutex_);
    /// The same on the pool. `done` gets to know there why it could not; "": it could. The
    /// pool outlives that.
    void write_later(loop::BlockingWork& pool, std::string text,
                     std::function<void(const std::string& problem)> done);

 private:
    const std::string folder_;
    const std::string name_;
    const std::string path_;
    std::atomic<std::uint64_t> turns_{0};
    std::atomic<bool> sets_aside_{false};
    Mutex mutex_;
    std::uint64_t written_ ST_GUARDED_BY(mutex_) = 0;
};

}  // namespace st::server
