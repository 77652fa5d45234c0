#pragma once
/// Segments of live streams as files below the recordings folder. docs/segments.md. Private to
/// libs/record. Any thread.
///
///     live/<app>/<name>/<YYYYMMDDHHMMSS>_segment_<NNN>.mp4         UTC; while it grows and
///     afterwards live/<app>/<name>/<YYYYMMDDHHMMSS>_segment_<NNN>.mp4.open    empty: it is not
///     finished
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "record/segment_options.h"

namespace st::record {

/// The file of a segment that grows or waits to be finished.
struct SegmentPlace {
    Fd directory;
    std::uint64_t inode = 0;  ///< of a file that this run made
    std::string name;         ///< in it
    std::string path;         ///< from the recordings folder on
    SegmentFormat format = SegmentFormat::mp4;
};

struct MadeSegment {
    SegmentPlace place;
    Fd file;  ///< empty, for reading and writing
};

class SegmentFolder {
 public:
    explicit SegmentFolder(std::string recordings) : path_(std::move(recordings)) {}

    /// A new file, with its mark that it is open; never one that was there. `stream`: "/app/name".
    /// Throws std::system_error; std::runtime_error, with a text for the user, if none can begin.
    MadeSegment make(const std::string& stream, const SegmentOrder& order, SegmentLayout layout,
                     std::int64_t first_wall_us, std::uint32_t number) const;
    /// The segment is finished: takes the mark away, and has the disk know.
    static void close(const SegmentPlace& place) noexcept;
    /// There is nothing in it: takes it back.
    static void discard(const SegmentPlace& place) noexcept;

    /// Calls `found` for each segment that is marked open, of both layouts, also where the mark has
    /// no file (yet). What cannot be read is passed over.
    void for_each_open(const std::function<void(SegmentPlace)>& found) const;
    /// Throws std::system_error.
    static Fd open(const SegmentPlace& place);
    /// False only if it is known not to be there.
    static bool is_there(const SegmentPlace& place) noexcept;
    /// False if its path does not lead to it: it was deleted, or its folder was moved away or
    /// unmounted.
    bool is_in_place(const SegmentPlace& place) const noexcept;

    /// Whether a recording could begin.
    bool has_room() const noexcept;
    const std::string& path() const { return path_; }

 private:
    const std::string path_;
};

}  // namespace st::record
