#pragma once
/// From what the user named to jobs: which file is read, which one is written.
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "mux/convert.h"
#include "options.h"

namespace st::h264mux {

/// Whose the files of a run are: what one job writes, no other replaces. Any thread.
class OutputNames {
 public:
    /// False: `path`, by whatever name, is somebody else's.
    bool claim(const std::string& path, const std::string& owner);

 private:
    std::mutex mutex_;
    std::map<std::string, std::string> owners_;  ///< by path without links
};

struct PlannedJob {
    mux::Job job;
    std::vector<Fd> spools;    ///< standard input, on disk and unlinked; owned for the job
    std::string spoken_input;  ///< as the user named it
    std::string picture;       ///< --at: where it goes; empty: a film is made
    std::string session;       ///< directory whose own MP4 is made; empty: none
    std::vector<std::string> notes;
};

/// A file without a name, in TMPDIR, for reading and writing. Error.code is the exit code.
Result<Fd> unlinked_file();
/// What `from` holds under the name `path`, whole or not at all. Error.code is the exit code.
Result<void> store_file(int from, const std::string& path);

/// --times without --output: the table is all that is written.
bool is_table_alone(const Options& options);

/// All jobs, before anything is written. Error.code is the exit code: 64 if two would write the
/// same file, one would write an input, or an output is missing, 66 if an input does not exist.
Result<std::vector<PlannedJob>> plan_jobs(const Options& options);

}  // namespace st::h264mux
