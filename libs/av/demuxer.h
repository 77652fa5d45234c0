#pragma once
/// What av/input.h hides: libav's handles of one input. Private to libs/av.
#include <atomic>
#include <deque>

#include "av/handles.h"

namespace st::av {

struct Demuxer {
    AVFormatContext* format = nullptr;
    AVStream* stream = nullptr;  ///< the first video stream
    const std::atomic<bool>* stop = nullptr;
    bool is_live = false;
    bool has_times = true;  ///< false: a bare stream, timed by its picture order and fps
    double fps = 25;
    std::int64_t start = 0;  ///< what counts as time 0, in the stream's time base

    /// The next packet of the stream; false at the end. The packet is blank before.
    bool read(AVPacket& packet);
    std::int64_t to_us(std::int64_t pts) const {
        return av_rescale_q(pts - start, stream->time_base, AVRational{1, 1'000'000});
    }

 private:
    bool read_next(AVPacket& packet);
    /// Packets up to the first with a time, those before it timed by their distance from it.
    void read_untimed();

    bool has_begun_ = false;
    std::deque<PacketPtr> begin_;  ///< read and not handed on yet
};

}  // namespace st::av
