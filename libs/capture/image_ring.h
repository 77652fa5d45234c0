#pragma once
/// The newest pictures of a JPEG camera as files: `<path>/<camera>/frame_YYYYMMDD_HHMMSS_NNN.jpg`.
/// Any thread; the disk's work is done by the pool.
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "base/buffer.h"
#include "base/log.h"
#include "base/sync.h"
#include "loop/task_pool.h"

namespace st::capture {

/// Where pictures are kept, and how many of each camera; 0: none.
struct ImageFolder {
    std::string path = "images";
    std::size_t keep = 200;
};

class ImageRing : public std::enable_shared_from_this<ImageRing> {
 public:
    /// `camera`: a valid name. `pool` outlives the work posted to it.
    ImageRing(ImageFolder folder, const std::string& camera, loop::BlockingWork& pool, Log log);
    /// Logs how many pictures were missed.
    ~ImageRing();
    ImageRing(const ImageRing&) = delete;
    ImageRing& operator=(const ImageRing&) = delete;

    /// `wall_us`: when it came, which its name says. A disk that is slower than the camera misses
    /// pictures; they are in the recording all the same.
    void add(const SharedBuffer& jpeg, std::int64_t wall_us);

    static constexpr unsigned kWaitingMax = 8;

 private:
    void write(const std::string& name, const SharedBuffer& jpeg) ST_EXCLUDES(mutex_);
    void open() ST_REQUIRES(mutex_);

    const ImageFolder folder_;
    const std::string directory_;
    loop::BlockingWork& pool_;
    const Log log_;
    std::uint64_t number_ = 0;  ///< of this connection; the camera's loop alone
    std::atomic<unsigned> waiting_{0};
    std::atomic<std::uint64_t> missed_{0};
    Mutex mutex_;
    bool is_open_ ST_GUARDED_BY(mutex_) = false;
    bool has_failed_ ST_GUARDED_BY(mutex_) = false;
    std::deque<std::string> names_ ST_GUARDED_BY(mutex_);  ///< oldest first
};

}  // namespace st::capture
