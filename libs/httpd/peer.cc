#include "httpd/peer.h"

#include <algorithm>

namespace st::httpd {
namespace {

std::string camera_name_of(std::string address) {
    if (address.find(':') != std::string::npos) {
        std::replace(address.begin(), address.end(), ':', '-');
        address.insert(0, "v6-");
    }
    return address;
}

}  // namespace

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
    return camera_name_of(peer_address_text(peer));
}

Peer peer_of(const Poco::Net::SocketAddress& address) {
    Peer peer{peer_text(address), default_camera_name(address), {}, false};
    if (const auto parsed = auth::parse_address(peer_address_text(address))) {
        peer.address = *parsed;
    }
    return peer;
}

Peer peer_behind(const Peer& proxy, const auth::Address& client) {
    const std::string address = auth::to_text(client);
    const bool is_v6 = address.find(':') != std::string::npos;
    const std::string port = proxy.text.substr(proxy.text.rfind(':') + 1);
    Peer peer = proxy;
    peer.text = (is_v6 ? "[" + address + "]" : address) + ":" + port;
    peer.camera_name = camera_name_of(address);
    peer.address = client;
    return peer;
}

Peer peer_of(const loop::PeerCredentials& credentials) {
    const std::string uid = std::to_string(credentials.uid);
    const std::string pid = std::to_string(credentials.pid);
    Peer peer{"uid=" + uid + ":pid=" + pid, "local", {}, true};
    peer.address = *auth::parse_address("127.0.0.1");
    return peer;
}

}  // namespace st::httpd
