#pragma once
/// Who is at the other end of a connection, and how we write that down: in logs, in session.json,
/// and as the name of a camera that has none.
#include <Poco/Net/SocketAddress.h>

#include <string>

#include "auth/address.h"
#include "loop/unix_listener.h"

namespace st::httpd {

/// "10.0.0.7:51544", "[fd00::7]:51544"; an IPv4-mapped address as IPv4.
std::string peer_text(const Poco::Net::SocketAddress& peer);
/// The address alone, without a zone.
std::string peer_address_text(const Poco::Net::SocketAddress& peer);
/// "10.0.0.7", "v6-fd00--7": a valid camera name.
std::string default_camera_name(const Poco::Net::SocketAddress& peer);

struct Peer {
    std::string text;         ///< for logs and session.json
    std::string camera_name;  ///< of a camera that does not name itself
    auth::Address address;
    bool is_on_control_socket = false;
};

Peer peer_of(const Poco::Net::SocketAddress& address);
/// The client a trusted proxy speaks for, on the connection of `proxy`.
Peer peer_behind(const Peer& proxy, const auth::Address& client);
/// By the control socket: "uid=1000:pid=42", at 127.0.0.1.
Peer peer_of(const loop::PeerCredentials& credentials);

}  // namespace st::httpd
