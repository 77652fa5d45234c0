#pragma once
/// Recordings of cameras and segments of streams in one line, the oldest first. Private to
/// libs/archive.
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <utility>

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
    std::optional<std::string> take{};

    const std::string& name() const { return recording.empty() ? file : recording; }
    /// That it lies in; "": the recordings folder.
    std::string folder() const {
        return recording.empty() ? file.substr(0, file.rfind('/')) : std::string();
    }
};

/// Where a walk through the items stands, for each kind of them.
struct OldestPlace {
    struct Behind {
        std::int64_t start_us = 0;
        std::string name;
    };
    Behind recordings;
    Behind segments;
};

class Oldest {
 public:
    Oldest(Catalogue& catalogue, std::set<std::string> kept_takes, OldestPlace from)
        : catalogue_(catalogue), kept_takes_(std::move(kept_takes)), place_(std::move(from)) {
        recordings_.read = place_.recordings;
        segments_.read = place_.segments;
    }

    /// nullopt: that was the last.
    std::optional<OldestItem> next();
    /// Behind the one that next() gave last.
    const OldestPlace& place() const { return place_; }

 private:
    struct Line {
        std::deque<OldestItem> items;
        OldestPlace::Behind read;  ///< of the catalogue
        bool is_over = false;
    };
    void fill_recordings();
    void fill_segments();

    Catalogue& catalogue_;
    const std::set<std::string> kept_takes_;
    OldestPlace place_;
    Line recordings_;
    Line segments_;
};

}  // namespace st::archive
