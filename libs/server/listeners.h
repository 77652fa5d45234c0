#pragma once
/// The listening sockets and what becomes of a connection that comes in: it is counted, then
/// refused or put on a network loop.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/access.h"
#include "base/current.h"
#include "base/log.h"
#include "httpd/http_connection.h"
#include "httpd/net_loop.h"
#include "live/parts.h"
#include "loop/listener.h"
#include "loop/tls_context.h"
#include "loop/unix_listener.h"

namespace st::server {

struct ListenAddress {
    std::string address = "::";
    std::uint16_t port = 0;      ///< 0: any free one
    std::string default_stream;  ///< "/app/name" a WebSocket at "/" plays; empty: none
    bool is_rtmp = false;        ///< else HTTP and WebSocket
    bool is_optional = false;    ///< nobody asked for this port: if it is taken, go without
    bool is_secure = false;      ///< over TLS; Options::tls must be set
};

/// The first open port of each kind.
struct Ports {
    std::optional<std::uint16_t> http;
    std::optional<std::uint16_t> rtmp;
    std::optional<std::uint16_t> https;
    std::optional<std::uint16_t> rtmps;
};

class Listeners {
 public:
    /// What connections are made with. All of it outlives them.
    struct Uses {
        std::vector<std::unique_ptr<httpd::NetLoop>>& nets;
        httpd::Admission& admission;
        const Current<auth::Policy>& policy;
        const Current<loop::TlsContextPtr>& certificate;
        const httpd::HttpConnection::Uses& http;
        live::Parts& live;
    };

    /// Binds all of them. Throws std::runtime_error with a text for the user.
    Listeners(const std::vector<ListenAddress>& listen, Log log);

    /// See Server::open_control_socket.
    void open_control_socket(const std::string& path, mode_t mode);
    /// Accepts from now on, on the first loop.
    void start(const Uses& uses);
    /// Accepts no more. On the first loop.
    void stop();
    /// Closes the sockets. The first loop has ended.
    void close();

    Ports ports() const;
    /// 0: there is none.
    std::uint16_t first_port() const { return bound_.empty() ? 0 : bound_.front().port(); }
    /// See Server::camera_urls.
    std::vector<std::string> camera_urls() const;

 private:
    struct Bound {
        ListenAddress at;
        std::unique_ptr<loop::Listener> listener;

        std::uint16_t port() const { return listener->port(); }
    };

    void accept(loop::SocketPtr socket, const ListenAddress& at);
    void accept_local(loop::SocketPtr socket, const loop::PeerCredentials& who);
    std::string counted_as(const Poco::Net::SocketAddress& peer) const;
    httpd::NetLoop& next_net();
    template <class Made>
    void place(httpd::NetLoop& net, std::shared_ptr<Made> connection, loop::SocketPtr socket,
               loop::TlsContextPtr tls);

    const Log log_;
    std::vector<Bound> bound_;
    std::unique_ptr<loop::UnixListener> control_socket_;
    std::optional<Uses> uses_;
    std::size_t next_net_ = 0;
};

}  // namespace st::server
