#pragma once
/// The recordings folder and files in it, always below a directory descriptor. Private to
/// libs/record, but for the names and the functions on files, which libs/takes uses. Any thread.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/sync.h"

namespace st::record {

constexpr char kDumpName[] = "stream.fdump";
constexpr char kMp4Name[] = "stream.mp4";
constexpr char kH264Name[] = "stream.h264";
constexpr char kThumbnailName[] = "thumbnail.jpg";
constexpr char kPicturesName[] = "pictures.csv";
constexpr char kSessionName[] = "session.json";
constexpr std::size_t kIdBytesMax = 96;
/// Folders of one camera within one second: a camera that restarts faster than that is broken.
constexpr unsigned kSameSecondMax = 9999;

class Folder {
 public:
    /// The time in a recording's id, YYYYMMDD_HHMMSS, of a wall clock in microseconds.
    using Stamp = std::string (*)(std::int64_t wall_us);

    /// Makes the folder and its parents if absent, and locks it for this process.
    /// Throws std::system_error; std::runtime_error if another server holds the lock.
    explicit Folder(const std::string& path, Stamp stamp = local_stamp);

    const std::string& path() const { return path_; }  ///< absolute

    /// False: its file system has none, and another server could use the folder too.
    bool has_locks() const { return has_locks_; }

    struct Made {
        std::string id;
        Fd directory;
    };
    /// A new folder <camera>_<YYYYMMDD_HHMMSS>[_2 ...], never one that was there before, also not
    /// in the hour that the clocks pass twice in autumn.
    /// Follows the path anew, so that a disk that was mounted again is found; throws
    /// std::system_error if it is gone or refuses.
    Made make_recording(const std::string& camera, std::int64_t started_us) ST_EXCLUDES(mutex_);
    /// Throws std::runtime_error, with a text for the user, if the disk has less than that free, or
    /// than an eighth of a disk that is not so large, or than room_to_begin(), or cannot be
    /// written.
    void require_room(std::uint64_t bytes) const ST_EXCLUDES(mutex_);
    /// Takes back a recording into which nothing was recorded: its files and its folder. What
    /// cannot be removed stays.
    void discard(const Made& recording) noexcept ST_EXCLUDES(mutex_);
    /// Removes the folder if it is empty and named like a recording: its server died right after
    /// making it. True: it was.
    bool discard_empty(const std::string& id) noexcept ST_EXCLUDES(mutex_);

    /// Throws std::system_error.
    Fd open_recording(const std::string& id) const ST_EXCLUDES(mutex_);
    std::string path_of(const std::string& id) const { return path_ + "/" + id; }

    /// Names of the folders in it that could be recordings.
    std::vector<std::string> names() const ST_EXCLUDES(mutex_);

    /// Whether a recording could begin: the folder is where its path says, and its file system can
    /// be written and has some room.
    bool has_room(std::uint64_t bytes) ST_EXCLUDES(mutex_);

    /// syncfs of its file system. Throws std::system_error.
    void sync() const ST_EXCLUDES(mutex_);

 private:
    void follow_path() ST_REQUIRES(mutex_);
    Fd duplicate() const ST_EXCLUDES(mutex_);

    /// How many ids of a stem were given out, and when the last one.
    struct Given {
        unsigned count = 0;
        std::int64_t at_us = 0;
    };

    std::string path_;
    const Stamp stamp_;
    bool has_locks_ = true;
    mutable Mutex mutex_;
    Fd fd_ ST_GUARDED_BY(mutex_);
    /// By stem; kept for as long as a local time can come again.
    std::unordered_map<std::string, Given> given_ ST_GUARDED_BY(mutex_);
};

/// The camera in the name of a recording's folder: what stands before the _YYYYMMDD_HHMMSS[_N] at
/// its end. All of a name that does not end like that. Borrowed from `id`.
std::string_view camera_of(std::string_view id);

/// Waits until nobody else looks at the state of a recording in order to change it; held until the
/// descriptor of its folder is closed. Nothing where the file system has no locks. Throws
/// std::system_error.
void lock_recording(int directory);

/// The recordings folder. Throws std::system_error.
Fd open_recordings(const std::string& path);
/// Why no recording can begin on the file system of that descriptor, which lies at `path`, in words
/// for the user; "": one can. `bytes`: of some seconds of what is written.
std::string why_no_room(int fd, const std::string& path, std::uint64_t bytes);

/// A file for writing at its end and reading, made anew (an existing one is an error). Throws
/// std::system_error.
Fd create_file(int directory, const std::string& name);
/// Up to `bytes_max` of a file; nullopt if there is none or it is larger or not a plain file. Then
/// errno says why the disk refused, or is as it was.
std::optional<std::string> read_file(int directory, const std::string& name, std::size_t bytes_max);
/// Writes `<name>.tmp`, then renames it over `name`. `durable`: also through a power loss. On a
/// full disk the text, which is JSON, goes into the blocks of the old file, if it fits: what became
/// of a recording is worth more than that a crash in this moment could leave it torn.
/// Throws std::system_error.
void replace_file(int directory, const std::string& name, std::string_view text, bool durable);
/// Size of a plain file; nullopt if there is none.
std::optional<std::uint64_t> file_bytes(int directory, const std::string& name);
/// Whether names in it may come and go, as far as its rights and its file system are concerned.
bool takes_changes(int directory);
/// All names in it but "." and "..", sorted. Throws std::system_error.
std::vector<std::string> file_names(int directory);

}  // namespace st::record
