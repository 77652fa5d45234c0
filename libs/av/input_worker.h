#pragma once
/// The process behind an on-demand source: `PROGRAM --worker input url URL`, or `PROGRAM --worker
/// input command PROGRAM [ARGUMENT ...]`, which relays what that program writes. FLV on standard
/// output, what went wrong on standard error.
///
/// Its process group (it leads one, see source/child.h) ends with it: should whoever started it
/// die, it takes the command along. A command is told to go by the signal that the whole group
/// gets; the worker goes when the command has.
#include <string>
#include <vector>

namespace st::av {

/// Relays until the input ends. Returns the exit code: 0 at the end of the input, else the reason
/// is on standard error. For main(), in a process of its own: limits it for good.
int run_input_worker(const std::vector<std::string>& arguments);

}  // namespace st::av
