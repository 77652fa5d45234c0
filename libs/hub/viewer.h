#pragma once
/// The two sides of a stream as the hub sees them: who publishes, who watches.
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/buffer.h"
#include "hub/unit.h"

namespace st::hub {

struct PublisherInfo {
    std::string protocol;   ///< "camera", "rtmp", "http-flv", "ws-flv", "source"
    std::string peer;       ///< address:port; empty for a source
    std::string query;      ///< as asked, for whoever is told
    std::string address{};  ///< whose place it takes; "": nobody's
};

struct ViewerInfo {
    std::string protocol;  ///< "rtmp", "http-flv", "ws-flv"
    std::string peer;
    std::string query;
    std::string address{};  ///< likewise
};

/// Whoever publishes. Any thread; implementations post to their own.
class Publisher {
 public:
    virtual ~Publisher() = default;
    /// Another one wants the path: provoke a sign of life.
    virtual void probe() = 0;
    /// The path is another one's now; what is pushed goes nowhere.
    virtual void replaced() = 0;
    /// `by`, as "user@host" or an address, ends it.
    virtual void kicked(const std::string& by) = 0;
    /// Somebody begins to watch, or wants a picture: what is kept is due, if there is any that was
    /// not pushed. Called with the stream's lock held.
    virtual void wanted() {}
    /// It was refused a path that another one held; that one has left, or has shown that it is
    /// alive. Once for each refusal of Hub::publish().
    virtual void holder_changed() {}

    /// Of the last byte from the peer.
    std::atomic<std::int64_t> last_input_ns{0};
    /// Somebody waits to know whether this one is alive: see Publication::note_input().
    std::atomic<bool> is_doubted{false};
};
using PublisherPtr = std::shared_ptr<Publisher>;

struct Tracks {
    bool video = false;
    bool audio = false;
};

enum class EndReason : std::uint8_t {
    ended,   ///< the publisher is gone and none came in its place
    stuck,   ///< takes nothing any more
    kicked,  ///< by an operator
};
const char* to_text(EndReason reason);
/// Why a connection that `by` had closed is told goodbye.
std::string kicked_text(const std::string& by);

/// Where a viewer's packets go, called for each of them. All calls on its queue's thread.
class Sink {
 public:
    virtual ~Sink() = default;
    /// Wire forms of whole packets, in order. Never calls back into the subscription.
    virtual void send(std::span<const SharedBuffer> wires) = 0;
    /// Of what was sent, what still waits for the socket.
    virtual std::size_t queued_bytes() const = 0;
    /// What its socket took so far, of whatever was written to it: one that takes nothing shows as
    /// a figure that stands still.
    virtual std::uint64_t bytes_taken() const = 0;
};

/// What a viewer is told about its stream. All calls on its queue's thread.
class Viewer {
 public:
    virtual ~Viewer() = default;
    virtual Sink& sink() = 0;
    /// A publisher came or left.
    virtual void publisher_changed() {}
    /// Once, directly before the sink's first send(): what the stream has.
    virtual void begin(Tracks tracks) = 0;
    /// Over. The subscription may be destroyed in this call. `by`: who kicked it.
    virtual void end(EndReason reason, const std::string& by) = 0;
};

/// What is known of a viewer, readable by any thread.
struct ViewerRecord {
    std::uint64_t id = 0;
    std::string path;
    ViewerInfo info;
    std::int64_t since_us = 0;  ///< wall clock
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> packets{0};
    std::atomic<std::uint64_t> dropped{0};  ///< packets
    std::atomic<std::uint64_t> cuts{0};
    std::atomic<std::uint64_t> queue_bytes{0};
    std::atomic<std::uint64_t> queue_bytes_max{0};
};

}  // namespace st::hub
