#pragma once
/// start_capture on its way to a camera: what it says, when it goes out, and how long its answer
/// may take. Lives on the camera's network loop.
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "camera/message.h"
#include "capture/camera_clock.h"
#include "loop/timers.h"

namespace st::capture {

class StartAttempt {
 public:
    /// `is_streaming`: the camera goes on with what it sends.
    using Send = std::function<void(const camera::StartParameters& asked, bool is_streaming)>;

    /// `timers` and `clock` outlive this.
    StartAttempt(loop::Timers& timers, const CameraClock& clock, Send send,
                 std::function<void()> on_timeout)
        : timers_(timers),
          clock_(clock),
          send_(std::move(send)),
          on_timeout_(std::move(on_timeout)) {}
    StartAttempt(const StartAttempt&) = delete;
    StartAttempt& operator=(const StartAttempt&) = delete;
    ~StartAttempt();

    /// The camera understands startAt.
    void set_takes_instants(bool takes) { takes_instants_ = takes; }

    /// What the next send() says. `begin_ns`: see StartOrder.
    void plan(camera::StartParameters asked, std::optional<std::int64_t> begin_ns,
              std::chrono::milliseconds timeout);
    /// What was said last, or is about to be.
    const camera::StartParameters& asked() const { return asked_; }

    /// Waits with a common instant for a clock that is being asked for, kFirstAnswerPatience at
    /// most; begins to wait for the answer. `is_streaming`: the camera is told only which pictures
    /// to leave out.
    void send(bool is_streaming);
    /// An answer about its clock came.
    void on_clock();
    /// The camera is not being started any more.
    void leave();
    /// The answer came in time.
    void cancel_timeout();

    /// A camera that streams already is being recorded from a key frame on.
    bool begins_at_entry() const { return begins_at_entry_; }
    /// Such a key frame may have that timestamp.
    bool may_begin_at(std::uint64_t timestamp) const {
        return begins_at_entry_ && !waits_for_clock_ && timestamp >= asked_.start_at.value_or(0);
    }

 private:
    void send_now();

    loop::Timers& timers_;
    const CameraClock& clock_;
    const Send send_;
    const std::function<void()> on_timeout_;
    bool takes_instants_ = false;
    camera::StartParameters asked_;
    std::optional<std::int64_t> begin_ns_;
    std::chrono::milliseconds timeout_{10'000};
    bool begins_at_entry_ = false;
    bool waits_for_clock_ = false;
    loop::TimerId timer_ = 0;
    loop::TimerId clock_timer_ = 0;
};

}  // namespace st::capture
