#pragma once
/// A publisher by HTTP-FLV: a POST whose body is the stream. Lives on its network loop.
/// docs/live.md.
#include <memory>
#include <optional>
#include <string>

#include "http/body.h"
#include "httpd/net_loop.h"
#include "live/flv_ingest.h"
#include "live/parts.h"
#include "live/publish_claim.h"
#include "live/publisher_link.h"
#include "loop/transport.h"

namespace st::live {

class HttpFlvPublisher final : public httpd::Connection,
                               public loop::StreamHandler,
                               public PublishingConnection,
                               public std::enable_shared_from_this<HttpFlvPublisher> {
 public:
    HttpFlvPublisher(Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                     std::unique_ptr<loop::Transport> stream, http::BodyReader body);

    /// Right after it was added to its loop. `pending`: what came behind the head.
    /// `input_over`: nothing comes behind that.
    void start(const std::string& path, const hub::PublisherInfo& info, bool expects_continue,
               std::string pending, bool input_over);

    void shut_down() override;
    void on_end(std::string_view error) override;

 private:
    void on_data(std::span<std::uint8_t> bytes) override;
    bool on_half_end() override;
    void probe() override {}
    void dismiss(const char* reason) override;

    void on_claimed(Result<hub::Publication> claimed, bool expects_continue);
    void consume(Bytes bytes);
    void end_body();
    void finish_whole();
    void finish(int status, const std::string& message);
    std::chrono::nanoseconds patience() const;
    /// `left`: of the patience.
    void watch_silence(std::chrono::nanoseconds left);

    Parts& parts_;
    httpd::NetLoop& net_;
    httpd::Admission::Ticket ticket_;
    std::unique_ptr<loop::Transport> stream_;
    http::BodyReader body_;
    Log log_;
    std::string pending_;
    std::shared_ptr<PublisherLink> link_;
    std::unique_ptr<PublishClaim> claim_;
    std::unique_ptr<FlvIngest> ingest_;
    loop::TimerId silence_timer_ = 0;
    bool input_over_ = false;
    bool is_over_ = false;
};

}  // namespace st::live
