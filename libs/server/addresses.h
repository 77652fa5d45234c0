#pragma once
/// What this machine can be reached by.
#include <string>
#include <vector>

namespace st::server {

/// The addresses a listener bound to `bound` answers on; for "::" and "0.0.0.0" those of the
/// interfaces that are up, but for link-local ones.
std::vector<std::string> reachable_addresses(const std::string& bound);

}  // namespace st::server
