#pragma once
/// A publisher by WebSocket-FLV: binary messages are one FLV byte stream, cut anywhere. Lives on
/// its network loop. docs/live.md.
#include <memory>
#include <string>

#include "httpd/net_loop.h"
#include "httpd/websocket.h"
#include "live/flv_ingest.h"
#include "live/parts.h"
#include "live/publish_claim.h"
#include "live/publisher_link.h"
#include "loop/transport.h"

namespace st::live {

class WsFlvPublisher final : public httpd::Connection,
                             public loop::StreamHandler,
                             public httpd::WebSocketHandler,
                             public PublishingConnection,
                             public std::enable_shared_from_this<WsFlvPublisher> {
 public:
    WsFlvPublisher(Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                   std::unique_ptr<loop::Transport> stream, std::string upgrade_answer);

    /// Right after it was added to its loop. `pending`: what came behind the request.
    void start(const std::string& path, const hub::PublisherInfo& info, std::string pending);

    void shut_down() override;

 private:
    // The socket before the upgrade is answered:
    void on_data(std::span<std::uint8_t> bytes) override;
    void on_end(std::string_view error) override;
    // ... and after:
    void on_binary(Buffer message) override;
    void on_text(const std::string& text) override;
    void on_input() override;
    void on_drained() override {}  // of both
    void on_over(std::uint16_t code, const std::string& reason) override;
    void on_gone() override;

    void probe() override;
    void dismiss(const char* reason) override;
    void on_claimed(Result<hub::Publication> claimed);

    Parts& parts_;
    httpd::NetLoop& net_;
    httpd::Admission::Ticket ticket_;
    std::unique_ptr<loop::Transport> stream_;   ///< until the upgrade is answered
    std::unique_ptr<httpd::WebSocket> socket_;  ///< from then on
    std::string upgrade_answer_;
    std::string pending_;
    Log log_;
    std::shared_ptr<PublisherLink> link_;
    std::unique_ptr<PublishClaim> claim_;
    std::unique_ptr<FlvIngest> ingest_;
};

}  // namespace st::live
