#pragma once
/// A camera as the live stream "/camera/<name>": its messages made into packets while somebody
/// watches, and counted while nobody does. Lives on the camera's network loop. docs/live.md.
#include <memory>
#include <string>
#include <vector>

#include "camera/frame.h"
#include "capture/camera_link.h"
#include "hub/hub.h"
#include "media/annexb_packets.h"
#include "media/nal_peek.h"

namespace st::capture {

class CameraStream {
 public:
    CameraStream(hub::Hub& hub, LinkPtr link) : hub_(hub), link_(std::move(link)) {}

    /// A frame of the camera, whatever its state. `name`: the camera's, at present.
    void feed(const std::string& name, const camera::Frame& frame, const media::NalPeek& peek,
              std::int64_t now_ns);
    /// The capture is over, or the connection.
    void end(const std::string& reason);

 private:
    class Holder;

    bool hold_path(const std::string& name, std::int64_t now_ns);
    void push(std::int64_t now_ns);

    hub::Hub& hub_;
    const LinkPtr link_;
    std::shared_ptr<Holder> holder_;
    hub::Publication publication_;
    std::string name_;  ///< under which publication_ is
    std::int64_t refused_ns_ = 0;
    bool is_feeding_ = false;
    media::AnnexBPackets pictures_;
    std::vector<media::Packet> made_;
};

}  // namespace st::capture
