#pragma once
/// The hand-written parts of streamd(8).
#include "cli/generate.h"

namespace st::streamd {

cli::Manual manual();

}  // namespace st::streamd
