#pragma once
/// What glibc does with freed memory. By default it goes back to the system as soon as it is much
/// in one piece, and what comes next is faulted in anew: for pictures, again and again.
#include <cstddef>

namespace st {

/// From now on the process keeps what is freed, up to `kept_bytes` at the end of each heap; pieces
/// of at least `mapped_bytes` (32 MiB at most) go back at once. Any thread.
void keep_freed_memory(std::size_t mapped_bytes, std::size_t kept_bytes);

/// Gives back all that is free. Takes milliseconds, and others who allocate wait. Any thread.
void give_back_freed_memory();

}  // namespace st
