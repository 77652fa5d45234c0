#include "server/addresses.h"

#include <Poco/Net/NetworkInterface.h>

namespace st::server {

std::vector<std::string> reachable_addresses(const std::string& bound) {
    if (bound != "::" && bound != "0.0.0.0") return {bound};
    std::vector<std::string> addresses;
    for (const auto& [index, interface] : Poco::Net::NetworkInterface::map(true, false)) {
        for (const auto& entry : interface.addressList()) {
            const Poco::Net::IPAddress& address = entry.get<0>();
            if (address.isLinkLocal()) continue;
            if (address.family() == Poco::Net::AddressFamily::IPv6 &&
                (bound == "0.0.0.0" || address.isLoopback())) {
                continue;
            }
            const std::string text = address.toString();
            // The zone is this machine's own name for its interface.
            addresses.push_back(text.substr(0, text.find('%')));
        }
    }
    return addresses;
}

}  // namespace st::server
