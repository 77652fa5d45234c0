#include "live/rtmp_viewer.h"

#include <algorithm>

#include "live/live.h"
#include "live/parts.h"
#include "rtmp/chunk_writer.h"

namespace st::live {

RtmpViewer::RtmpViewer(RtmpConnection& connection, const rtmp::Play& play)
    : connection_(connection),
      stream_(connection.stream()),
      stream_id_(play.stream_id),
      wanted_{play.wanted.video, play.wanted.audio},
      seconds_(play.seconds),
      viewer_(connection.live().hub(), connection.delivery(), connection.live().terms(), *this) {}

RtmpViewer::~RtmpViewer() { connection_.delivery().executor().cancel(end_timer_); }

void RtmpViewer::begin() {
    if (!seconds_) return;
    end_after(std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(*seconds_)));
}

/// Never within a call of the hub's.
void RtmpViewer::end_after(std::chrono::nanoseconds delay) {
    hub::Executor& executor = connection_.delivery().executor();
    executor.cancel(end_timer_);
    end_timer_ = executor.after(delay, [this] {
        end_timer_ = 0;
        viewer_.end_as_asked();
    });
}

void RtmpViewer::start(const std::string& path, const hub::ViewerInfo& info) {
    viewer_.start(path, static_cast<hub::FormId>(Form::rtmp), info, wanted_);
}

void RtmpViewer::accept(hub::Tracks /*tracks*/, const std::string& /*why_waiting*/) {
    connection_.session().accept_play(stream_id_);
    connection_.flush();
}

void RtmpViewer::say_waiting(const std::string& why) {
    connection_.session().tell_waiting(stream_id_, why);
    connection_.flush();
}

void RtmpViewer::refuse(const Error& why) { connection_.refuse_play(stream_id_, why); }

void RtmpViewer::finish(ViewerEnd why, const std::string& words) {
    if (why == ViewerEnd::complete) {
        connection_.session().complete_play(stream_id_, seconds_.value_or(0));
    } else {
        connection_.session().end_play(stream_id_, words);
    }
    connection_.flush();
    connection_.end_viewer(stream_id_, words);
    connection_.close_if_unused(words);
}

/// Whether with this message the seconds that were asked for are over, by the stream's own time.
bool RtmpViewer::is_past_end(const SharedBuffer& wire) {
    const auto time_ms = rtmp::media_time(wire->bytes());
    if (!time_ms) return false;
    if (!first_ms_) first_ms_ = *time_ms;
    // A track may begin a little before the first that came.
    const auto played_ms = static_cast<std::int32_t>(*time_ms - *first_ms_);
    return played_ms > 0 && played_ms >= *seconds_ * 1000;
}

void RtmpViewer::send(std::span<const SharedBuffer> wires) {
    if (seconds_) {
        const auto end = std::find_if(wires.begin(), wires.end(), [this](const SharedBuffer& wire) {
            return is_past_end(wire);
        });
        if (end != wires.end()) end_after(std::chrono::nanoseconds::zero());
        wires = wires.first(static_cast<std::size_t>(end - wires.begin()));
    }
    if (stream_id_ == rtmp::kFirstStreamId) return stream_.send(wires);
    for (const SharedBuffer& wire : wires) {
        if (wire->empty()) continue;
        stream_.send(share(rtmp::readdress(wire->bytes(), stream_id_)));
    }
}

void RtmpViewer::pause(bool is_paused) {
    is_paused_ = is_paused;
    viewer_.choose(is_paused ? hub::Tracks{} : wanted_);
}

void RtmpViewer::choose(rtmp::Wanted wanted) {
    wanted_ = {wanted.video, wanted.audio};
    if (!is_paused_) viewer_.choose(wanted_);
}

}  // namespace st::live
