#pragma once
/// What is known of a camera's clock: its exchanges, the unit of its timestamps, and when there is
/// news of it. Lives on the camera's network loop. Spec: docs/camera.md, "The finer clock".
#include <cstdint>
#include <optional>
#include <vector>

#include "camera/frame.h"
#include "capture/camera_link.h"
#include "capture/clock_exchanges.h"

namespace st::capture {

class CameraClock {
 public:
    /// `timers` outlives this.
    CameraClock(loop::Timers& timers, ClockExchanges::Send send)
        : exchanges_(timers, std::move(send)) {}

    /// What the camera says of its clock. True: it answers questions about it.
    bool begin(const camera::ClockAbilities& abilities);
    void stop() { exchanges_.stop(); }
    void set_streaming(bool is_streaming) { exchanges_.set_streaming(is_streaming); }
    /// See ClockExchanges::on_reply.
    std::optional<clock::Exchange> on_reply(const camera::ClockReply& reply, std::int64_t now_ns);

    ClockTold standing() const;
    /// Its bound is half or twice what the last event said, or the clock jumped.
    bool has_news() const;
    /// The event about that; has_news() is false afterwards.
    Happened tell(const std::string& camera);

    const std::vector<clock::Exchange>& recent() const { return exchanges_.recent(); }
    bool awaits_first() const { return exchanges_.awaits_first(); }
    std::optional<std::uint64_t> device_time(std::int64_t server_ns) const {
        return exchanges_.device_time(server_ns);
    }
    std::uint64_t to_ms(std::uint64_t timestamp) const { return camera::to_ms(timestamp, unit_); }

    /// When a frame was taken by the server's wall clock, as far as exchanges tell.
    struct Instant {
        std::int64_t wall_us;
        std::int64_t bound_us;
    };
    std::optional<Instant> instant_of(std::uint64_t timestamp, std::int64_t arrival_ns) const;
    /// Taken long before it came: it waited for a connection. Before the first answer every frame
    /// is taken to be late, and none of a camera that does not answer.
    bool is_late(std::uint64_t timestamp, std::int64_t arrival_ns) const;

 private:
    ClockExchanges exchanges_;
    camera::TimeUnit unit_ = camera::TimeUnit::ms;
    clock::Standing latest_;          ///< at the last exchange
    std::int64_t bound_told_us_ = 0;  ///< 0: none yet
    std::uint64_t jumps_told_ = 0;
};

}  // namespace st::capture
