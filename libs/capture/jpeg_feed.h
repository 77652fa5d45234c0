#pragma once
/// What becomes of a JPEG camera's pictures and words beside its recording: files, viewers, and
/// how fast they come. Lives on the camera's network loop.
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/buffer.h"
#include "capture/image_ring.h"
#include "capture/jpeg_streams.h"
#include "loop/timers.h"

namespace st::capture {

class JpegFeed {
 public:
    /// `streams` and `timers` outlive this. `ring` may be null.
    JpegFeed(JpegStreams& streams, loop::Timers& timers, std::uint64_t camera,
             std::shared_ptr<ImageRing> ring);
    JpegFeed(const JpegFeed&) = delete;
    JpegFeed& operator=(const JpegFeed&) = delete;
    ~JpegFeed();

    /// Pictures go on into that one: the camera has another name.
    void write_to(std::shared_ptr<ImageRing> ring) { ring_ = std::move(ring); }
    void picture(const SharedBuffer& jpeg, std::int64_t wall_us);
    void words(const std::string& text, std::int64_t wall_us);

 private:
    /// Once a second, whether pictures come or not.
    void tell_rate();

    JpegStreams& streams_;
    loop::Timers& timers_;
    const std::uint64_t camera_;
    std::shared_ptr<ImageRing> ring_;
    std::uint64_t total_ = 0;
    std::uint64_t in_window_ = 0;
    std::int64_t window_ns_;  ///< when it began
    loop::TimerId timer_ = 0;
};

/// "[12:03:04] [camera] ACK: stopped", local time.
std::string console_line(std::int64_t wall_us, const std::string& source, const std::string& text);

}  // namespace st::capture
