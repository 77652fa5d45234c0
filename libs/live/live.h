#pragma once
/// The live streams of this server: the hub with its wire forms, its delivery queues on the network
/// loops, and what is told about it.
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/event_sink.h"
#include "httpd/net_loop.h"
#include "hub/hub.h"
#include "live/loop_executor.h"
#include "live/options.h"
#include "live/viewer.h"

namespace st::live {

/// The wire forms, as the hub numbers them.
enum class Form : hub::FormId {
    flv,          ///< FLV tags, as HTTP/1.0 carries them
    flv_chunked,  ///< each as one chunk of HTTP/1.1
    ws_flv,       ///< each in a WebSocket message
    ws_flv_zlib,  ///< the same, deflated (server/deflated.h)
    rtmp,         ///< RTMP messages in chunks, for message stream 1
};

/// "last key frame 43 s ago" of a stream of which nothing is kept that a viewer could begin with;
/// empty: there is something, or there is no such stream.
std::string key_frame_age(const hub::StreamStatus& status, std::int64_t now_ns);

class Live {
 public:
    /// `memory`: see hub::Hub.
    Live(const Options& options, loop::EventLoop& control, EventSink& events,
         MemoryBudget* memory = nullptr);
    ~Live();

    hub::Hub& hub() { return hub_; }
    /// Told of everything the hub tells, on the control loop. Set at start; may be empty.
    std::function<void(const hub::Event&)> on_event;
    /// Somebody publishes there from now on; told before its first packet, on its thread. Set at
    /// start; may be empty.
    std::function<void(const std::string& path)> on_published;
    /// Whether the path's source is being tried for its viewers: they wait for that. Set at start,
    /// called on any thread; may be empty.
    std::function<bool(const std::string& path)> is_coming;
    /// Whether the path is an on-demand source's: nobody else publishes there, and it can be played
    /// at any time. Set at start, called on any thread; may be empty.
    std::function<bool(const std::string& path)> is_source;
    /// Who decides whether somebody may publish or play, once access has been checked. Set at
    /// start; may be empty.
    auth::Decide decide;
    /// Error.code 403: the app is ours; 409: an on-demand source's path. Any thread.
    Result<void> check_publish(const std::string& path) const;
    const Options& options() const { return options_; }
    Viewer::Terms terms() const { return {options_.wait, is_coming, decide}; }
    /// At start, once for each loop; the loop ends before this object does.
    void add(httpd::NetLoop& net);
    hub::DeliveryQueue& delivery_of(const httpd::NetLoop& net) {
        return *deliveries_.at(&net).delivery;
    }

 private:
    struct OnLoop {
        std::unique_ptr<LoopExecutor> executor;
        hub::DeliveryQueue* delivery;
    };

    void tell(const hub::Event& event);
    /// Ends the stream for its viewers unless a publisher returns in time.
    void give_up_later(const std::string& path, std::uint64_t publication);

    const Options options_;
    loop::EventLoop& control_;
    EventSink& events_;
    std::unordered_map<const httpd::NetLoop*, OnLoop> deliveries_;  ///< constant after start
    hub::Hub hub_;
};

}  // namespace st::live
