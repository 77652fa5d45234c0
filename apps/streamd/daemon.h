#pragma once
/// The running daemon: builds the server from the configuration, obeys signals, ends in good order.
#include <stdexcept>
#include <string>
#include <vector>

#include "streamd/config.h"
#include "streamd/process.h"

namespace st::streamd {

/// The configuration asks for what this program cannot do; exit code 78.
struct BadConfig : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct DaemonSetup {
    ConfigSources sources;   ///< read again by a reload; their paths absolute
    LoadedConfig loaded;     ///< its warnings are logged at start
    std::string ports_file;  ///< empty: none
};

/// Serves until SIGTERM or SIGINT; returns the exit code. `background` is told once all listen; may
/// be null. The calling thread becomes the control loop; TERM, INT, HUP and USR1 must be blocked
/// since before the first thread. Throws std::exception with a text for the user.
int run_daemon(const DaemonSetup& setup, Background* background);

/// The signals the daemon reads from a descriptor; to be blocked first thing in main.
void block_signals();

}  // namespace st::streamd
