#pragma once
/// What the catalogue remembers of what lies in the recordings folder. Plain values.
#include <cstdint>
#include <optional>
#include <string>

#include "record/events.h"
#include "record/recordings.h"

namespace st::archive {

/// One recording of a camera: a folder.
struct RecordingRow {
    std::string id;
    std::string camera;
    std::optional<std::string> take;
    record::RecordingState state = record::RecordingState::done;
    std::int64_t started_us = 0;
    std::int64_t ended_us = 0;  ///< 0: it is being written
    bool kept = false;
    std::uint64_t bytes = 0;  ///< of all its files
    record::FileStamp stamp;  ///< of its session.json

    bool operator==(const RecordingRow&) const = default;
};

/// Stored in the catalogue: never renumber.
enum class MediaForm : std::uint8_t {
    movie = 0,            ///< an MP4 that is finished
    growing = 1,          ///< an MP4 that is being written; its end is asked of the file
    dump = 2,             ///< a recording of a camera of which there is no MP4 (yet)
    flv = 3,              ///< a segment in FLV that is finished
    growing_flv = 4,      ///< likewise, being written
    foreign = 5,          ///< a segment in FLV with codecs that no MP4 is made of
    growing_foreign = 6,  ///< likewise, being written
};

inline bool is_growing(MediaForm form) {
    return form == MediaForm::growing || form == MediaForm::growing_flv ||
           form == MediaForm::growing_foreign;
}
inline bool is_foreign(MediaForm form) {
    return form == MediaForm::foreign || form == MediaForm::growing_foreign;
}

/// Whether a file of that name in a stream's folder is a segment.
bool is_segment_name(const std::string& name);

/// The segments of a stream.
struct SegmentTotal {
    std::string stream;
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
};

/// One file that pictures of a stream lie in.
struct MediaRow {
    std::string file;    ///< below the recordings folder
    std::string stream;  ///< "/camera/door", "/live/walk"
    MediaForm form = MediaForm::movie;
    std::int64_t start_us = 0;  ///< wall clock of what it shows first
    std::int64_t end_us = 0;    ///< where that ends; 0: not known, it is being written
    std::uint64_t bytes = 0;
    bool kept = false;
    std::string recording;    ///< id of the camera's recording it belongs to; "": a segment
    record::FileStamp stamp;  ///< of the file; of a recording's of its session.json
    bool goes_on = false;     ///< its file was full: the camera's next recording has what follows

    bool operator==(const MediaRow&) const = default;
};

}  // namespace st::archive
