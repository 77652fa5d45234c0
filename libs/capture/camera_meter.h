#pragma once
/// What a camera sends, counted: its totals and the last whole second, for whoever asks its link.
/// Lives on the camera's network loop.
#include <cstdint>
#include <optional>

#include "base/per_second.h"
#include "camera/frame.h"
#include "capture/camera_link.h"
#include "capture/counters.h"
#include "media/nal_peek.h"

namespace st::capture {

class CameraMeter {
 public:
    CameraMeter(Counters& counters, CameraLink& link) : counters_(counters), link_(link) {}

    /// `now_ns`: CLOCK_MONOTONIC when it came in.
    void count(const camera::Frame& frame, const media::NalPeek& peek, std::int64_t now_ns);

    /// A message that is no frame, or a frame that nobody can decode. True: log it; that is at most
    /// once a second.
    bool count_bad(std::int64_t now_ns);
    bool count_undecodable(std::int64_t now_ns);

    /// Another capture begins: the size was that of an earlier one.
    void forget_size();

 private:
    void count_lost(std::uint32_t seq);
    void read_size(const camera::Frame& frame);

    Counters& counters_;
    CameraLink& link_;
    std::optional<std::uint32_t> last_seq_;
    std::int64_t second_began_ns_ = 0;
    std::uint32_t second_pictures_ = 0;
    std::uint64_t second_bits_ = 0;
    PerSecond bad_told_{1};
    PerSecond undecodable_told_{1};
};

}  // namespace st::capture
