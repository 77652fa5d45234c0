#pragma once
/// How we write a peer down: in logs, in session.json, and as the name of a camera that has none.
#include <Poco/Net/SocketAddress.h>

#include <string>

namespace st::httpd {

/// "10.0.0.7:51544", "[fd00::7]:51544"; an IPv4-mapped address as IPv4.
std::string peer_text(const Poco::Net::SocketAddress& peer);
/// The address alone, without a zone.
std::string peer_address_text(const Poco::Net::SocketAddress& peer);
/// "10.0.0.7_51544", "v6-fd00--7_51544": a valid camera name.
std::string default_camera_name(const Poco::Net::SocketAddress& peer);

}  // namespace st::httpd
