#pragma once
/// Getting a stream to publish into: at once, or as soon as its holder leaves or was silent for as
/// long as a camera may be, or not at all: refused with the holder's first sign of life. Lives on a
/// network loop, owned by the connection that asks.
#include <functional>
#include <memory>
#include <string>

#include "hub/hub.h"
#include "live/live.h"
#include "loop/event_loop.h"
#include "loop/transport.h"

namespace st::live {

class PublishClaim {
 public:
    using Done = std::function<void(Result<hub::Publication>)>;

    PublishClaim(Live& live, loop::EventLoop& loop, std::chrono::milliseconds takeover_after)
        : live_(live), loop_(loop), takeover_after_(takeover_after) {}
    ~PublishClaim() { loop_.cancel(timer_); }
    PublishClaim(const PublishClaim&) = delete;
    PublishClaim& operator=(const PublishClaim&) = delete;

    /// Before ask(): one whose `peer` leaves meanwhile claims nothing any more. While it
    /// waits nobody reads from it, so nobody else would notice.
    void watch(const loop::Transport& peer) { peer_ = &peer; }
    /// Once. `done` is called in this call or later, never after destruction; it may destroy this.
    /// Error.code as of hub::Hub::publish.
    void ask(const std::string& path, const hub::PublisherPtr& publisher,
             const hub::PublisherInfo& info, hub::Clock clock, Done done);

 private:
    struct Asked {
        std::string path;
        hub::PublisherPtr publisher;
        hub::PublisherInfo info;
        hub::Clock clock;
        std::int64_t since_ns;  ///< monotonic
        Done done;
    };
    void look_again(std::shared_ptr<const Asked> asked);
    bool has_left() const;

    Live& live_;
    loop::EventLoop& loop_;
    const std::chrono::milliseconds takeover_after_;
    const loop::Transport* peer_ = nullptr;
    loop::TimerId timer_ = 0;
};

}  // namespace st::live
