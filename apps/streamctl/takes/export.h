#pragma once
/// export: a take in the form that another tool reads.
#include "streamctl/commands/commands.h"

namespace st::streamctl {

int run_export(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console);

}  // namespace st::streamctl
