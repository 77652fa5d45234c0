#pragma once
/// The process behind an on-demand source: `PROGRAM --worker input url URL`, or `PROGRAM --worker
/// input command PROGRAM [ARGUMENT ...]`, which relays what that program writes. FLV on standard
/// output, what went wrong on standard error.
///
/// Its process group (it leads one, see source/child.h) ends with it: should whoever started it
/// die, it takes the command along. A command is told to go by the signal that the whole group
/// gets; the worker goes when the command has.
#include <optional>

namespace st::av {

/// For main(), before anything else: if argv is one of those, relays until the input ends and
/// returns the exit code (0 at the end of the input, else the reason is on standard error); else
/// nullopt. Limits the process for good. Apart from run_worker(), which needs a third of the
/// libraries.
std::optional<int> run_input_worker(int argc, char** argv);

}  // namespace st::av
