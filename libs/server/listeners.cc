#include "server/listeners.h"

#include <Poco/Exception.h>
#include <sys/socket.h>

#include <stdexcept>
#include <system_error>
#include <utility>

#include "auth/forwarded.h"
#include "httpd/answers.h"
#include "httpd/peer.h"
#include "live/rtmp_connection.h"
#include "loop/tcp_stream.h"
#include "server/addresses.h"

namespace st::server {
namespace {

std::unique_ptr<loop::Listener> listen_on(const ListenAddress& at) {
    const std::string where = at.address + " port " + std::to_string(at.port);
    const std::string option = at.is_rtmp ? (at.is_secure ? "--rtmps-port" : "--rtmp-port")
                                          : (at.is_secure ? "--tls-port" : "--port");
    try {
        return std::make_unique<loop::Listener>(at.address, at.port);
    } catch (const Poco::Exception& e) {
        std::string next;
        if (e.code() == EADDRINUSE) {
            next = ": the port is in use; stop the other program, or choose another with " + option;
        } else if (e.code() == EACCES) {
            next = ": no right to that port; choose one above 1023 with " + option;
        } else {
            next = ": " + e.displayText() + "; choose an address of this machine with --bind";
        }
        throw std::runtime_error("cannot listen on " + where + next);
    }
}

void refuse(const Poco::Net::StreamSocket& socket, const Error& why) {
    const std::string text =
        http::encode_response(httpd::error_response(why.code, why.message), false);
    // A fresh socket takes this much at once, or the peer is gone already.
    [[maybe_unused]] const auto sent =
        ::send(socket.impl()->sockfd(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

Listeners::Listeners(const std::vector<ListenAddress>& listen, Log log) : log_(std::move(log)) {
    for (const ListenAddress& at : listen) {
        try {
            bound_.push_back({at, listen_on(at)});
        } catch (const std::runtime_error& e) {
            if (!at.is_optional) throw;
            log_.warning(std::string(e.what()) + "; going on without");
        }
    }
}

void Listeners::open_control_socket(const std::string& path, mode_t mode) {
    try {
        control_socket_ = std::make_unique<loop::UnixListener>(path, mode);
    } catch (const std::system_error& e) {
        throw std::runtime_error("control socket " + path + ": " + e.code().message() +
                                 "; choose another with control.socket");
    }
}

void Listeners::start(const Uses& uses) {
    uses_.emplace(uses);
    loop::EventLoop& first = uses.nets.front()->loop();
    const auto warn = [this](const std::string& trouble) { log_.warning(trouble); };
    first.post([this, &first, warn] {
        for (Bound& bound : bound_) {
            bound.listener->start(
                first,
                [this, &bound](loop::SocketPtr socket) { accept(std::move(socket), bound.at); },
                warn);
        }
        if (!control_socket_) return;
        control_socket_->start(
            first,
            [this](loop::SocketPtr socket, const loop::PeerCredentials& who) {
                accept_local(std::move(socket), who);
            },
            warn);
    });
}

void Listeners::stop() {
    for (Bound& bound : bound_) bound.listener->stop();
}

void Listeners::close() {
    bound_.clear();
    control_socket_.reset();
}

httpd::NetLoop& Listeners::next_net() { return *uses_->nets[next_net_++ % uses_->nets.size()]; }

/// A trusted proxy has no limit of its own: its clients have.
std::string Listeners::counted_as(const Poco::Net::SocketAddress& peer) const {
    std::string address = httpd::peer_address_text(peer);
    const auto parsed = auth::parse_address(address);
    const bool is_proxy = parsed && auth::is_in(uses_->policy->trusted_proxies, *parsed);
    return is_proxy ? std::string() : address;
}

void Listeners::accept(loop::SocketPtr socket, const ListenAddress& at) {
    Poco::Net::SocketAddress peer;
    try {
        peer = socket->peerAddress();
    } catch (const Poco::Exception&) {
        return;  // gone before we looked
    }
    auto ticket = uses_->admission.enter(counted_as(peer));
    if (!ticket) {
        log_.warning("connection from " + httpd::peer_text(peer) +
                     " refused: " + ticket.error().message);
        // A handshake, to say why, would cost what the limit is to save.
        if (!at.is_rtmp && !at.is_secure) refuse(*socket, ticket.error());
        return;
    }
    const loop::TlsContextPtr tls =
        at.is_secure ? *uses_->certificate.get() : loop::TlsContextPtr();
    httpd::NetLoop& net = next_net();
    if (at.is_rtmp) {
        return place(
            net, std::make_shared<live::RtmpConnection>(uses_->live, net, std::move(*ticket), peer),
            std::move(socket), tls);
    }
    place(net,
          std::make_shared<httpd::HttpConnection>(uses_->http, net, std::move(*ticket),
                                                  httpd::peer_of(peer), at.default_stream),
          std::move(socket), tls);
}

void Listeners::accept_local(loop::SocketPtr socket, const loop::PeerCredentials& who) {
    const httpd::Peer peer = httpd::peer_of(who);
    log_.info("control socket: opened by " + peer.text);
    httpd::NetLoop& net = next_net();
    place(net,
          std::make_shared<httpd::HttpConnection>(uses_->http, net, uses_->admission.enter_always(),
                                                  peer, ""),
          std::move(socket), nullptr);
}

template <class Made>
void Listeners::place(httpd::NetLoop& net, std::shared_ptr<Made> connection, loop::SocketPtr socket,
                      loop::TlsContextPtr tls) {
    net.loop().post([this, &net, connection = std::move(connection), socket = std::move(socket),
                     tls = std::move(tls)]() mutable {
        try {
            connection->start(std::make_unique<loop::TcpStream>(net.loop(), *socket, *connection,
                                                                tls ? tls->accept() : nullptr));
            net.add(connection);
        } catch (const std::exception& e) {  // C3: the kernel refused this one; the others go on
            log_.warning(std::string("connection dropped: ") + e.what());
        }
    });
}

Ports Listeners::ports() const {
    Ports ports;
    for (const Bound& bound : bound_) {
        const bool is_secure = bound.at.is_secure;
        auto& port = bound.at.is_rtmp ? (is_secure ? ports.rtmps : ports.rtmp)
                                      : (is_secure ? ports.https : ports.http);
        if (!port) port = bound.port();
    }
    return ports;
}

std::vector<std::string> Listeners::camera_urls() const {
    std::vector<std::string> urls;
    for (const Bound& bound : bound_) {
        if (bound.at.is_rtmp) continue;
        for (const std::string& address : reachable_addresses(bound.at.address)) {
            const bool is_v6 = address.find(':') != std::string::npos;
            urls.push_back((bound.at.is_secure ? "wss://" : "ws://") +
                           (is_v6 ? "[" + address + "]" : address) + ":" +
                           std::to_string(bound.port()) + "/ingest/NAME");
        }
    }
    return urls;
}

}  // namespace st::server
