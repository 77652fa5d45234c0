#pragma once
/// Recordings of cameras and segments of streams in one line, the oldest first. Private to
/// libs/archive.
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>

#include "archive/catalogue.h"

namespace st::archive {

struct OldestItem {
    std::string recording;  ///< id; "": a segment
    std::string file;       ///< of a segment
    std::string stream;     ///< "/camera/door", "/live/walk"
    std::int64_t start_us = 0;
    std::int64_t end_us = 0;
    std::uint64_t bytes = 0;
    bool is_protected = false;  ///< open, kept, or of a take of which something is kept
};

class Oldest {
 public:
    explicit Oldest(Catalogue& catalogue)
        : catalogue_(catalogue), kept_takes_(catalogue.kept_takes()) {}

    /// nullopt: that was the last.
    std::optional<OldestItem> next();

 private:
    struct Line {
        std::deque<OldestItem> items;
        std::int64_t last_us = 0;
        std::string last;
        bool is_over = false;
    };
    void fill_recordings();
    void fill_segments();

    Catalogue& catalogue_;
    const std::set<std::string> kept_takes_;
    Line recordings_;
    Line segments_;
};

}  // namespace st::archive
