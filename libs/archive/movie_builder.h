#pragma once
/// The files of a stream, one after the other, to one MP4. Private to libs/archive.
#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "archive/archive.h"
#include "archive/cut.h"

namespace st::archive {

class MovieBuilder {
 public:
    struct Dumps {
        const DumpTimes& times;
        std::stop_token stop;
        std::atomic<int>& running;
    };
    MovieBuilder(std::string root, const CutRequest& request, Dumps dumps, HeldFilesPtr held)
        : root_(std::move(root)),
          request_(request),
          dumps_(std::move(dumps)),
          held_(std::move(held)) {}

    /// The oldest first. False: all that was wanted is there. Error: as Archive::movie().
    Result<bool> add(const MediaRow& row);
    bool empty() const { return cut_.empty(); }
    /// Once; not empty().
    MovieFilePtr finish();

 private:
    /// What a row stands for, to be read.
    struct Opened {
        Fd file;
        std::uint64_t bytes = 0;
        std::int64_t start_us = 0;  ///< wall clock of what it shows first
        bool is_flv = false;
    };
    Result<std::optional<Opened>> open(const MediaRow& row, std::int64_t until_us);
    Result<std::optional<Opened>> open_dump(const MediaRow& row, std::int64_t until_us);
    struct Place {
        std::int64_t from_us = 0;  ///< in the file
        std::int64_t at_us = 0;    ///< in the movie
    };
    Place place(std::int64_t start_us) const;

    const std::string root_;
    const CutRequest request_;
    const Dumps dumps_;
    Cut cut_;
    HeldFilesPtr held_;
    std::int64_t start_us_ = 0;  ///< wall clock of the movie's zero
    std::int64_t wall_us_ = 0;   ///< and of what follows the last part
    std::int64_t end_us_ = 0;    ///< of the movie so far, in its time
    std::uint64_t made_bytes_ = 0;
};

}  // namespace st::archive
