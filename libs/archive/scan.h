#pragma once
/// What lies in the recordings folder, as rows of the catalogue: the one place that says what a
/// file means. Reads the disk. Any thread. Private to libs/archive.
///
/// What cannot be opened because the program has no descriptors left is not taken for gone:
/// std::system_error is thrown (EMFILE, ENFILE), by all but remove_segment().
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "archive/rows.h"
#include "base/fd.h"
#include "base/result.h"

namespace st::archive {

struct ScannedRecording {
    RecordingRow row;
    std::vector<MediaRow> media;
};

/// nullopt: there is no such recording.
std::optional<ScannedRecording> scan_recording(const record::Recordings& recordings,
                                               const std::string& id);

/// A folder with segments of one stream.
struct SegmentFolder {
    std::string folder;  ///< below the recordings folder
    std::string stream;  ///< "/app/name"
};
/// All there are: live/<app>/<name> and, of the older server's layout, <app>/<name>.
std::vector<SegmentFolder> segment_folders(const std::string& root);
/// Those in which segments of that stream would lie; none for what is no path of a stream.
std::vector<SegmentFolder> segment_folders_of(const std::string& stream);
/// The one that a segment lies in, by its path. nullopt: no segment lies at such a one.
std::optional<SegmentFolder> segment_folder_of_file(const std::string& file);

/// A segment as it lies there, before it is looked into.
struct SegmentFile {
    std::string name;
    record::FileStamp stamp;
    bool kept = false;
    bool is_open = false;  ///< it is being written
};
/// Sorted by name. None if there is no such folder, or only through a link.
std::vector<SegmentFile> segment_files(const std::string& root, const SegmentFolder& folder);
/// One of them. nullopt: there is none.
std::optional<SegmentFile> segment_file(const std::string& root, const SegmentFolder& folder,
                                        const std::string& name);

/// nullopt: it is no segment that can be read.
std::optional<MediaRow> scan_segment(const std::string& root, const SegmentFolder& folder,
                                     const SegmentFile& file);

/// Deletes a segment. Error.code: 404 there is none, 409 it is kept or being written, 503 the
/// program has no descriptors left.
Result<void, record::RemoveError> remove_segment(const std::string& root, const std::string& file);

/// A file below the recordings folder, open for reading; no part of its path is followed through a
/// link. Not set: there is none.
Fd open_below(const std::string& root, const std::string& file);

/// When the folder itself changed last (a name came or went); 0: there is none.
std::int64_t folder_changed_ns(const std::string& root, const std::string& folder);

}  // namespace st::archive
