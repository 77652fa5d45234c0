#pragma once
/// What a conversion by hand means for a recording's folder. Any thread, any process.
#include <string>

#include "base/result.h"
#include "mux/report.h"

namespace st::record {

/// `directory` was muxed again, in place: its session.json says so from now on. The recording is
/// done, the figures are the report's; MP4s that session.json names and that are no longer part of
/// it are removed. Error, without a change, if there is no session.json of a recording that has
/// ended.
Result<void> note_remux(const std::string& directory, const mux::Report& report);

}  // namespace st::record
