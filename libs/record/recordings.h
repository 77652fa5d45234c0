#pragma once
/// The recordings in the folder, each by itself: what its session.json says, its files, keeping and
/// removing it. Lists are libs/archive's. Reads the disk: call it from a worker, never from a loop.
/// Any thread.
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "record/events.h"

namespace st::record {

/// A file of a recording as its session.json names it.
struct ListedFile {
    std::string name;
    std::string kind;
    std::uint64_t duration_ms = 0;
};

struct RecordingEntry {
    std::string id;  ///< the folder's name
    std::string camera;
    std::optional<std::string> take;
    RecordingState state = RecordingState::done;
    std::int64_t started_us = 0;
    std::optional<std::int64_t> ended_us;
    std::optional<std::int64_t> first_picture_us;  ///< as StoredSession's
    std::uint64_t duration_ms = 0;                 ///< of its pictures; 0: not known
    bool kept = false;
    bool goes_on = false;  ///< its file was full: the camera's next recording has what follows
    std::vector<ListedFile> files;
    /// The whole session.json on one line. Of a folder that somebody copied its id is the folder's,
    /// and "copy_of" says what it was.
    std::string json;
};

/// Which version of a session.json was read: it is replaced by rename, so the inode changes even
/// within one tick of the clock.
struct FileStamp {
    std::int64_t mtime_ns = 0;
    std::uint64_t inode = 0;
    bool operator==(const FileStamp&) const = default;
};

/// Why something was not removed.
struct RemoveError : Error {
    RemoveError() = default;
    RemoveError(Error said, int refused_with = 0, bool folder_refuses = false)
        : Error(std::move(said)), error_number(refused_with), is_of_folder(folder_refuses) {}
    int error_number = 0;       ///< with which the disk refused; 0: it was not asked
    bool is_of_folder = false;  ///< nothing that lies in the same folder can be removed
};

/// What begins the name of a folder that is being deleted: no list has it.
constexpr std::string_view kDeletedPrefix = ".deleted-";

/// Error.code: 404 there is none, 409 it is being written, 503 the program has no descriptors left.
class Recordings {
 public:
    explicit Recordings(std::string path) : path_(std::move(path)) {}

    const std::string& path() const { return path_; }

    /// Names in the folder that could be recordings, sorted; what a deletion left behind, because
    /// it failed or we were ended meanwhile, is deleted. None if the folder is gone; throws
    /// std::system_error if there are no descriptors left.
    std::vector<std::string> names() const;
    /// nullopt: it is no recording.
    std::optional<FileStamp> stamp(const std::string& id) const;
    /// Of all its files.
    std::uint64_t bytes(const std::string& id) const;

    Result<RecordingEntry> get(std::string_view id) const;

    /// Deletes a recording's folder and all in it. It is out of sight at once, or, if that
    /// fails, whole. 409 while it records or is finalised, and if it is kept.
    Result<void, RemoveError> remove(std::string_view id);

    /// Whether a recording is kept: remove() then refuses it. 409 while it records or is finalised,
    /// for its session.json is then written by others.
    Result<void> keep(std::string_view id, bool kept);

    /// A file of a recording, open for reading, never through a link. 404 unless `name` is a plain
    /// file there.
    Result<int> open_file(std::string_view id, std::string_view name) const;

 private:
    /// get(), holding lock_recording(directory) until that is closed. 409 as remove().
    Result<RecordingEntry> get_ended(std::string_view id, int directory);

    const std::string path_;
};

}  // namespace st::record
