#include "archive/scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include "archive/movie_file.h"
#include "base/fd_io.h"
#include "base/name.h"
#include "base/out_of_descriptors.h"
#include "mp4/segment_mark.h"
#include "record/flv_movie.h"
#include "record/folder.h"

namespace st::archive {
namespace {

using record::RemoveError;

constexpr std::string_view kLive = "live";
constexpr std::string_view kKeep = ".keep";
constexpr std::size_t kPathPartsMax = 4;
constexpr int kUnavailable = 503;

struct CloseDir {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

std::int64_t ns_of(const timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::vector<std::string> parts_of(const std::string& path) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at <= path.size() && parts.size() <= kPathPartsMax;) {
        const std::size_t slash = std::min(path.find('/', at), path.size());
        parts.push_back(path.substr(at, slash - at));
        at = slash + 1;
    }
    return parts;
}

/// "" is the folder itself.
Fd open_path(const std::string& root, const std::string& path, int last_flags) {
    Fd at(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (path.empty()) return at;
    const std::vector<std::string> parts = parts_of(path);
    if (parts.size() > kPathPartsMax) return {};
    for (std::size_t i = 0; at && i < parts.size(); ++i) {
        if (!is_safe_file_name(parts[i])) return {};
        const int flags = i + 1 == parts.size() ? last_flags : O_DIRECTORY;
        at.reset(::openat(at.get(), parts[i].c_str(),
                          O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags));
    }
    return at;
}

[[noreturn]] void fail_without_descriptors(const std::string& path) {
    throw std::system_error(errno, std::generic_category(), "open " + path);
}

/// For who takes what cannot be opened for gone. Throws std::system_error.
Fd open_if_there(const std::string& root, const std::string& path, int last_flags) {
    errno = 0;
    Fd opened = open_path(root, path, last_flags);
    if (!opened && is_out_of_descriptors(errno)) fail_without_descriptors(path);
    return opened;
}

/// Names in a folder that are safe ones, sorted; none if it cannot be read.
std::vector<std::string> names_in(Fd folder) {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, CloseDir> directory(folder ? ::fdopendir(folder.get()) : nullptr);
    if (!directory) return names;
    folder.release();
    while (const dirent* entry = ::readdir(directory.get())) {
        if (is_safe_file_name(entry->d_name)) names.emplace_back(entry->d_name);
    }
    std::ranges::sort(names);
    return names;
}

std::vector<std::string> names_in(const std::string& root, const std::string& folder) {
    return names_in(open_if_there(root, folder, O_DIRECTORY));
}

MediaForm form_of(const std::string& name) {
    return name.ends_with(".flv") ? MediaForm::flv : MediaForm::movie;
}

/// The UTC time that a segment's name begins with, YYYYMMDDHHMMSS.
std::optional<std::int64_t> time_in_name(const std::string& name) {
    constexpr std::size_t kDigits = 14;
    if (name.size() < kDigits) return std::nullopt;
    const std::string digits = name.substr(0, kDigits);
    if (digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
    const auto number = [&](std::size_t at, std::size_t count) {
        return std::stoi(digits.substr(at, count));
    };
    tm when{};
    when.tm_year = number(0, 4) - 1900;
    when.tm_mon = number(4, 2) - 1;
    when.tm_mday = number(6, 2);
    when.tm_hour = number(8, 2);
    when.tm_min = number(10, 2);
    when.tm_sec = number(12, 2);
    return std::int64_t{::timegm(&when)} * 1'000'000;
}

std::optional<std::int64_t> time_in_mark(const Fd& file) {
    std::array<std::uint8_t, mp4::kSegmentHeadBytesMax> begin{};
    const ssize_t got = ::pread(file.get(), begin.data(), begin.size(), 0);
    if (got <= 0) return std::nullopt;
    const auto head = mp4::parse_segment_head(Bytes(begin).first(static_cast<std::size_t>(got)));
    if (!head) return std::nullopt;
    return head->mark.first_wall_us;
}

bool lies_in(const Fd& folder, const std::string& name) {
    return ::faccessat(folder.get(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/// From before a segment's first byte on, until it is finished.
bool is_marked_open(const Fd& folder, const std::string& name) {
    return lies_in(folder, name + ".open");
}

/// A segment of ours in fragments that nobody writes to: its file system took no index of it.
bool is_left_in_fragments(const Fd& folder, const std::string& name, const Fd& file) {
    return folder && time_in_mark(file) && !is_marked_open(folder, name);
}

bool read_movie_facts(const Fd& file, MediaRow& row) {
    const auto head = mp4::read_movie_head(source_of(file.get(), row.bytes));
    if (!head) return false;
    row.form = head->is_growing ? MediaForm::growing : MediaForm::movie;
    row.end_us = row.start_us + head->duration_us;
    return true;
}

bool read_flv_facts(const Fd& file, bool is_open, MediaRow& row,
                    std::optional<std::int64_t> named_us) {
    const auto head = record::read_flv_head(source_of(file.get(), row.bytes));
    const auto zero_us = head ? (head->first_wall_us ? head->first_wall_us : named_us)
                              : std::optional<std::int64_t>();
    if (!zero_us) return false;
    const bool grows = head->is_growing && is_open;
    row.form = head->is_movie ? (grows ? MediaForm::growing_flv : MediaForm::flv)
                              : (grows ? MediaForm::growing_foreign : MediaForm::foreign);
    row.start_us = *zero_us + head->begins_us;
    row.end_us = *zero_us + head->ends_us;
    return true;
}

}  // namespace

bool is_segment_name(const std::string& name) {
    return name.ends_with(".mp4") || name.ends_with(".flv");
}

std::optional<ScannedRecording> scan_recording(const record::Recordings& recordings,
                                               const std::string& id) {
    // Before it is read: if it is replaced meanwhile, the next look finds another stamp.
    const auto stamp = recordings.stamp(id);
    const auto entry = stamp ? recordings.get(id) : Result<record::RecordingEntry>(Error{});
    if (!entry && entry.error().code == kUnavailable) {
        throw std::system_error(EMFILE, std::generic_category(), "open " + id);
    }
    if (!entry) return std::nullopt;
    ScannedRecording out;
    out.row = {id, entry->camera, entry->take, entry->state, entry->started_us,
               0,  entry->kept,   0,           *stamp};
    const bool is_open = entry->state == record::RecordingState::recording ||
                         entry->state == record::RecordingState::finalising;
    // What is being written grows: it counts once it is finished.
    if (!is_open) {
        out.row.ended_us = entry->ended_us.value_or(entry->started_us);
        out.row.bytes = recordings.bytes(id);
    }
    MediaRow media;
    media.stream = "/camera/" + entry->camera;
    media.recording = id;
    media.kept = entry->kept;
    media.stamp = *stamp;
    media.start_us = entry->first_picture_us.value_or(entry->started_us);
    for (const record::ListedFile& file : entry->files) {
        if (file.kind != "mp4" || !is_safe_file_name(file.name)) continue;
        media.file = id + "/" + file.name;
        media.end_us = media.start_us + static_cast<std::int64_t>(file.duration_ms) * 1000;
        out.media.push_back(media);
        media.start_us = media.end_us;
    }
    if (!out.media.empty()) out.media.back().goes_on = entry->goes_on;
    // One that failed may have pictures all the same.
    const bool may_have_pictures =
        entry->state != record::RecordingState::failed || entry->first_picture_us.has_value();
    media.file = id + "/" + record::kDumpName;
    if (out.media.empty() && may_have_pictures && open_below(recordings.path(), media.file)) {
        media.form = MediaForm::dump;
        const auto lasts_us = static_cast<std::int64_t>(entry->duration_ms) * 1000;
        const std::int64_t ended_us = lasts_us > 0 ? media.start_us + lasts_us : out.row.ended_us;
        media.end_us = is_open ? 0 : ended_us;
        media.goes_on = entry->goes_on;
        out.media.push_back(media);
    }
    return out;
}

std::vector<SegmentFolder> segment_folders(const std::string& root) {
    std::vector<SegmentFolder> all;
    for (const std::string& app : names_in(root, "")) {
        // A recording of a camera has its session.json, and no folders of ours below it.
        struct stat session {};
        const std::string session_json = root + "/" + app + "/session.json";
        if (app == "takes" || ::lstat(session_json.c_str(), &session) == 0) continue;
        for (const std::string& name : names_in(root, app)) {
            const std::string folder = app + "/" + name;
            const std::vector<std::string> below = names_in(root, folder);
            if (std::ranges::any_of(below, is_segment_name)) {
                all.push_back({folder, "/" + folder});
            }
            if (app != kLive) continue;
            for (const std::string& stream : below) {
                if (open_if_there(root, folder + "/" + stream, O_DIRECTORY)) {
                    all.push_back({folder + "/" + stream, "/" + name + "/" + stream});
                }
            }
        }
    }
    return all;
}

std::vector<SegmentFolder> segment_folders_of(const std::string& stream) {
    if (!stream.starts_with('/')) return {};
    const std::vector<std::string> parts = parts_of(stream.substr(1));
    if (parts.size() != 2 || !std::ranges::all_of(parts, is_safe_file_name)) return {};
    const std::string path = parts[0] + "/" + parts[1];
    return {{std::string(kLive) + "/" + path, stream}, {path, stream}};
}

std::optional<SegmentFolder> segment_folder_of_file(const std::string& file) {
    const std::vector<std::string> parts = parts_of(file);
    const bool is_below_live = parts.size() == 4 && parts[0] == kLive;
    if (!is_below_live && parts.size() != 3) return std::nullopt;
    const std::size_t app = parts.size() - 3;
    return SegmentFolder{file.substr(0, file.rfind('/')), "/" + parts[app] + "/" + parts[app + 1]};
}

std::vector<SegmentFile> segment_files(const std::string& root, const SegmentFolder& folder) {
    const Fd directory = open_if_there(root, folder.folder, O_DIRECTORY);
    if (!directory) return {};
    const std::vector<std::string> names = names_in(root, folder.folder);
    std::vector<SegmentFile> files;
    for (const std::string& name : names) {
        struct stat status {};
        if (!is_segment_name(name) ||
            ::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(status.st_mode)) {
            continue;
        }
        const bool kept = std::ranges::binary_search(names, name + std::string(kKeep));
        const bool is_open = std::ranges::binary_search(names, name + ".open");
        files.push_back({name, {ns_of(status.st_mtim), status.st_ino}, kept, is_open});
    }
    return files;
}

std::optional<SegmentFile> segment_file(const std::string& root, const SegmentFolder& folder,
                                        const std::string& name) {
    const Fd directory = open_if_there(root, folder.folder, O_DIRECTORY);
    struct stat status {};
    if (!directory || !is_safe_file_name(name) || !is_segment_name(name) ||
        ::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(status.st_mode)) {
        return std::nullopt;
    }
    return SegmentFile{name,
                       {ns_of(status.st_mtim), status.st_ino},
                       lies_in(directory, name + std::string(kKeep)),
                       is_marked_open(directory, name)};
}

std::optional<MediaRow> scan_segment(const std::string& root, const SegmentFolder& folder,
                                     const SegmentFile& file) {
    MediaRow row;
    row.file = folder.folder + "/" + file.name;
    row.stream = folder.stream;
    row.form = form_of(file.name);
    row.stamp = file.stamp;
    row.kept = file.kept;
    const Fd opened = open_below(root, row.file);
    struct stat status {};
    if (!opened || ::fstat(opened.get(), &status) != 0) return std::nullopt;
    row.bytes = static_cast<std::uint64_t>(status.st_size);
    row.stamp = {ns_of(status.st_mtim), status.st_ino};
    // What a segment says of itself; another file was put there by somebody.
    const auto named = time_in_name(file.name);
    const Fd directory = open_if_there(root, folder.folder, O_DIRECTORY);
    if (row.form == MediaForm::flv) {
        const bool is_open = directory && is_marked_open(directory, file.name);
        if (!read_flv_facts(opened, is_open, row, named)) return std::nullopt;
        return row;
    }
    const auto marked = time_in_mark(opened);
    if (!marked && !named) return std::nullopt;
    row.start_us = marked ? *marked : *named;
    if (!read_movie_facts(opened, row)) return std::nullopt;
    if (row.form == MediaForm::growing && is_left_in_fragments(directory, file.name, opened)) {
        row.form = MediaForm::movie;
    }
    return row;
}

Result<void, RemoveError> remove_segment(const std::string& root, const std::string& file) {
    const std::size_t slash = file.rfind('/');
    const std::string name = slash == std::string::npos ? "" : file.substr(slash + 1);
    const RemoveError none({"there is no segment " + file.substr(0, 255), 404});
    if (!is_segment_name(name)) return none;
    errno = 0;
    const Fd folder = open_path(root, file.substr(0, slash), O_DIRECTORY);
    const Fd opened = folder ? open_path(root, file, 0) : Fd();
    if (!opened && is_out_of_descriptors(errno)) {
        return RemoveError({"delete " + file + ": " + std::strerror(errno), kUnavailable});
    }
    struct stat status {};
    if (!is_plain(opened, &status)) return none;
    if (lies_in(folder, name + std::string(kKeep))) {
        return RemoveError({"segment " + file + " is kept: release it first", 409});
    }
    const auto source = source_of(opened.get(), static_cast<std::uint64_t>(status.st_size));
    const auto mp4 = form_of(name) == MediaForm::flv ? Result<mp4::MovieHead>(Error{})
                                                     : mp4::read_movie_head(source);
    const bool grows = mp4 && mp4->is_growing && !is_left_in_fragments(folder, name, opened);
    if (grows || is_marked_open(folder, name)) {
        return RemoveError({"segment " + file + " is being written", 409});
    }
    if (::unlinkat(folder.get(), name.c_str(), 0) != 0) {
        const int error = errno;
        if (error == ENOENT) return none;
        return RemoveError({"delete " + file + ": " + std::strerror(error), 500}, error,
                           !record::takes_changes(folder.get()));
    }
    return {};
}

Fd open_below(const std::string& root, const std::string& file) {
    if (file.empty()) return {};
    Fd opened = open_if_there(root, file, 0);
    return is_plain(opened) ? std::move(opened) : Fd();
}

std::int64_t folder_changed_ns(const std::string& root, const std::string& folder) {
    struct stat status {};
    const std::string path = folder.empty() ? root : root + "/" + folder;
    return ::lstat(path.c_str(), &status) == 0 && (S_ISDIR(status.st_mode) || folder.empty())
               ? ns_of(status.st_mtim)
               : 0;
}

}  // namespace st::archive
