#pragma once
/// The frames of one camera that wait for a recording (camera/preroll), for as long as they may,
/// and what of them counts as the camera's. Lives on the camera's network loop.
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "camera/preroll.h"
#include "loop/timers.h"

namespace st::capture {

class HeldFrames {
 public:
    /// Gets to know how many bytes are held, whenever that may have changed.
    using Account = std::function<void(std::size_t bytes)>;

    /// `timers` outlives this.
    HeldFrames(loop::Timers& timers, Account account)
        : timers_(timers), account_(std::move(account)) {}
    HeldFrames(const HeldFrames&) = delete;
    HeldFrames& operator=(const HeldFrames&) = delete;
    ~HeldFrames() { timers_.cancel(timer_); }

    // These five as in camera::Preroll.
    void hold(SharedBuffer message, std::int64_t arrival_ns, const media::NalPeek& peek);
    void forget();
    std::optional<camera::HeldMessage> remember(Bytes message, std::int64_t arrival_ns,
                                                const media::NalPeek& peek) {
        return preroll_.remember(message, arrival_ns, peek);
    }
    std::vector<camera::HeldMessage> take(std::int64_t now_ns);
    std::uint64_t take_dropped() { return preroll_.take_dropped(); }

 private:
    void account() { account_(preroll_.held_bytes()); }
    void expire();

    loop::Timers& timers_;
    const Account account_;
    camera::Preroll preroll_;
    loop::TimerId timer_ = 0;
};

}  // namespace st::capture
