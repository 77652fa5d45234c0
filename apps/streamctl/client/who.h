#pragma once
/// Who asks: what the server writes into recordings and tells others.
#include <string>

namespace st::streamctl {

/// "kim@desk": the account and this machine's name without its domain.
std::string who();

/// A text that no other start has, by which a stop means only what this program started.
std::string new_owner();

}  // namespace st::streamctl
