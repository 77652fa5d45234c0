#pragma once
/// What the word under the cursor of the prompt can become. Looks at files
/// where files are meant, and else only at the names it is given.
#include <functional>
#include <string>
#include <vector>

#include "streamctl/console/line_editor.h"

namespace st::streamctl {

/// The names of a kind; see commands/completion_names.h.
using LiveNames = std::function<std::vector<std::string>(const std::string& kind)>;

/// `line`: what stands before the cursor. Options and commands come from the one declaration.
Candidates candidates_for(const std::string& line, const LiveNames& live);

}  // namespace st::streamctl
