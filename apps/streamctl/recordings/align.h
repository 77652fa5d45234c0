#pragma once
/// A take's recordings on one time line: their dumps are fetched and laid on the line here, since
/// that needs every camera's arrival times at once. Main thread.
#include <string>
#include <vector>

#include "control/recording.h"
#include "streamctl/commands/commands.h"

namespace st::streamctl {

constexpr const char* kTakeFile = "take.json";

/// Throws Failed 73 if `folder` has a take.json already: to be called before anything is recorded
/// for it.
void refuse_used_folder(const std::string& folder);

/// Makes an MP4 of each recording and take.json in options.folder, prints the paths (with --json
/// what stands in take.json), says the error of each. The dumps stay with --all-files. What has no
/// place on the line is said and makes the exit code 1; damage makes it 3. Throws Failed.
int align_recordings(const std::vector<control::Recording>& recordings, const Options& options,
                     ApiClient& client, Interrupt& interrupt, Console& console);

}  // namespace st::streamctl
