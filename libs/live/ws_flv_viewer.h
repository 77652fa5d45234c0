#pragma once
/// A viewer by WebSocket-FLV: the upgrade is answered when the stream begins; then the FLV header
/// and each tag as a binary message. Lives on its network loop. docs/live.md.
#include <memory>
#include <string>

#include "httpd/net_loop.h"
#include "httpd/websocket.h"
#include "live/live.h"
#include "live/live_request.h"
#include "live/parts.h"
#include "live/viewer.h"
#include "loop/transport.h"

namespace st::live {

class WsFlvViewer final : public httpd::Connection,
                          public loop::StreamHandler,
                          public httpd::WebSocketHandler,
                          public ViewerTransport,
                          public std::enable_shared_from_this<WsFlvViewer> {
 public:
    /// `upgrade_answer`: the 101 to send when there is something to see; empty: sent already.
    WsFlvViewer(Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                std::unique_ptr<loop::Transport> stream, std::string upgrade_answer);

    /// Right after it was added to its loop. `pending`: what came behind the request.
    void start(const LiveRequest& request, const hub::ViewerInfo& info, std::string pending);

    void shut_down() override { viewer_.shut_down(); }

 private:
    // The socket before the upgrade is answered:
    void on_data(std::span<std::uint8_t> bytes) override;
    void on_end(std::string_view error) override;
    void on_hang_up(bool is_reset) override;
    // ... and after:
    void on_binary(Buffer /*message*/) override {}
    void on_text(const std::string& /*text*/) override {}
    void on_drained() override { viewer_.on_drained(); }  // of both
    void on_over(std::uint16_t code, const std::string& reason) override;
    void on_gone() override;

    void accept(hub::Tracks tracks, const std::string& why_waiting) override;
    void refuse(const Error& why) override;
    void finish(ViewerEnd why, const std::string& words) override;
    void send(std::span<const SharedBuffer> wires) override { socket_->send_wires(wires); }
    std::size_t queued_bytes() const override { return socket_ ? socket_->queued_bytes() : 0; }
    std::uint64_t bytes_taken() const override { return socket_ ? socket_->bytes_taken() : 0; }

    Parts& parts_;
    httpd::NetLoop& net_;
    httpd::Admission::Ticket ticket_;
    std::unique_ptr<loop::Transport> stream_;   ///< until the upgrade is answered
    std::unique_ptr<httpd::WebSocket> socket_;  ///< from then on
    std::string upgrade_answer_;
    std::string pending_;
    bool is_deflated_ = false;
    std::string peer_;
    std::string path_;
    Viewer viewer_;
};

}  // namespace st::live
