#pragma once
/// One RTMP connection: a publisher or a viewer, or several of either. Lives on its network loop.
/// docs/live.md.
#include <Poco/Net/SocketAddress.h>

#include <memory>
#include <string>
#include <vector>

#include "auth/access.h"
#include "base/per_second.h"
#include "httpd/input_account.h"
#include "httpd/net_loop.h"
#include "live/live.h"
#include "live/parts.h"
#include "loop/transport.h"
#include "rtmp/session.h"

namespace st::live {

class RtmpPublisher;
class RtmpViewer;

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

    // For its viewers and publishers:
    Live& live() { return parts_.live; }
    hub::DeliveryQueue& delivery() { return parts_.live.delivery_of(net_); }
    loop::Transport& stream() { return *stream_; }
    rtmp::Session& session() { return session_; }
    const Log& log() const { return log_; }
    std::chrono::milliseconds takeover_after() const { return parts_.options->takeover_after; }
    /// What is held for this connection, after something was made of it.
    void account();
    /// Until a publisher has its path.
    void pause_reading() { account_->pause(); }
    /// Sends what the session has to say.
    void flush();
    void ping();
    void accept_publish(std::uint32_t stream_id);
    void refuse_publish(std::uint32_t stream_id, const Error& why);
    void refuse_play(std::uint32_t stream_id, const Error& why);
    void end_viewer(std::uint32_t stream_id, const std::string& reason);
    void end_publisher(std::uint32_t stream_id, const std::string& reason);
    /// Closes, once all is sent, unless another stream is in use here.
    void close_if_unused(const std::string& reason);

 private:
    enum class State : std::uint8_t {
        connecting,  ///< handshake and connect
        connected,
        closing,  ///< what was sent goes out
    };

    void on_data(std::span<std::uint8_t> bytes) override;
    void on_end(std::string_view error) override;
    void on_hang_up(bool is_reset) override;
    void on_drained() override;

    void handle(const rtmp::Connect& event);
    void handle(const rtmp::Publish& event);
    void handle(const rtmp::Play& event);
    void handle(rtmp::Media& event);
    void handle(const rtmp::Finished& event);
    void handle(const rtmp::Paused& event);
    void handle(const rtmp::Chosen& event);
    void handle(const rtmp::Pong& event);

    /// A publish or play that this peer may not have.
    struct Refusal {
        auth::Role role;
        std::uint32_t stream_id;
        Error why;
    };

    Result<std::string> permit(auth::Role role, const rtmp::Target& target);
    void note_wrong_token();
    void refuse_access(Refusal refusal);
    void answer(const Refusal& refusal);
    /// Everything the session can make of what it was fed.
    void process();
    /// Whether a peer asks more than it reads, or more than anybody has to ask.
    bool is_nagging();
    std::shared_ptr<RtmpViewer> viewer_on(std::uint32_t stream_id) const;
    std::shared_ptr<RtmpPublisher> publisher_on(std::uint32_t stream_id) const;
    void end_all(const std::string& reason);
    /// Reads again, unless a publisher waits for its path.
    void read_on();
    bool is_used() const { return !viewers_.empty() || !publishers_.empty(); }
    void stop_timers();
    void report_bad_bodies();
    void close(const std::string& reason);
    void wait_for_use(std::chrono::milliseconds patience, const char* what);
    void watch_silence();
    void wait_for_input(std::chrono::nanoseconds patience);
    void on_silence();
    /// Encoders that hear nothing for a while close the connection.
    void give_word_later();

    Parts& parts_;
    httpd::NetLoop& net_;
    httpd::Admission::Ticket ticket_;
    const std::string peer_;
    auth::Address address_;
    Log log_;
    std::unique_ptr<loop::Transport> stream_;
    std::unique_ptr<httpd::InputAccount> account_;
    rtmp::Session session_;
    State state_ = State::connecting;
    std::vector<std::shared_ptr<RtmpViewer>> viewers_;
    std::vector<std::shared_ptr<RtmpPublisher>> publishers_;
    std::uint64_t commands_counted_ = 0;  ///< of the session's
    PerSecond command_rate_{kCommandsPerSecondMax};
    loop::TimerId use_timer_ = 0;
    loop::TimerId silence_timer_ = 0;
    loop::TimerId word_timer_ = 0;
    loop::TimerId guess_timer_ = 0;  ///< a wrong token's answer waits, and all refusals behind it
    std::vector<Refusal> refusals_;
    std::uint64_t bad_bodies_seen_ = 0;
    bool is_pinged_ = false;  ///< by watch_silence(), and has said nothing since
};

}  // namespace st::live
