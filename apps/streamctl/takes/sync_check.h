#pragma once
/// sync-check: whether a flash that all cameras saw is where their clocks put it.
#include <optional>
#include <string>
#include <vector>

#include "streamctl/commands/commands.h"

namespace st::streamctl {

/// Whether a check that found nothing leaves the take's verdict as it is: a check before refuted it
/// (`why`, of take.json), perhaps a stricter one than this without a `readout`. Pure.
bool keeps_verdict(const std::vector<std::string>& why, const std::optional<milliseconds>& readout);

int run_sync_check(const Options& options, ApiClient& client, Interrupt& interrupt,
                   Console& console);

}  // namespace st::streamctl
