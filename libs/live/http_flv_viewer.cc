#include "live/http_flv_viewer.h"

#include "flv/tag.h"
#include "http/response.h"
#include "httpd/answers.h"
#include "live/live_http.h"
#include "live/live_request.h"
#include "live/viewer_queue.h"

namespace st::live {

HttpFlvViewer::HttpFlvViewer(Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                             std::unique_ptr<loop::Transport> stream)
    : parts_(parts),
      net_(net),
      ticket_(std::move(ticket)),
      stream_(std::move(stream)),
      viewer_(parts.live.hub(), parts.live.delivery_of(net), parts.live.terms(), *this) {
    stream_->set_handler(*this);
    stream_->limit_kernel_queue(kViewerKernelQueue);
}

void HttpFlvViewer::start(const std::string& path, const hub::ViewerInfo& info,
                          const Request& request) {
    request_ = request;
    if (request.is_head) return answer_head(path);
    const Form form = request.is_chunked ? Form::flv_chunked : Form::flv;
    viewer_.start(path, static_cast<hub::FormId>(form), info);
    stream_->resume_reading();
    if (request.is_last) viewer_.on_half_end();
}

void HttpFlvViewer::answer_head(const std::string& path) {
    Live& live = parts_.live;
    const hub::StreamPtr stream = live.hub().find(path);
    const bool is_there = (stream && stream->is_live()) || (live.is_source && live.is_source(path));
    if (!is_there) return refuse(no_stream(path));
    const std::int64_t now_ns = live.delivery_of(net_).executor().now_ns();
    const std::string age = stream ? key_frame_age(stream->status(now_ns), now_ns) : std::string();
    stream_->send(flv_head(request_.is_chunked, request_.origin, age));
    stream_->finish(httpd::kClosePatience);
}

void HttpFlvViewer::accept(hub::Tracks tracks, const std::string& why_waiting) {
    stream_->send(flv_head(request_.is_chunked, request_.origin, why_waiting));
    const auto header = flv::encode_header(tracks.audio, tracks.video);
    stream_->send(request_.is_chunked ? flv_chunk(header).bytes() : Bytes(header));
}

void HttpFlvViewer::refuse(const Error& why) {
    http::Response response = httpd::error_response(why.code, why.message);
    for (Field& field : cross_origin_fields(request_.origin)) {
        response.fields.push_back(std::move(field));
    }
    stream_->send(http::encode_response(response, false, {}, request_.is_head));
    stream_->finish(httpd::kClosePatience);
}

void HttpFlvViewer::finish(ViewerEnd why, const std::string& /*words*/) {
    // A stream that ended is whole; one that was cut off must not look like it.
    const bool is_whole = why == ViewerEnd::ended || why == ViewerEnd::complete;
    if (request_.is_chunked && is_whole) stream_->send(http::kLastChunk);
    stream_->finish(httpd::kClosePatience);
}

bool HttpFlvViewer::on_half_end() {
    viewer_.on_half_end();
    return true;
}

void HttpFlvViewer::on_end(std::string_view error) {
    viewer_.leave(error.empty() ? "viewer left" : std::string(error));
    net_.loop().retire(std::shared_ptr<loop::Transport>(std::move(stream_)));
    net_.remove(*this);
}

}  // namespace st::live
