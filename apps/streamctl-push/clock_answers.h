#pragma once
/// Answers of a camera of push to the server's questions about its clock. On its loop's thread.
#include <cstdint>
#include <functional>
#include <map>
#include <random>

#include "camera/message.h"
#include "loop/event_loop.h"
#include "streamctl-push/push_clock.h"
#include "streamctl/options.h"

namespace st::streamctl {

class ClockAnswers {
 public:
    using Send = std::function<void(const camera::ClockReply& reply)>;

    /// `seed` of what `fault` leaves to chance. `loop` and `clock` outlive it.
    ClockAnswers(loop::EventLoop& loop, const PushClock& clock, const Fault& fault,
                 std::uint_fast32_t seed, Send send)
        : loop_(loop), clock_(clock), fault_(fault), chance_(seed), send_(std::move(send)) {}
    ~ClockAnswers() { forget(); }
    ClockAnswers(const ClockAnswers&) = delete;
    ClockAnswers& operator=(const ClockAnswers&) = delete;

    /// At once, or as late in each direction as `fault` has it: the question on its way here, the
    /// answer on its way back.
    void answer(std::uint32_t id);
    /// Those that are late do not come any more.
    void forget();

 private:
    /// One way: at least `always`, and up to the jitter more.
    std::chrono::nanoseconds late(milliseconds always);
    void after(std::uint32_t id, std::chrono::nanoseconds wait, std::function<void()> task);

    loop::EventLoop& loop_;
    const PushClock& clock_;
    const Fault fault_;
    std::mt19937 chance_;
    const Send send_;
    std::map<std::uint32_t, loop::TimerId> waiting_;  ///< by the question's id
};

}  // namespace st::streamctl
