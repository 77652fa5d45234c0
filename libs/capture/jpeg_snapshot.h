#pragma once
/// The next picture of a JPEG camera, for whoever wants a single one.
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "capture/jpeg_streams.h"
#include "loop/timers.h"

namespace st::capture {

class JpegSnapshot final : public JpegStreams::Viewer,
                           public std::enable_shared_from_this<JpegSnapshot> {
 public:
    static constexpr std::chrono::seconds kPatience{10};

    /// The bytes of the JPEG. Error.code 404: no such camera; 503: no picture came.
    using Done = std::function<void(const Result<std::string>&)>;
    /// Runs a task on the thread of `timers`; called on any thread.
    using Post = std::function<void(std::function<void()>)>;

    /// The thread of `timers`, which outlive this; `done` is called there, once.
    static void take(JpegStreams& streams, const std::string& camera, loop::Timers& timers,
                     Post post, Done done);

    void on_picture(const SharedBuffer& jpeg) override;
    void on_words(const std::string& /*text*/) override {}
    void on_camera_gone() override;

 private:
    JpegSnapshot(std::string camera, loop::Timers& timers, Post post, Done done);
    void finish(const Result<std::string>& jpeg);

    const std::string camera_;
    loop::Timers& timers_;
    const Post post_;
    Done done_;  ///< of the timers' thread; null once called
    loop::TimerId patience_ = 0;
};

}  // namespace st::capture
