#pragma once
/// Names that only the server knows, for completion at the prompt and in shells. Which value is
/// completed with which kind stands in manual(): "CAMERA" with "cameras".
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "streamctl/commands/commands.h"

namespace st::streamctl {

/// One operation, asked and answered: the result, one JSON object.
using Ask = std::function<std::string(std::string_view method, std::string_view params)>;

/// Of the kind: cameras, recordings, takes, events, keys, streams, sources, messages or viewers;
/// none for a kind we do not know. Only names that no shell and no terminal could take for
/// something else. Throws what `ask` throws.
std::vector<std::string> names_of(std::string_view kind, const Ask& ask);

}  // namespace st::streamctl
