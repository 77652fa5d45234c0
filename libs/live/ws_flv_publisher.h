#pragma once
/// A publisher by WebSocket-FLV: binary messages are one FLV byte stream, cut anywhere. Lives on
/// its network loop. docs/live.md.
#include <memory>
#include <string>

#include "httpd/net_loop.h"
#include "httpd/websocket.h"
#include "live/flv_ingest.h"
#include "live/live.h"
#include "live/parts.h"
#include "live/publisher.h"
#include "loop/transport.h"

namespace st::live {

class WsFlvPublisher final : public httpd::Connection,
                             public loop::StreamHandler,
                             public httpd::WebSocketHandler,
                             public PublisherTransport {
 public:
    /// `upgrade_answer`: the 101 to send when the path is this publisher's; empty: sent already.
    WsFlvPublisher(Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                   std::unique_ptr<loop::Transport> stream, std::string upgrade_answer,
                   const std::string& peer);

    /// Right after it was added to its loop. `pending`: what came behind the request.
    void start(const std::string& path, const hub::PublisherInfo& info, std::string pending);

    void shut_down() override { publisher_.shut_down(); }

 private:
    // The socket before the upgrade is answered:
    void on_data(std::span<std::uint8_t> bytes) override;
    void on_end(std::string_view error) override;
    void on_hang_up(bool is_reset) override;
    // ... and after:
    void on_binary(Buffer message) override;
    void on_text(const std::string& /*text*/) override {}  // allowed, and without effect
    void on_input() override;
    void on_drained() override {}  // of both
    void on_over(std::uint16_t code, const std::string& reason) override;
    void on_gone() override;

    void accept() override;
    void refuse(const Error& why) override;
    void probe() override;
    void finish(PublisherEnd why, const std::string& reason) override;
    void on_flushed() override { socket_->hold(ingest_.held()); }

    Parts& parts_;
    httpd::NetLoop& net_;
    httpd::Admission::Ticket ticket_;
    std::unique_ptr<loop::Transport> stream_;   ///< until the upgrade is answered
    std::unique_ptr<httpd::WebSocket> socket_;  ///< from then on
    std::string upgrade_answer_;
    std::string pending_;
    Log log_;
    Publisher publisher_;
    FlvIngest ingest_;
};

}  // namespace st::live
