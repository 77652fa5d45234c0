#pragma once
/// A camera as the live stream "/camera/<name>": its messages made into packets while somebody
/// watches, and kept from the newest key frame on while nobody does. Lives on the camera's network
/// loop. docs/live.md.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "camera/frame.h"
#include "capture/camera_clock.h"
#include "capture/camera_link.h"
#include "capture/kept_frames.h"
#include "hub/hub.h"
#include "loop/timers.h"
#include "media/annexb_packets.h"
#include "media/nal_peek.h"

namespace st::capture {

class CameraStream {
 public:
    /// All but the link outlives this; `clock` is the camera's. `is_caught_up`: all that the camera
    /// sent has been fed, as far as the server knows (httpd::MessageSocket).
    CameraStream(hub::Hub& hub, loop::Timers& timers, LinkPtr link, const CameraClock& clock,
                 std::function<bool()> is_caught_up)
        : hub_(hub),
          timers_(timers),
          link_(std::move(link)),
          clock_(clock),
          is_caught_up_(std::move(is_caught_up)),
          kept_(hub.options().gop, hub.memory()) {}
    CameraStream(const CameraStream&) = delete;
    CameraStream& operator=(const CameraStream&) = delete;
    ~CameraStream();

    /// A frame of the camera, whatever its state. `name`: the camera's, at present; `message` holds
    /// the frame's payload; `peek` is peek_nals of it.
    void feed(const std::string& name, const camera::Frame& frame, SharedBuffer message,
              const media::NalPeek& peek, std::int64_t now_ns);
    /// Whether the camera sends each picture when it is taken. Counts from the next capture on.
    void set_paced(bool is_paced) { is_paced_ = is_paced; }
    /// Somebody may have begun to watch: they get what is kept.
    void give_kept(std::int64_t now_ns);
    /// The capture is over, or the connection.
    void end(const std::string& reason);

 private:
    class Holder;

    void leave_path(const std::string& reason);
    bool begin_feeding(std::int64_t now_ns);
    void feed_pictures(Bytes payload, std::uint64_t time_ms);
    void stop_feeding();
    void charge();
    void await_rest();
    void give_held(hub::Coming coming);
    void await_age();
    bool hold_path(const std::string& name, std::int64_t now_ns);
    void push(std::int64_t now_ns, hub::Coming coming = hub::Coming::measured);

    hub::Hub& hub_;
    loop::Timers& timers_;
    const LinkPtr link_;
    const CameraClock& clock_;
    const std::function<bool()> is_caught_up_;
    std::shared_ptr<Holder> holder_;
    hub::Publication publication_;
    std::string name_;  ///< under which publication_ is
    bool is_paced_ = true;
    std::int64_t refused_ns_ = 0;
    bool is_feeding_ = false;  ///< packets are made, and the hub keeps them
    KeptFrames kept_;          ///< while they are not
    media::AnnexBPackets pictures_;
    std::size_t charged_bytes_ = 0;  ///< what they hold, in the server's budget
    MemoryBudget::Charge charge_;
    std::vector<media::Packet> made_;
    std::uint64_t unusable_ = 0;    ///< of pictures_, told already
    std::int64_t fed_ns_ = 0;       ///< the last frame with more of a picture
    unsigned quiet_looks_ = 0;      ///< since then, in a row
    loop::TimerId rest_timer_ = 0;  ///< for the rest of a picture
    loop::TimerId age_timer_ = 0;   ///< of what is kept
};

}  // namespace st::capture
