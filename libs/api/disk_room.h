#pragma once
/// How much room the disk of the recordings has. One task on the pool asks it at a time, and all
/// who ask meanwhile share its answer: a disk that hangs holds up one thread, whoever asks.
/// Control loop only.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "loop/task_pool.h"
#include "loop/timers.h"

namespace st::api {

struct DiskSpace {
    std::uint64_t free_bytes = 0;
    std::uint64_t size_bytes = 0;
};

/// Of the disk that `path` lies on; nullopt: it cannot be asked. Blocks.
std::optional<DiskSpace> disk_space(const std::string& path);

class DiskRoom {
 public:
    static constexpr std::chrono::seconds kPatience{3};

    using Done = std::function<void(const std::optional<DiskSpace>&)>;

    /// `look` may block; it is called on the pool. `post`: to the control loop. All of it outlives
    /// this.
    DiskRoom(std::function<std::optional<DiskSpace>()> look, loop::BlockingWork& pool,
             std::function<void(std::function<void()>)> post, loop::Timers& timers);
    ~DiskRoom();
    DiskRoom(const DiskRoom&) = delete;
    DiskRoom& operator=(const DiskRoom&) = delete;

    /// `done` is called once; nullopt: the disk cannot be asked, or does not answer in kPatience.
    void ask(Done done);

 private:
    void tell(const std::optional<DiskSpace>& space);

    const std::function<std::optional<DiskSpace>()> look_;
    loop::BlockingWork& pool_;
    const std::function<void(std::function<void()>)> post_;
    loop::Timers& timers_;
    std::vector<Done> waiting_;  ///< for the look that is under way
    bool is_late_ = false;       ///< one is, and nobody waits for it any more
    loop::TimerId patience_ = 0;
    std::shared_ptr<const bool> here_ = std::make_shared<const bool>(true);
};

}  // namespace st::api
