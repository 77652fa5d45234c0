#include "httpd/peer.h"

#include <algorithm>

namespace st::httpd {

std::string peer_address_text(const Poco::Net::SocketAddress& peer) {
    std::string text = peer.host().toString();
    if (const auto zone = text.find('%'); zone != std::string::npos) text.resize(zone);
    constexpr std::string_view kMapped = "::ffff:";
    if (text.starts_with(kMapped) && text.find('.') != std::string::npos) {
        text.erase(0, kMapped.size());
    }
    return text;
}

std::string peer_text(const Poco::Net::SocketAddress& peer) {
    const std::string address = peer_address_text(peer);
    const std::string port = std::to_string(peer.port());
    const bool is_v6 = address.find(':') != std::string::npos;
    return is_v6 ? "[" + address + "]:" + port : address + ":" + port;
}

std::string default_camera_name(const Poco::Net::SocketAddress& peer) {
    std::string address = peer_address_text(peer);
    if (address.find(':') != std::string::npos) {
        std::replace(address.begin(), address.end(), ':', '-');
        address.insert(0, "v6-");
    }
    return address;
}

Peer peer_of(const Poco::Net::SocketAddress& address) {
    Peer peer{peer_text(address), default_camera_name(address), {}};
    if (const auto parsed = auth::parse_address(peer_address_text(address))) {
        peer.address = *parsed;
    }
    return peer;
}

}  // namespace st::httpd
