#pragma once
/// streamctl push: cameras made of any file, device or URL.
#include <string>

#include "streamctl/client/interrupt.h"
#include "streamctl/client/server_url.h"
#include "streamctl/options.h"

namespace st::streamctl {

/// Runs until the input has ended, the server went away or a signal came. Returns the exit code.
int run_fleet(const Options& options, const ServerUrl& server, const std::string& token,
              Interrupt& interrupt);

}  // namespace st::streamctl
