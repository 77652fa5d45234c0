#include "live/ws_flv_viewer.h"

#include "flv/tag.h"
#include "httpd/refusal.h"
#include "live/deflated.h"
#include "live/live_http.h"
#include "live/viewer_queue.h"
#include "ws/encode.h"

namespace st::live {
namespace {

/// A viewer has nothing to say but control frames.
constexpr std::size_t kViewerMessageMax = 4 * 1024;

std::uint16_t close_code(ViewerEnd why) {
    switch (why) {
        case ViewerEnd::ended:
        case ViewerEnd::complete:
        case ViewerEnd::left:
            return ws::kCloseNormal;
        case ViewerEnd::stuck:
            return ws::kCloseTryLater;
        case ViewerEnd::kicked:
            return ws::kClosePolicy;
        case ViewerEnd::shutdown:
            return ws::kCloseGoingAway;
    }
    return ws::kCloseNormal;
}

}  // namespace

WsFlvViewer::WsFlvViewer(Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                         std::unique_ptr<loop::Transport> stream, std::string upgrade_answer)
    : parts_(parts),
      net_(net),
      ticket_(std::move(ticket)),
      stream_(std::move(stream)),
      upgrade_answer_(std::move(upgrade_answer)),
      viewer_(parts.live.hub(), parts.live.delivery_of(net), parts.live.terms(), *this) {
    stream_->set_handler(*this);
    stream_->limit_kernel_queue(kViewerKernelQueue);
}

void WsFlvViewer::start(const LiveRequest& request, const hub::ViewerInfo& info,
                        std::string pending) {
    is_deflated_ = request.is_deflated;
    peer_ = info.peer;
    path_ = request.path;
    pending_ = std::move(pending);
    const Form form = is_deflated_ ? Form::ws_flv_zlib : Form::ws_flv;
    viewer_.start(request.path, static_cast<hub::FormId>(form), info);
    if (stream_) stream_->resume_reading();
}

void WsFlvViewer::refuse(const Error& why) {
    stream_->send(share(httpd::encode_refusal(why.code, why.message, upgrade_answer_.empty())));
    stream_->finish(httpd::kClosePatience);
}

void WsFlvViewer::accept(hub::Tracks tracks, const std::string& why_waiting) {
    stream_->send(with_waiting(std::move(upgrade_answer_), why_waiting));
    stream_->pause_reading();  // what is in pending_ comes first: until start()
    const httpd::Options times = *parts_.http_options.get();
    socket_ = std::make_unique<httpd::WebSocket>(
        std::move(stream_), ws::Limits{kViewerMessageMax, kViewerMessageMax},
        httpd::WebSocket::Times{times.ping_interval, times.ping_timeout}, parts_.http_counters,
        parts_.log.with("viewer").with("peer", peer_).with_field("stream", path_), *this);
    Buffer header(Bytes(flv::encode_header(tracks.audio, tracks.video)));
    if (is_deflated_) header = deflate_framed(header.bytes());
    const SharedBuffer message = share(ws::encode_frame(ws::Opcode::binary, header.bytes()));
    socket_->send_wires({&message, 1});
    // What was sent behind the request is read once nobody is in the middle of a call.
    net_.loop().post([weak = weak_from_this()] {
        const auto self = weak.lock();
        if (self && self->socket_) self->socket_->start(as_bytes(self->pending_));
    });
}

void WsFlvViewer::finish(ViewerEnd why, const std::string& words) {
    socket_->close(close_code(why), words);
}

void WsFlvViewer::on_data(std::span<std::uint8_t> bytes) {
    pending_.append(as_text(bytes));
    if (pending_.size() > kViewerMessageMax) stream_->pause_reading();
}

void WsFlvViewer::on_end(std::string_view error) {
    viewer_.leave(error.empty() ? "viewer left" : std::string(error));
    net_.loop().retire(std::shared_ptr<loop::Transport>(std::move(stream_)));
    net_.remove(*this);
}

/// It said more than is read before the answer.
void WsFlvViewer::on_hang_up(bool /*is_reset*/) {
    if (!stream_) return;
    stream_->close();
    on_end({});
}

void WsFlvViewer::on_over(std::uint16_t code, const std::string& reason) {
    const bool left = code == ws::kCloseNormal || code == ws::kCloseGoingAway ||
                      code == ws::kCloseNoCode || code == ws::kCloseAbnormal;
    viewer_.leave(left ? std::string() : reason);
}

void WsFlvViewer::on_gone() {
    net_.loop().retire(std::shared_ptr<httpd::WebSocket>(std::move(socket_)));
    net_.remove(*this);
}

}  // namespace st::live
