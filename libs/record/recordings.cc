#include "record/recordings.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/clock.h"
#include "base/fd.h"
#include "base/fd_io.h"
#include "base/name.h"
#include "base/out_of_descriptors.h"
#include "record/folder.h"
#include "record/session_json.h"

namespace st::record {
namespace {

constexpr int kNotFound = 404;
constexpr int kConflict = 409;
constexpr int kBroken = 500;
constexpr int kUnavailable = 503;

Error no_recording(std::string_view id) {
    return Error{"there is no recording " + std::string(id.substr(0, kIdBytesMax)), kNotFound};
}

bool is_recording_id(std::string_view id) {
    return id.size() <= kIdBytesMax && is_safe_file_name(id);
}

Fd open_root(const std::string& path) {
    return Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

Fd open_child(int root, const std::string& id) {
    return Fd(::openat(root, id.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
}

RecordingEntry make_entry(const std::string& id, StoredSession stored, std::string json) {
    RecordingEntry entry;
    entry.id = id;
    entry.camera = std::move(stored.meta.camera);
    entry.take = std::move(stored.meta.take);
    entry.state = stored.meta.state;
    entry.started_us = stored.meta.started_us;
    entry.ended_us = stored.meta.ended_us;
    entry.first_picture_us = stored.first_picture_us;
    entry.duration_ms = stored.duration_ms;
    entry.kept = stored.meta.kept;
    entry.goes_on = stored.meta.end_reason == EndReason::max_bytes;
    entry.files = std::move(stored.files);
    entry.json = std::move(json);
    return entry;
}

/// Behind an open() that failed: what is there cannot be seen for want of descriptors, or is not.
Error unless_out_of_descriptors(Error none) {
    if (!is_out_of_descriptors(errno)) return none;
    return Error{"the server has too many files open: try again in a moment", kUnavailable};
}

/// nullopt: there is none that can be read; errno says if that is for want of descriptors.
std::optional<RecordingEntry> read_entry(const Fd& root, const std::string& id) {
    const Fd directory = root ? open_child(root.get(), id) : Fd();
    auto text =
        directory ? read_file(directory.get(), kSessionName, kSessionJsonBytesMax) : std::nullopt;
    if (!text) return std::nullopt;
    auto stored = decode_session(*text);
    if (!stored) return std::nullopt;
    if (stored->meta.id != id) {
        json::Object changed;
        changed.set("id", id);
        changed.set("copy_of", stored->meta.id);
        text = *with_values(*text, changed);
    }
    return make_entry(id, std::move(*stored), std::move(*text));
}

/// Folders within folders; we make none.
constexpr int kDepthMax = 16;

/// 0, or the errno of the first thing that could not be deleted.
int delete_tree(int parent, const std::string& name, int depth = 0) {
    if (::unlinkat(parent, name.c_str(), 0) == 0) return 0;
    if (errno == ENOENT) return 0;  // another request deletes it as well
    if (errno != EISDIR && errno != EPERM) return errno;
    if (depth > kDepthMax) return ELOOP;
    int failed = 0;
    {
        const Fd directory = open_child(parent, name);
        if (!directory) return errno == ENOENT ? 0 : errno;
        for (const std::string& child : file_names(directory.get())) {
            const int error = delete_tree(directory.get(), child, depth + 1);
            if (failed == 0) failed = error;
        }
    }
    if (failed == 0 && ::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
        failed = errno;
    }
    return failed;
}

}  // namespace

std::vector<std::string> Recordings::names() const {
    const Fd root = open_root(path_);
    if (!root && is_out_of_descriptors(errno)) {
        throw std::system_error(errno, std::generic_category(), "open " + path_);
    }
    if (!root) return {};
    std::vector<std::string> names = file_names(root.get());
    for (const std::string& name : names) {
        if (name.starts_with(kDeletedPrefix)) delete_tree(root.get(), name);
    }
    std::erase_if(names, [](const std::string& name) { return !is_recording_id(name); });
    return names;
}

std::optional<FileStamp> Recordings::stamp(const std::string& id) const {
    struct stat status {};
    const std::string file = path_ + "/" + id + "/" + kSessionName;
    if (::lstat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    return FileStamp{std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec,
                     status.st_ino};
}

std::uint64_t Recordings::bytes(const std::string& id) const {
    const Fd root = open_root(path_);
    const Fd directory = root ? open_child(root.get(), id) : Fd();
    if (!directory) return 0;
    std::uint64_t sum = 0;
    for (const std::string& name : file_names(directory.get())) {
        sum += file_bytes(directory.get(), name).value_or(0);
    }
    return sum;
}

Result<RecordingEntry> Recordings::get(std::string_view id) const {
    if (!is_recording_id(id)) return no_recording(id);
    errno = 0;
    auto entry = read_entry(open_root(path_), std::string(id));
    if (!entry) return unless_out_of_descriptors(no_recording(id));
    return std::move(*entry);
}

Result<RecordingEntry> Recordings::get_ended(std::string_view id, int directory) {
    // Whoever takes a recording back to work does so under this lock (record/recovery.h).
    lock_recording(directory);
    auto entry = get(id);
    if (!entry) return entry;
    switch (entry->state) {
        case RecordingState::recording:
            return Error{"recording " + entry->id + " is still running: stop it first", kConflict};
        case RecordingState::finalising:
            return Error{"recording " + entry->id + " is still being finished: try again later",
                         kConflict};
        case RecordingState::done:
        case RecordingState::failed:
            break;
    }
    return entry;
}

Result<void> Recordings::keep(std::string_view id, bool kept) {
    if (!is_recording_id(id)) return no_recording(id);
    const Fd root = open_root(path_);
    const Fd directory = root ? open_child(root.get(), std::string(id)) : Fd();
    if (!directory) return unless_out_of_descriptors(no_recording(id));
    const auto entry = get_ended(id, directory.get());
    if (!entry) return entry.error();
    if (entry->kept == kept) return {};
    json::Object changed;
    changed.set("kept", kept);
    errno = 0;
    const auto text = read_file(directory.get(), kSessionName, kSessionJsonBytesMax);
    if (!text) return unless_out_of_descriptors(no_recording(id));
    const auto written = with_values(*text, changed);
    if (!written) return Error{written.error().message, kBroken};
    try {
        replace_file(directory.get(), kSessionName, *written, true);
    } catch (const std::system_error& error) {
        return Error{"keep " + entry->id + ": " + error.what(), kBroken};
    }
    return {};
}

Result<void, RemoveError> Recordings::remove(std::string_view id) {
    if (!is_recording_id(id)) return RemoveError(no_recording(id));
    const Fd root = open_root(path_);
    const Fd directory = root ? open_child(root.get(), std::string(id)) : Fd();
    if (!directory) return RemoveError(unless_out_of_descriptors(no_recording(id)));
    const auto entry = get_ended(id, directory.get());
    if (!entry) return RemoveError(entry.error());
    if (entry->kept) {
        return RemoveError({"recording " + entry->id + " is kept: release it first", kConflict});
    }
    const std::string gone = std::string(kDeletedPrefix) + entry->id;
    // One step takes all of it out of sight: nobody ever sees half a recording.
    if (::renameat(root.get(), entry->id.c_str(), root.get(), gone.c_str()) != 0) {
        const int error = errno;
        if (error == ENOENT) return RemoveError(no_recording(id));
        return RemoveError({"delete " + entry->id + ": " + std::strerror(error), kBroken}, error,
                           !takes_changes(root.get()));
    }
    if (const int error = delete_tree(root.get(), gone); error != 0) {
        return RemoveError({"delete " + entry->id + ": what is left in " + path_ + "/" + gone +
                                " cannot be deleted: " + std::strerror(error),
                            kBroken},
                           error);
    }
    return {};
}

Result<int> Recordings::open_file(std::string_view id, std::string_view name) const {
    const Error none{"no file \"" + std::string(name.substr(0, 80)) + "\" in \"" +
                         std::string(id.substr(0, kIdBytesMax)) + "\"",
                     kNotFound};
    if (!is_recording_id(id)) return no_recording(id);
    if (!is_safe_file_name(name)) return none;
    const Fd root = open_root(path_);
    const Fd directory = root ? open_child(root.get(), std::string(id)) : Fd();
    if (!directory) return unless_out_of_descriptors(no_recording(id));
    Fd file = open_plain(directory.get(), std::string(name), O_RDONLY | O_NOFOLLOW);
    if (!file) return unless_out_of_descriptors(none);
    return file.release();
}

}  // namespace st::record
