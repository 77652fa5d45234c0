#pragma once
/// What the server is told: plain values, checked before they get here.
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/access.h"
#include "base/sync.h"
#include "camera/message.h"
#include "hub/options.h"
#include "loop/tls_context.h"

namespace st::server {

using std::chrono::milliseconds;

struct CameraOptions {
    milliseconds ping_interval{20'000};  ///< silence after which a ping goes out
    milliseconds ping_timeout{20'000};   ///< silence after that ping which ends the connection
    milliseconds takeover_after{5'000};  ///< how long a silent holder keeps its name
    milliseconds stop_timeout{10'000};   ///< for capture_stopped to follow stop_capture
    std::optional<camera::StartParameters> auto_start;
};

/// Names a camera that did not name itself. Empty conditions match any.
struct NameRule {
    std::optional<auth::Range> address;
    std::string model;
    std::string name;
};

/// Zero: no limit, but for frame_bytes and connections.
struct Limits {
    std::size_t frame_bytes = std::size_t{16} << 20;
    std::size_t connections = 10'000;
    std::size_t connections_per_address = 0;
    std::size_t cameras = 0;
};

struct LiveOptions {
    milliseconds wait{10'000};    ///< how long a viewer waits for a publisher
    milliseconds resume{10'000};  ///< how long viewers wait for theirs to come back
    hub::Options hub;
};

struct Options {
    CameraOptions camera;
    LiveOptions live;
    std::vector<NameRule> name_rules;
    Limits limits;
    auth::Policy policy;
    loop::TlsContextPtr tls;  ///< of connections to come; null: no TLS listener
    milliseconds max_session{6 * 3'600'000LL};
    std::string recordings_path;  ///< absolute
};

/// The options in force. Any thread reads them; a reload puts others in their place as a whole.
/// Whoever needs values that belong together, or loops over a list, holds one get().
class CurrentOptions {
 public:
    using Snapshot = std::shared_ptr<const Options>;

    explicit CurrentOptions(Options options)
        : current_(std::make_shared<const Options>(std::move(options))) {}

    Snapshot get() const ST_EXCLUDES(mutex_) {
        const Lock lock(mutex_);
        return current_;
    }
    /// One value; valid to the end of the full expression.
    Snapshot operator->() const { return get(); }
    void replace(Options options) ST_EXCLUDES(mutex_) {
        auto next = std::make_shared<const Options>(std::move(options));
        const Lock lock(mutex_);
        current_.swap(next);
    }

 private:
    mutable Mutex mutex_;
    Snapshot current_ ST_GUARDED_BY(mutex_);
};

/// Deadlines and bounds of HTTP that no configuration changes.
constexpr milliseconds kHeadDeadline{5'000};        ///< from the connection, or the first byte
constexpr milliseconds kTokenDeadline{5'000};       ///< for a token as the first message
constexpr milliseconds kBodyDeadline{10'000};       ///< from the end of the head
constexpr milliseconds kKeepAliveDeadline{15'000};  ///< between two requests
constexpr milliseconds kDownloadDeadline{30'000};   ///< for a piece of a file to be taken
constexpr milliseconds kClosePatience{2'000};       ///< for our last bytes to be taken
constexpr std::size_t kApiBodyMax = 64 * 1024;
constexpr std::size_t kPipelinedBytesMax = 64 * 1024;

}  // namespace st::server
