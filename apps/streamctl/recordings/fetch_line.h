#pragma once
/// What to type to have recordings' files here, or to stop cameras. Pure.
#include <string>
#include <vector>

#include "streamctl/options.h"

namespace st::streamctl {

/// "streamctl -s HOST get --take walk1 -o walk1/": by the take if the command has one, else by the
/// ids; with how it reaches the server, the folder and --align that it was given. Quoted for a
/// shell.
std::string fetch_line(const Options& options, const std::vector<std::string>& ids);
/// "streamctl -s HOST stop door hall"
std::string stop_line(const Options& options, const std::vector<std::string>& cameras);

}  // namespace st::streamctl
