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
#include "mp4/movie.h"

namespace st::archive {

/// The camera went on in `row` when the file of `before` was full: nothing lies between, nor do
/// they overlap, whatever their clocks say.
bool are_parts(const MediaRow& before, const MediaRow& row);

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
    /// Of a file's pictures, or its sound: from when to when, after its zero.
    struct Lasts {
        std::int64_t begin_us = 0;
        std::int64_t end_us = 0;
    };
    struct Content {
        std::optional<Lasts> pictures;
        std::optional<Lasts> sounds;
    };
    static std::optional<Lasts> lasts(const mp4::Movie& movie, mp4::MovieKind kind);
    /// What of a file is wanted behind what is there already, in its own time.
    struct Wanted {
        std::int64_t pictures_from_us = 0;
        std::int64_t sounds_from_us = 0;
    };
    Wanted follow(std::int64_t start_us, const Content& content, bool is_next_part);
    bool has_all_until(std::int64_t until_us) const;
    bool is_next_part(const MediaRow& row) const;

    const std::string root_;
    const CutRequest request_;
    const Dumps dumps_;
    Cut cut_;
    HeldFilesPtr held_;
    std::optional<MediaRow> last_;  ///< that is in it
    /// Wall clock of where its pictures and its sounds end.
    std::optional<std::int64_t> pictures_end_us_;
    std::optional<std::int64_t> sounds_end_us_;
    std::int64_t shift_us_ = 0;  ///< the cut's time is the time after request_.start_us, and that
    std::int64_t end_us_ = 0;    ///< in the cut's time
    std::uint64_t made_bytes_ = 0;
};

}  // namespace st::archive
