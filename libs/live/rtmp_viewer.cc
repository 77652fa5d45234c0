#include "live/rtmp_viewer.h"

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
    const auto after = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(*seconds_));
    end_timer_ = connection_.delivery().executor().after(after, [this] {
        end_timer_ = 0;
        viewer_.end_as_asked();
    });
}

void RtmpViewer::start(const std::string& path, const hub::ViewerInfo& info) {
    viewer_.start(path, static_cast<hub::FormId>(Form::rtmp), info, wanted_);
}

void RtmpViewer::accept(hub::Tracks /*tracks*/) {
    connection_.session().accept_play(stream_id_);
    connection_.flush();
}

void RtmpViewer::say_waiting(const std::string& why) {
    connection_.session().tell_waiting(stream_id_, why);
    connection_.flush();
}

void RtmpViewer::refuse(const Error& why) { connection_.refuse_play(stream_id_, why); }

void RtmpViewer::finish(ViewerEnd /*why*/, const std::string& words) {
    connection_.session().end_play(stream_id_, words);
    connection_.flush();
    connection_.end_viewer(stream_id_, words);
    connection_.close_if_unused(words);
}

void RtmpViewer::send(std::span<const SharedBuffer> wires) {
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
