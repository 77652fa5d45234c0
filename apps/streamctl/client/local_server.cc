#include "streamctl/client/local_server.h"

#include <Poco/Net/IPAddress.h>
#include <Poco/Net/SocketAddress.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/control_files.h"
#include "base/fd.h"
#include "base/fd_io.h"

namespace st::streamctl {
namespace {

bool is_listened_on(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() > kSocketPathMax) return false;
    std::copy(path.begin(), path.end(), std::begin(address.sun_path));
    const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return probe &&
           ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// Its own address counts as well: what is sent there does not leave the machine.
bool is_this_machine(const std::string& host) {
    if (host == "localhost") return true;
    Poco::Net::IPAddress address;
    if (!Poco::Net::IPAddress::tryParse(host, address)) return false;
    if (address.isLoopback()) return true;
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) return false;
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(all, &::freeifaddrs);
    for (const ifaddrs* at = all; at != nullptr; at = at->ifa_next) {
        if (at->ifa_addr == nullptr) continue;
        const bool is_v4 = at->ifa_addr->sa_family == AF_INET;
        if (!is_v4 && at->ifa_addr->sa_family != AF_INET6) continue;
        const auto size =
            static_cast<socklen_t>(is_v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
        if (Poco::Net::SocketAddress(at->ifa_addr, size).host() == address) return true;
    }
    return false;
}

std::string first_line(const std::string& path) {
    const Fd file = open_plain(AT_FDCWD, path, O_RDONLY);
    if (!file) return {};
    std::array<char, 256> text{};
    const ssize_t got = ::read(file.get(), text.data(), text.size());
    if (got <= 0) return {};
    const std::string all(text.data(), static_cast<std::size_t>(got));
    return all.substr(0, all.find('\n'));
}

}  // namespace

ServerUrl local_server() {
    ServerUrl server;
    for (const ControlFiles& files : find_control_files(server.port, true)) {
        if (!is_listened_on(files.socket)) continue;
        server.socket = files.socket;
        server.text = "unix:" + files.socket;
        break;
    }
    return server;
}

bool is_of_this_machine(const ServerUrl& server) {
    return !server.socket.empty() || is_this_machine(server.host);
}

std::string local_token(const ServerUrl& server) {
    if (!server.socket.empty() || !is_this_machine(server.host)) return {};
    for (const ControlFiles& files : find_control_files(server.port, false)) {
        if (std::string token = first_line(files.token); !token.empty()) return token;
    }
    return {};
}

}  // namespace st::streamctl
