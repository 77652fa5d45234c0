#pragma once
/// streamctl push: cameras made of any file, device or URL.
#include <string>

#include "options.h"
#include "streamctl/client/server_url.h"

namespace st::streamctl {

/// Runs until the input has ended, the server went away or a signal came (SIGINT, SIGTERM must be
/// blocked by the caller). Returns the exit code.
int run_push(const Options& options, const ServerUrl& server, const std::string& token);

}  // namespace st::streamctl
