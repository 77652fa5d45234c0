#pragma once
/// One RTMP connection: a publisher or a viewer, or several of either. Lives on its network loop.
/// docs/live.md.
#include <Poco/Net/SocketAddress.h>

#include <memory>
#include <string>
#include <vector>

#include "auth/access.h"
#include "httpd/net_loop.h"
#include "live/parts.h"
#include "loop/transport.h"
#include "rtmp/session.h"

namespace st::live {

class RtmpConnection final : public httpd::Connection,
                             public loop::StreamHandler,
                             public std::enable_shared_from_this<RtmpConnection> {
 public:
    RtmpConnection(Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                   const Poco::Net::SocketAddress& peer);
    ~RtmpConnection() override;

    /// Right after construction; `transport` has this as its handler.
    void start(std::unique_ptr<loop::Transport> transport);

    void shut_down() override;

 private:
    class Viewing;
    class Publishing;

    void on_data(std::span<std::uint8_t> bytes) override;
    void on_end(std::string_view error) override;
    void on_drained() override;

    void handle(const rtmp::Connect& event);
    void handle(const rtmp::Publish& event);
    void handle(const rtmp::Play& event);
    void handle(rtmp::Media& event);
    void handle(const rtmp::Finished& event);
    void handle(const rtmp::Paused& event);
    void handle(const rtmp::Chosen& event);
    void handle(const rtmp::Pong& event);

    Result<std::string> permit(auth::Role role, const rtmp::Target& target) const;
    void refuse_publish(std::uint32_t stream_id, const Error& why);
    void refuse_play(std::uint32_t stream_id, const Error& why);
    /// Everything the session can make of what it was fed.
    void process();
    /// Whether a peer asks more than it reads, or more than anybody has to ask.
    bool is_nagging();
    /// Sends what the session has to say.
    void flush();
    std::shared_ptr<Viewing> viewing_on(std::uint32_t stream_id) const;
    /// Leaves the stream; false: there is no such use.
    bool end_viewing(std::uint32_t stream_id, const std::string& reason);
    bool end_publishing(std::uint32_t stream_id, const std::string& reason);
    void end_all(const std::string& reason);
    /// Reads again, unless another stream waits for its path.
    void read_on();
    bool is_used() const { return !viewings_.empty() || !publishings_.empty(); }
    /// Closes, once all is sent, unless another stream is in use here.
    void close_if_unused(const std::string& reason);
    void close(const std::string& reason);
    void wait_for_use(std::chrono::milliseconds patience, const char* what);
    void watch_silence();
    void wait_for_input(std::chrono::nanoseconds patience);
    void on_silence();

    Parts& parts_;
    httpd::NetLoop& net_;
    httpd::Admission::Ticket ticket_;
    const std::string peer_;
    auth::Address address_;
    Log log_;
    std::unique_ptr<loop::Transport> stream_;
    rtmp::Session session_;
    std::vector<std::shared_ptr<Viewing>> viewings_;
    std::vector<std::shared_ptr<Publishing>> publishings_;
    std::int64_t commands_since_ns_ = 0;  ///< the second in which they are counted
    std::uint64_t commands_before_ = 0;
    loop::TimerId use_timer_ = 0;
    loop::TimerId silence_timer_ = 0;
    bool is_pinged_ = false;  ///< by watch_silence(), and has said nothing since
    bool is_over_ = false;
};

}  // namespace st::live
