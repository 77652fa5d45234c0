#pragma once
/// What this machine can be reached by.
#include <string>
#include <vector>

namespace st::server {

/// The addresses a listener bound to `bound` answers on; for "::" and "0.0.0.0" those of the
/// interfaces that are up, but for link-local ones.
std::vector<std::string> reachable_addresses(const std::string& bound);

/// The networks those of "::" lie in, "192.0.2.0/24", each once.
std::vector<std::string> reachable_networks();

}  // namespace st::server
