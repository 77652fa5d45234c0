#pragma once
/// The process behind an on-demand source: relays a URL, or what a command writes to its standard
/// output, as FLV on standard output; what went wrong goes to standard error.
///
/// Its process group, which it leads (worker/spawn.h), ends with it: should whoever started it die,
/// it takes the command along. A command is told to end by the signal that the whole group gets;
/// this process ends when the command has.
#include <optional>

namespace st::av {

/// Reads its words from standard input, NUL between them: "url" URL, or "command" PROGRAM [ARGUMENT
/// ...]. Relays until the input ends and returns the exit code (0 at the end of the input, else the
/// reason is on standard error); nullopt if the words are neither. Limits the process for good.
std::optional<int> run_input();

}  // namespace st::av
