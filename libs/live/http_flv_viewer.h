#pragma once
/// A viewer by HTTP-FLV: nothing until the stream gives something, then head, FLV header and tags
/// until one side ends. Lives on its network loop. docs/live.md.
#include <memory>
#include <string>

#include "httpd/net_loop.h"
#include "hub/hub.h"
#include "live/live.h"
#include "live/parts.h"
#include "loop/transport.h"

namespace st::live {

class HttpFlvViewer final : public httpd::Connection,
                            public loop::StreamHandler,
                            public hub::Viewer {
 public:
    HttpFlvViewer(Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                  std::unique_ptr<loop::Transport> stream);
    ~HttpFlvViewer() override;

    struct Request {
        bool is_head = false;
        bool is_chunked = true;  ///< not for HTTP/1.0
        bool is_last = false;    ///< the peer closed its side behind it
    };
    /// Right after it was added to its loop.
    void start(const std::string& path, const hub::ViewerInfo& info, const Request& request);

    void shut_down() override;

 private:
    void on_data(std::span<std::uint8_t> bytes) override;
    void on_end(std::string_view error) override;
    void on_drained() override;
    bool on_half_end() override;

    void begin(hub::Tracks tracks) override;
    void send(std::span<const SharedBuffer> wires) override { stream_->send(wires); }
    std::size_t queued_bytes() const override { return stream_->queued_bytes(); }
    std::uint64_t bytes_taken() const override { return stream_->bytes_out(); }
    void end(hub::EndReason reason) override;

    void refuse(int status, const std::string& message);
    void on_wait_over();
    void watch_silence();
    void close(const std::string& reason, bool is_whole = false);

    Parts& parts_;
    httpd::NetLoop& net_;
    httpd::Admission::Ticket ticket_;
    std::unique_ptr<loop::Transport> stream_;
    std::string path_;
    hub::Subscription subscription_;
    loop::TimerId wait_timer_ = 0;
    std::uint64_t bytes_then_ = 0;  ///< sent when watch_silence() looked last
    bool is_head_ = false;
    bool is_chunked_ = false;
    bool is_over_ = false;
};

}  // namespace st::live
