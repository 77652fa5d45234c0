#pragma once
/// Commands one per line: from a file, from standard input, or typed at a prompt.
#include <istream>
#include <string>

#include "streamctl/client/interrupt.h"
#include "streamctl/options.h"

namespace st::streamctl {

/// Runs one line. Blank lines and comments are 0. `leave` is set by exit and quit.
int run_line(const std::string& line, const Options& defaults, Interrupt& interrupt, bool& leave);

/// Runs all lines; stops at the first that fails unless defaults.keep_going, and after SIGTERM or
/// SIGHUP. The exit code is that of the first failure. `name` is for messages.
int run_script(std::istream& in, const std::string& name, const Options& defaults);

/// The prompt: line editing and history on a terminal.
int run_prompt(const Options& defaults);

}  // namespace st::streamctl
