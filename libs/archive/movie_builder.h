#pragma once
/// The files of a stream, one after the other, to one MP4. Private to libs/archive.
#include <memory>
#include <string>
#include <vector>

#include "archive/archive.h"
#include "archive/cut.h"

namespace st::archive {

class MovieBuilder {
 public:
    MovieBuilder(std::string root, const CutRequest& request)
        : root_(std::move(root)), request_(request) {}

    /// The oldest first. False: all that was wanted is there. Error: as Archive::movie().
    Result<bool> add(const MediaRow& row);
    bool empty() const { return cut_.empty(); }
    /// Once; not empty().
    MovieFilePtr finish();

 private:
    struct Place {
        std::int64_t from_us = 0;  ///< in the file
        std::int64_t at_us = 0;    ///< in the movie
    };
    Place place(const MediaRow& row) const;

    const std::string root_;
    const CutRequest request_;
    Cut cut_;
    std::vector<std::shared_ptr<const Fd>> files_;
    std::int64_t start_us_ = 0;  ///< wall clock of the movie's zero
    std::int64_t wall_us_ = 0;   ///< and of what follows the last part
    std::int64_t end_us_ = 0;    ///< of the movie so far, in its time
};

}  // namespace st::archive
