#pragma once
/// sync-check: whether a flash that all cameras saw is where their clocks put it.
#include "streamctl/commands/commands.h"

namespace st::streamctl {

int run_sync_check(const Options& options, ApiClient& client, Interrupt& interrupt,
                   Console& console);

}  // namespace st::streamctl
