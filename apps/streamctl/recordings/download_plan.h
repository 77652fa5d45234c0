#pragma once
/// Which of a recording's files are fetched, and where each goes.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/recording.h"

namespace st::streamctl {

struct WantedFile {
    std::string url;     ///< path part
    std::string target;  ///< absolute path
    std::string session;
    std::uint64_t bytes = 0;
    bool is_result = true;  ///< its path is printed
};

/// What a recording's file is called in a folder of many: stream.mp4 -> ID.mp4.
std::string local_file_name(const std::string& id, const std::string& name);

/// The MP4s, or everything. Throws Failed if the server's id or a name could leave `folder`.
std::vector<WantedFile> wanted_files(const control::Recording& recording, const std::string& folder,
                                     bool all_files);

/// The MP4 of a recording as `file`, "walk.mp4"; of one whose picture size changed the others are
/// beside it, "walk-002.mp4". Throws Failed as above.
std::vector<WantedFile> wanted_mp4(const control::Recording& recording, const std::string& file);

/// The dump alone, no result; nullopt if it was not kept. Throws Failed as above.
std::optional<WantedFile> wanted_dump(const control::Recording& recording,
                                      const std::string& folder);

/// One of its files, no result; nullopt if it has none of that name. Throws Failed as above.
std::optional<WantedFile> wanted_file(const control::Recording& recording, const std::string& name,
                                      const std::string& folder);

}  // namespace st::streamctl
