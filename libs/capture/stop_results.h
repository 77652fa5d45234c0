#pragma once
/// What becomes of recordings, as `stop` answers it. Pure.
#include <vector>

#include "control/stop.h"
#include "record/events.h"

namespace st::capture {

/// The MP4s of a finished recording as `stop` lists them; what was kept instead where there is
/// none.
std::vector<control::SessionFile> session_files(const record::Summary& summary);

/// The camera said that it stopped, or ended otherwise; it did not run into stop_timeout.
bool was_answered(const record::Summary& summary);

/// Of one recording, which is also its only part.
control::StopResult to_result(const record::Summary& summary);

/// By camera; the recordings of one camera that belong together become one result, with the files
/// of all of them and `parts`. `parts` is left empty where there was one recording.
void merge_parts(std::vector<control::StopResult>& results);

}  // namespace st::capture
