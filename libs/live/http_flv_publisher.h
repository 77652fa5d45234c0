#pragma once
/// A publisher by HTTP-FLV: a POST whose body is the stream. Lives on its network loop.
/// docs/live.md.
#include <memory>
#include <string>

#include "http/body.h"
#include "httpd/input_account.h"
#include "httpd/net_loop.h"
#include "live/flv_ingest.h"
#include "live/live.h"
#include "live/parts.h"
#include "live/publisher.h"
#include "loop/transport.h"

namespace st::live {

class HttpFlvPublisher final : public httpd::Connection,
                               public loop::StreamHandler,
                               public PublisherTransport {
 public:
    HttpFlvPublisher(Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                     std::unique_ptr<loop::Transport> stream, http::BodyReader body,
                     const std::string& peer);
    ~HttpFlvPublisher() override;

    struct Request {
        bool expects_continue = false;
        std::string pending;      ///< what came behind the head
        bool input_over = false;  ///< nothing comes behind that
        std::string origin;       ///< whose pages may read the answer, see auth::allowed_origin
    };
    /// Right after it was added to its loop.
    void start(const std::string& path, const hub::PublisherInfo& info, Request request);

    void shut_down() override { publisher_.shut_down(); }
    void on_end(std::string_view error) override;

 private:
    void on_data(std::span<std::uint8_t> bytes) override;
    bool on_half_end() override;
    void on_hang_up(bool is_reset) override;

    void accept() override;
    void refuse(const Error& why) override;
    void finish(PublisherEnd why, const std::string& reason) override;
    void on_flushed() override { account(); }

    bool is_publishing() const { return publisher_.state() == Publisher::State::publishing; }
    void consume(Bytes bytes);
    void account();
    void end_body();
    void end_whole();
    void answer(int status, const std::string& message);
    std::chrono::nanoseconds patience() const;
    /// `left`: of the patience.
    void watch_silence(std::chrono::nanoseconds left);

    Parts& parts_;
    httpd::NetLoop& net_;
    httpd::Admission::Ticket ticket_;
    std::unique_ptr<loop::Transport> stream_;
    httpd::InputAccount account_;
    http::BodyReader body_;
    Log log_;
    Request request_;
    Publisher publisher_;
    FlvIngest ingest_;
    loop::TimerId silence_timer_ = 0;
};

}  // namespace st::live
