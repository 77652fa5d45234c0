#pragma once
/// A viewer by HTTP-FLV: the answer's head and the FLV header when the stream begins, then tags
/// until one side ends. Lives on its network loop. docs/live.md.
#include <memory>
#include <string>

#include "httpd/net_loop.h"
#include "live/live.h"
#include "live/parts.h"
#include "live/viewer.h"
#include "loop/transport.h"

namespace st::live {

class HttpFlvViewer final : public httpd::Connection,
                            public loop::StreamHandler,
                            public ViewerTransport {
 public:
    HttpFlvViewer(Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                  std::unique_ptr<loop::Transport> stream);

    struct Request {
        bool is_head = false;
        bool is_chunked = true;  ///< not for HTTP/1.0
        bool is_last = false;    ///< the peer closed its side behind it
        std::string origin;      ///< whose pages may read the answer, see auth::allowed_origin
    };
    /// Right after it was added to its loop.
    void start(const std::string& path, const hub::ViewerInfo& info, const Request& request);

    void shut_down() override { viewer_.shut_down(); }

 private:
    void on_data(std::span<std::uint8_t> /*bytes*/) override {}  // a viewer has nothing to say
    void on_end(std::string_view error) override;
    void on_drained() override { viewer_.on_drained(); }
    bool on_half_end() override;

    void accept(hub::Tracks tracks, const std::string& why_waiting) override;
    void refuse(const Error& why) override;
    void finish(ViewerEnd why, const std::string& words) override;
    void send(std::span<const SharedBuffer> wires) override { stream_->send(wires); }
    std::size_t queued_bytes() const override { return stream_->queued_bytes(); }
    std::uint64_t bytes_taken() const override { return stream_->bytes_out(); }

    void answer_head(const std::string& path);

    Parts& parts_;
    httpd::NetLoop& net_;
    httpd::Admission::Ticket ticket_;
    std::unique_ptr<loop::Transport> stream_;
    Request request_;
    Viewer viewer_;
};

}  // namespace st::live
