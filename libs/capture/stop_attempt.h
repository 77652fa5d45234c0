#pragma once
/// stop_capture on its way to a camera: how long its answer may take. Lives on the camera's network
/// loop.
#include <chrono>
#include <cstdint>
#include <functional>

#include "capture/camera_clock.h"
#include "loop/timers.h"

namespace st::capture {

class StopAttempt {
 public:
    /// What stands between a camera and its answer.
    enum class Delay : std::uint8_t {
        none,
        unread,   ///< pictures that the server has not read yet
        the_rest  ///< the camera may have kept pictures, and sends them before it answers
    };

    /// `timers` and `clock` outlive this.
    StopAttempt(loop::Timers& timers, const CameraClock& clock, std::function<Delay()> delay,
                std::function<void()> on_timeout)
        : timers_(timers),
          clock_(clock),
          delay_(std::move(delay)),
          on_timeout_(std::move(on_timeout)) {}
    StopAttempt(const StopAttempt&) = delete;
    StopAttempt& operator=(const StopAttempt&) = delete;
    ~StopAttempt() { cancel(); }

    /// A frame came, whatever the camera is doing.
    void note_frame(std::uint64_t timestamp, std::int64_t arrival_ns) {
        last_frame_ = {timestamp, arrival_ns};
    }

    /// stop_capture has just gone out: on_timeout() is called unless it is answered within
    /// `timeout`, more where a Delay explains the silence.
    void begin(std::chrono::nanoseconds timeout);
    void cancel();
    bool is_running() const { return timer_ != 0; }

 private:
    struct FrameTime {
        std::uint64_t timestamp = 0;
        std::int64_t arrival_ns = 0;
    };

    void wait(std::chrono::nanoseconds patience);
    void on_timer();
    bool sends_the_rest() const;

    loop::Timers& timers_;
    const CameraClock& clock_;
    const std::function<Delay()> delay_;
    const std::function<void()> on_timeout_;
    std::chrono::nanoseconds timeout_{0};
    std::int64_t sent_ns_ = 0;
    FrameTime last_frame_;
    loop::TimerId timer_ = 0;
};

}  // namespace st::capture
