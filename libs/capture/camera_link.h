#pragma once
/// What the control loop and a camera connection's own loop both know of the connection.
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "httpd/net_loop.h"

namespace st::capture {

class CameraConnection;

/// Numbers and identity are readable from any thread; `connection` only on `net`'s.
struct CameraLink : std::enable_shared_from_this<CameraLink> {
    CameraLink(std::uint64_t link_id, httpd::NetLoop& its_loop, std::string peer_text,
               std::string request_path, std::int64_t now_us)
        : id(link_id),
          net(its_loop),
          peer(std::move(peer_text)),
          path(std::move(request_path)),
          connected_us(now_us),
          last_seen_us(now_us) {}

    /// Runs `task` on the connection's loop if the connection is still there. Any thread.
    void post(std::function<void(CameraConnection&)> task) {
        net.loop().post([self = shared_from_this(), run = std::move(task)] {
            if (const auto alive = self->connection.lock()) run(*alive);
        });
    }

    const std::uint64_t id;
    httpd::NetLoop& net;
    const std::string peer;
    const std::string path;
    const std::int64_t connected_us;
    std::weak_ptr<CameraConnection> connection;

    // Set by the control loop before the connection exists; then the control loop's alone.
    std::string name;
    bool name_is_default = false;  ///< a rule by device model may still give another
    auth::Address address;

    std::atomic<std::uint64_t> frames{0};
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> bad{0};
    std::atomic<std::int64_t> last_seen_us;
    std::atomic<std::uint32_t> width{0};  ///< 0: no picture yet
    std::atomic<std::uint32_t> height{0};
    /// The last whole second: when it began (monotonic), pictures and bits in it.
    std::atomic<std::int64_t> second_ns{0};
    std::atomic<std::uint32_t> second_pictures{0};
    std::atomic<std::uint64_t> second_bits{0};
};

using LinkPtr = std::shared_ptr<CameraLink>;

}  // namespace st::capture
