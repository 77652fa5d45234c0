#include "live/ws_flv_viewer.h"

#include "flv/tag.h"
#include "httpd/refusal.h"
#include "live/deflated.h"
#include "live/viewer_queue.h"
#include "ws/encode.h"

namespace st::live {
namespace {

/// A viewer has nothing to say but control frames.
constexpr std::size_t kViewerMessageMax = 4 * 1024;

}  // namespace

WsFlvViewer::WsFlvViewer(Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                         std::unique_ptr<loop::Transport> stream, std::string upgrade_answer)
    : parts_(parts),
      net_(net),
      ticket_(std::move(ticket)),
      stream_(std::move(stream)),
      upgrade_answer_(std::move(upgrade_answer)) {
    stream_->set_handler(*this);
    stream_->limit_kernel_queue(kViewerKernelQueue);
}

WsFlvViewer::~WsFlvViewer() { stop_waiting(); }

void WsFlvViewer::stop_waiting() { net_.loop().cancel(std::exchange(wait_timer_, 0)); }

void WsFlvViewer::start(const LiveRequest& request, const hub::ViewerInfo& info,
                        std::string pending) {
    path_ = request.path;
    is_deflated_ = request.is_deflated;
    peer_ = info.peer;
    pending_ = std::move(pending);
    const auto form = static_cast<hub::FormId>(is_deflated_ ? Form::ws_flv_zlib : Form::ws_flv);
    auto joined = parts_.live.hub().subscribe(path_, parts_.live.lane_of(net_), form, *this, info);
    if (!joined) return refuse(joined.error().code, joined.error().message);
    subscription_ = std::move(*joined);
    wait_timer_ = net_.loop().after(parts_.live.options().wait, [this] { on_wait_over(); });
    subscription_.start(net_.loop().now_ns());
    if (stream_) stream_->resume_reading();
}

/// A publisher who has not sent a key frame yet is waited for as long as he is there.
void WsFlvViewer::on_wait_over() {
    wait_timer_ = 0;
    const hub::StreamPtr stream = parts_.live.hub().find(path_);
    if (stream && stream->is_live()) {
        wait_timer_ = net_.loop().after(parts_.live.options().wait, [this] { on_wait_over(); });
        return;
    }
    refuse(404, "no stream at " + path_);
}

void WsFlvViewer::refuse(int status, const std::string& message) {
    stop_waiting();
    subscription_.leave(message);
    stream_->send(share(httpd::encode_refusal(status, message, upgrade_answer_.empty())));
    stream_->finish(httpd::kClosePatience);
}

void WsFlvViewer::begin(hub::Tracks tracks) {
    stop_waiting();
    stream_->send(upgrade_answer_);
    const httpd::Options camera = *parts_.http_options.get();
    socket_ = std::make_unique<httpd::WebSocket>(
        std::move(stream_), ws::Limits{kViewerMessageMax, kViewerMessageMax},
        httpd::WebSocket::Times{camera.ping_interval, camera.ping_timeout}, parts_.http_counters,
        parts_.log.with("viewer").with(peer_), *this);
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

void WsFlvViewer::end(hub::EndReason reason) {
    if (!socket_ && reason == hub::EndReason::ended) return refuse(404, "no stream at " + path_);
    if (!socket_) return refuse(403, hub::to_text(reason));
    switch (reason) {
        case hub::EndReason::ended:
            return socket_->close(ws::kCloseNormal, hub::to_text(reason));
        case hub::EndReason::stuck:
            return socket_->close(ws::kCloseTryLater, hub::to_text(reason));
        case hub::EndReason::kicked:
            return socket_->close(ws::kClosePolicy, hub::to_text(reason));
    }
}

void WsFlvViewer::shut_down() {
    if (socket_) return socket_->close(ws::kCloseGoingAway, "the server ends");
    refuse(503, "the server is shutting down");
}

void WsFlvViewer::on_data(std::span<std::uint8_t> bytes) {
    pending_.append(as_text(bytes));
    if (pending_.size() > kViewerMessageMax) stream_->pause_reading();
}

void WsFlvViewer::on_end(std::string_view error) {
    stop_waiting();
    subscription_.leave(error.empty() ? "viewer left" : std::string(error));
    net_.loop().retire(std::shared_ptr<loop::Transport>(std::move(stream_)));
    net_.remove(*this);
}

void WsFlvViewer::on_binary(Buffer /*message*/) {}

void WsFlvViewer::on_text(const std::string& /*text*/) {}

void WsFlvViewer::on_drained() {
    if (subscription_) subscription_.on_drained(net_.loop().now_ns());
}

void WsFlvViewer::on_over(std::uint16_t code, const std::string& reason) {
    if (!subscription_) return;
    const bool left = code == ws::kCloseNormal || code == ws::kCloseGoingAway ||
                      code == ws::kCloseNoCode || code == ws::kCloseAbnormal;
    subscription_.leave(left ? std::string() : reason);
}

void WsFlvViewer::on_gone() {
    net_.loop().retire(std::shared_ptr<httpd::WebSocket>(std::move(socket_)));
    net_.remove(*this);
}

}  // namespace st::live
