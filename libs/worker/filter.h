#pragma once
/// The system calls that are left to a helper once it has everything open.
#include <string>

namespace st::worker {

/// From now on, for good: reading and writing descriptors that are open, memory and time.
/// Everything else, opening files, sockets and starting programs above all, fails with EPERM
/// (clone3 with ENOSYS, upon which libc falls back to clone). Returns why there is no filter;
/// empty: there is one. Does nothing under sanitizers, which need more.
std::string restrict_system_calls();

}  // namespace st::worker
