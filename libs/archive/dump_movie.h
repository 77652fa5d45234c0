#pragma once
/// A part of a camera's recording of which there is no MP4, as one: made for the moment of its
/// dump, in a file without a name in the recordings folder. Private to libs/archive. Any thread.
#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "archive/archive.h"
#include "archive/rows.h"
#include "base/fd.h"
#include "base/result.h"

namespace st::archive {

struct DumpMovie {
    Fd file;  ///< an MP4 in fragments
    std::uint64_t bytes = 0;
    std::int64_t start_us = 0;  ///< wall clock of what it shows first
};

/// All that is shown from `from_us` up to `to_us` (wall clock), and perhaps more around it. The
/// dump is read twice, as far as it is written. nullopt: nothing is. Error: as Archive::movie(),
/// 503 where the disk has no room for it.
Result<std::optional<DumpMovie>> movie_of_dump(const std::string& root, const MediaRow& row,
                                               std::int64_t from_us, std::int64_t to_us,
                                               const DumpTimes& times, const std::stop_token& stop);

}  // namespace st::archive
