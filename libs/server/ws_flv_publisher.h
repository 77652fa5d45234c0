#pragma once
/// A publisher by WebSocket-FLV: binary messages are one FLV byte stream, cut anywhere. Lives on
/// its network loop. docs/live.md.
#include <memory>
#include <string>

#include "loop/stream.h"
#include "server/flv_ingest.h"
#include "server/net_loop.h"
#include "server/publish_claim.h"
#include "server/publisher_link.h"
#include "server/services.h"
#include "server/websocket.h"

namespace st::server {

class WsFlvPublisher final : public Connection,
                             public loop::StreamHandler,
                             public WebSocketHandler,
                             public PublishingConnection,
                             public std::enable_shared_from_this<WsFlvPublisher> {
 public:
    WsFlvPublisher(Services& services, NetLoop& net, Admission::Ticket ticket,
                   std::unique_ptr<loop::Stream> stream, std::string upgrade_answer);

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

    Services& services_;
    NetLoop& net_;
    Admission::Ticket ticket_;
    std::unique_ptr<loop::Stream> stream_;  ///< until the upgrade is answered
    std::unique_ptr<WebSocket> socket_;     ///< from then on
    std::string upgrade_answer_;
    std::string pending_;
    Log log_;
    std::shared_ptr<PublisherLink> link_;
    std::unique_ptr<PublishClaim> claim_;
    std::unique_ptr<FlvIngest> ingest_;
};

}  // namespace st::server
