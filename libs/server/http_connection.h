#pragma once
/// One TCP connection as it begins: HTTP/1.x requests, until one of them becomes a WebSocket.
/// Lives on its network loop. Deadlines and bounds: httpd/options.h.
#include <memory>
#include <optional>
#include <string>

#include "api/api.h"
#include "api/parts.h"
#include "capture/camera_link.h"
#include "capture/parts.h"
#include "http/body.h"
#include "http/head.h"
#include "http/response.h"
#include "http/target.h"
#include "httpd/file_sender.h"
#include "httpd/net_loop.h"
#include "live/live_request.h"
#include "live/parts.h"
#include "loop/stream.h"
#include "ws/codec.h"
#include "ws/handshake.h"

namespace st::live {
class HttpFlvPublisher;
}  // namespace st::live

namespace st::server {

class HttpConnection final : public httpd::Connection,
                             public loop::StreamHandler,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
    struct Parts {
        capture::Parts& capture;
        live::Parts& live;
        api::Parts& api_parts;
        api::Operations& operations;
        api::Api& api;
    };

    /// `default_stream`: what a WebSocket at "/" plays; empty: it is a camera.
    HttpConnection(Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                   const Poco::Net::SocketAddress& peer, std::string default_stream);
    ~HttpConnection() override;

    /// Right after construction: takes the socket and waits for a request.
    void start(const Poco::Net::StreamSocket& socket, std::unique_ptr<loop::TlsSession> tls);

    void shut_down() override;
    void on_data(std::span<std::uint8_t> bytes) override;
    bool on_half_end() override;
    void on_end(std::string_view error) override;
    void on_drained() override;

 private:
    enum class State : std::uint8_t { head, body, token, answering, sending_file, done };

    void consume(Bytes bytes);
    void begin_request();
    void dispatch();
    void answer(const http::Response& response);
    void send_file(api::ApiAnswer answer);
    void answer_error(int status, const std::string& message);
    void next_request();
    void set_deadline(std::chrono::milliseconds after, std::string what);
    void close_now();

    /// `stream_path`: "/app/name" of what is asked for, for signed URLs.
    auth::Facts facts(std::string stream_path = {}) const;
    std::string shown_query() const;
    std::string shown_target() const;
    /// True if a token as the first message may still open the door; the upgrade is answered.
    bool wait_for_token(auth::Role role, const auth::Facts& facts,
                        const std::string& upgrade_answer);
    void read_token(Bytes bytes);
    void close_websocket(std::uint16_t code, const std::string& reason);
    void send_and_finish(Buffer last_words);

    void begin_websocket(const http::Target& target);
    void become_control();
    /// True if the request was for a stream of events, and is dealt with.
    bool begin_event_stream();
    /// True if the request was for a live stream, and is dealt with.
    bool begin_live();
    void begin_live_websocket(const ws::Upgrade& upgrade, const live::LiveRequest& request);
    /// True if it was refused, and answered, or waits for a token. `upgrade_answer`: "" for HTTP.
    bool refuse_live(const live::LiveRequest& request, const std::string& upgrade_answer);
    void become_viewer(const live::LiveRequest& request);
    std::shared_ptr<live::HttpFlvPublisher> become_publisher(const live::LiveRequest& request);
    void refuse_live(int status, const std::string& message, std::vector<Field> more = {});
    /// True if the connection ended behind what it had to publish, before that was looked at.
    bool end_as_publisher(std::string_view error);
    void become_ws_viewer(const live::LiveRequest& request);
    void become_ws_publisher(const live::LiveRequest& request);
    /// Leaves the stream to `successor`, which takes this connection's place.
    void hand_over(std::shared_ptr<httpd::Connection> successor);
    void claim_name(std::string name);
    void become_camera(const capture::LinkPtr& link);
    static std::optional<std::string> camera_name(const http::Target& target);

    Parts& parts_;
    httpd::NetLoop& net_;
    httpd::Admission::Ticket ticket_;
    const std::string peer_;          ///< address:port
    const std::string peer_address_;  ///< without port
    const std::string default_name_;  ///< of a camera that does not name itself
    const std::string default_stream_;
    auth::Address address_;
    Log log_;
    std::unique_ptr<loop::Stream> stream_;

    State state_ = State::head;
    http::RequestReader reader_;
    http::RequestHead head_;
    http::Target target_;
    std::optional<http::BodyReader> body_reader_;
    std::string body_;
    std::string pending_;  ///< came while an answer was being made
    bool keep_alive_ = false;
    bool input_over_ = false;  ///< the peer waits for answers and asks for nothing more
    std::optional<live::LiveRequest> publishing_;  ///< about to
    loop::TimerId deadline_ = 0;
    std::string upgrade_answer_;
    bool is_upgraded_ = false;  ///< the upgrade was answered, to be told a token
    std::unique_ptr<ws::Decoder> token_decoder_;
    std::optional<std::string> given_token_;  ///< as first message
    capture::LinkPtr claimed_;                ///< a name asked for, until the upgrade is answered
    std::unique_ptr<httpd::FileSender> file_;
};

}  // namespace st::server
