#include "live/http_flv_viewer.h"

#include "flv/tag.h"
#include "http/response.h"
#include "httpd/answers.h"
#include "live/live_http.h"
#include "live/viewer_queue.h"

namespace st::live {
namespace {

/// Of a stream that gives nothing for so long, a viewer that has closed its side is gone.
constexpr std::chrono::seconds kHalfClosedSilence{3};

}  // namespace

HttpFlvViewer::HttpFlvViewer(Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                             std::unique_ptr<loop::Transport> stream)
    : parts_(parts), net_(net), ticket_(std::move(ticket)), stream_(std::move(stream)) {
    stream_->set_handler(*this);
    stream_->limit_kernel_queue(kViewerKernelQueue);
}

HttpFlvViewer::~HttpFlvViewer() { net_.loop().cancel(wait_timer_); }

void HttpFlvViewer::start(const std::string& path, const hub::ViewerInfo& info,
                          const Request& request) {
    path_ = path;
    is_chunked_ = request.is_chunked;
    is_head_ = request.is_head;
    if (is_head_) {
        Live& live = parts_.live;
        const hub::StreamPtr stream = live.hub().find(path);
        const bool is_there =
            (stream && stream->is_live()) || (live.is_source && live.is_source(path));
        if (!is_there) return refuse(404, "no stream at " + path);
        stream_->send(flv_head(is_chunked_));
        return close("head");
    }
    auto joined = parts_.live.hub().subscribe(
        path, parts_.live.lane_of(net_),
        static_cast<hub::FormId>(is_chunked_ ? Form::flv_chunked : Form::flv), *this, info);
    if (!joined) return refuse(joined.error().code, joined.error().message);
    subscription_ = std::move(*joined);
    wait_timer_ = net_.loop().after(parts_.live.options().wait, [this] { on_wait_over(); });
    subscription_.start(net_.loop().now_ns());
    stream_->resume_reading();
    if (request.is_last) on_half_end();
}

/// A publisher who has not sent a key frame yet is waited for as long as he is there.
void HttpFlvViewer::on_wait_over() {
    wait_timer_ = 0;
    const hub::StreamPtr stream = parts_.live.hub().find(path_);
    if (stream && stream->is_live()) {
        wait_timer_ = net_.loop().after(parts_.live.options().wait, [this] { on_wait_over(); });
        return;
    }
    refuse(404, "no stream at " + path_);
}

void HttpFlvViewer::begin(hub::Tracks tracks) {
    net_.loop().cancel(wait_timer_);
    wait_timer_ = 0;
    stream_->send(flv_head(is_chunked_));
    const auto header = flv::encode_header(tracks.audio, tracks.video);
    stream_->send(is_chunked_ ? flv_chunk(header).bytes() : Bytes(header));
}

void HttpFlvViewer::end(hub::EndReason reason) {
    const bool has_ended = reason == hub::EndReason::ended;
    if (subscription_.has_begun()) return close(hub::to_text(reason), has_ended);
    if (has_ended) return refuse(404, "no stream at " + path_);
    refuse(403, hub::to_text(reason));
}

void HttpFlvViewer::refuse(int status, const std::string& message) {
    http::Response response = httpd::error_response(status, message);
    response.fields.push_back({"Access-Control-Allow-Origin", "*"});
    stream_->send(http::encode_response(response, false, {}, is_head_));
    close(message);
}

void HttpFlvViewer::close(const std::string& reason, bool is_whole) {
    if (is_over_) return;
    is_over_ = true;
    net_.loop().cancel(wait_timer_);
    wait_timer_ = 0;
    // A stream that ended is whole; one that was cut off must not look like it.
    if (is_chunked_ && is_whole && subscription_ && subscription_.has_begun()) {
        stream_->send(http::kLastChunk);
    }
    subscription_.leave(reason);
    stream_->finish(httpd::kClosePatience);
}

void HttpFlvViewer::shut_down() {
    if (!is_over_ && subscription_ && !subscription_.has_begun()) {
        return refuse(503, "the server is shutting down");
    }
    close("the server ends");
}

void HttpFlvViewer::on_data(std::span<std::uint8_t> /*bytes*/) {}  // a viewer has nothing to say

/// `nc -N` and many a script: nothing more to ask, and everything to hear. Only sending tells them
/// from viewers that are gone: who waits for a stream to begin is answered at once, and who watches
/// one that is silent is gone soon. A slow one is the hub's to end.
bool HttpFlvViewer::on_half_end() {
    if (is_over_ || !subscription_) return false;
    if (subscription_.has_begun()) {
        watch_silence();
    } else {
        refuse(404, "nothing to see at " + path_);
    }
    return true;
}

void HttpFlvViewer::watch_silence() {
    bytes_then_ = stream_->bytes_out();
    wait_timer_ = net_.loop().after(kHalfClosedSilence, [this] {
        wait_timer_ = 0;
        const hub::StreamPtr stream = parts_.live.hub().find(path_);
        const bool may_be_waiting = !stream || !stream->is_live();  // its end is at hand
        const bool was_silent = stream_->bytes_out() == bytes_then_ && stream_->queued_bytes() == 0;
        if (was_silent && !may_be_waiting) return close("viewer left");
        watch_silence();
    });
}

void HttpFlvViewer::on_end(std::string_view error) {
    net_.loop().cancel(wait_timer_);
    wait_timer_ = 0;
    subscription_.leave(error.empty() ? "viewer left" : std::string(error));
    net_.loop().retire(std::shared_ptr<loop::Transport>(std::move(stream_)));
    net_.remove(*this);
}

void HttpFlvViewer::on_drained() {
    if (!is_over_) subscription_.on_drained(net_.loop().now_ns());
}

}  // namespace st::live
