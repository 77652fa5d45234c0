#include "server/addresses.h"

#include <Poco/Net/NetworkInterface.h>

#include <algorithm>

namespace st::server {
namespace {

using Poco::Net::IPAddress;

/// The zone is this machine's own name for its interface.
std::string without_zone(const IPAddress& address) {
    const std::string text = address.toString();
    return text.substr(0, text.find('%'));
}

}  // namespace

std::vector<std::string> reachable_addresses(const std::string& bound) {
    if (bound != "::" && bound != "0.0.0.0") return {bound};
    std::vector<std::string> addresses;
    for (const auto& [index, interface] : Poco::Net::NetworkInterface::map(true, false)) {
        for (const auto& entry : interface.addressList()) {
            const IPAddress& address = entry.get<0>();
            if (address.isLinkLocal()) continue;
            if (address.family() == Poco::Net::AddressFamily::IPv6 &&
                (bound == "0.0.0.0" || address.isLoopback())) {
                continue;
            }
            addresses.push_back(without_zone(address));
        }
    }
    return addresses;
}

std::vector<std::string> reachable_networks() {
    std::vector<std::string> networks;
    for (const auto& [index, interface] : Poco::Net::NetworkInterface::map(true, false)) {
        for (const auto& entry : interface.addressList()) {
            if (entry.get<0>().isLinkLocal()) continue;
            // Without zones: addresses of different ones cannot be combined.
            const IPAddress address(without_zone(entry.get<0>()));
            const IPAddress mask(without_zone(entry.get<1>()));
            const unsigned whole = static_cast<unsigned>(address.length()) * 8;
            // An address without a mask is a network of its own.
            const bool has_mask = mask.family() == address.family() && !mask.isWildcard();
            const unsigned bits = has_mask ? mask.prefixLength() : whole;
            const IPAddress network = bits == whole ? address : address & mask;
            std::string text = without_zone(network) + "/" + std::to_string(bits);
            if (std::ranges::find(networks, text) == networks.end()) {
                networks.push_back(std::move(text));
            }
        }
    }
    return networks;
}

}  // namespace st::server
