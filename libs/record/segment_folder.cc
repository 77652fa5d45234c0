#include "record/segment_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "base/name.h"
#include "base/when.h"
#include "record/folder.h"

namespace st::record {
namespace {

constexpr std::string_view kOpenMark = ".open";
constexpr std::string_view kLive = "live";
constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
/// Files of one name: of a stream that is stopped and started within one second.
constexpr unsigned kSameNameMax = 999;

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

/// Made if it is not there; never through a link.
Fd enter(const Fd& parent, const std::string& name) {
    if (::mkdirat(parent.get(), name.c_str(), 0777) != 0 && errno != EEXIST) {
        fail("make folder " + name);
    }
    Fd fd(::openat(parent.get(), name.c_str(), kFolderFlags));
    if (!fd) fail("open folder " + name);
    return fd;
}

/// "20260131081530_segment_001"
std::string stem(std::int64_t first_wall_us, std::uint32_t number) {
    std::string stamp = utc_stamp(first_wall_us);  // YYYYMMDD_HHMMSS
    stamp.erase(8, 1);
    const std::string digits = std::to_string(number);
    return stamp + "_segment_" + std::string(digits.size() < 3 ? 3 - digits.size() : 0, '0') +
           digits;
}

/// False: a file of that name is there, and is as it was.
bool try_make(const Fd& directory, const std::string& name, Fd& file) {
    struct stat there {};
    if (::fstatat(directory.get(), name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0) return false;
    // Before the file: what a crash leaves is a mark too many, never a segment that looks finished.
    const Fd mark(::openat(directory.get(), (name + std::string(kOpenMark)).c_str(),
                           O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (!mark) fail("create " + name + std::string(kOpenMark));
    file = Fd(::openat(directory.get(), name.c_str(),
                       O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (file) return true;
    const int error = errno;
    // Made by somebody since: the mark is theirs.
    if (error == EEXIST) return false;
    ::unlinkat(directory.get(), (name + std::string(kOpenMark)).c_str(), 0);
    errno = error;
    fail("create " + name);
}

bool ends_in(std::string_view text, std::string_view end) {
    return text.size() > end.size() && text.ends_with(end);
}

void find_open(const Fd& folder, const std::string& path,
               const std::function<void(SegmentPlace)>& found) {
    for (const std::string& marked : file_names(folder.get())) {
        if (!ends_in(marked, kOpenMark)) continue;
        const std::string name = marked.substr(0, marked.size() - kOpenMark.size());
        const bool is_flv = ends_in(name, ".flv");
        if (!is_safe_file_name(name) || (!is_flv && !ends_in(name, ".mp4"))) continue;
        SegmentPlace place;
        place.directory = Fd(::openat(folder.get(), ".", kFolderFlags));
        place.name = name;
        place.path = path + "/" + name;
        place.format = is_flv ? SegmentFormat::flv : SegmentFormat::mp4;
        found(std::move(place));
    }
}

/// Down to the folders of streams, which lie `depth` below.
void walk(const Fd& folder, const std::string& path, int depth,
          const std::function<void(SegmentPlace)>& found) {
    if (depth == 0) return find_open(folder, path, found);
    for (const std::string& name : file_names(folder.get())) {
        if (!is_valid_name(name)) continue;
        const Fd below(::openat(folder.get(), name.c_str(), kFolderFlags));
        if (!below) continue;
        walk(below, path.empty() ? name : path + "/" + name, depth - 1, found);
    }
}

}  // namespace

MadeSegment SegmentFolder::make(const std::string& stream, const SegmentOrder& order,
                                SegmentLayout layout, std::int64_t first_wall_us,
                                std::uint32_t number) const {
    assert(is_stream_path(stream));
    const Fd root = open_recordings(path_);
    const std::string why = why_no_room(root.get(), path_, 0);
    if (!why.empty()) throw std::runtime_error(why);
    const std::size_t slash = stream.find('/', 1);
    const std::string app = stream.substr(1, slash - 1);
    const std::string name = stream.substr(slash + 1);
    const bool is_nms = layout == SegmentLayout::nms;
    const Fd live = is_nms ? Fd() : enter(root, std::string(kLive));
    const Fd of_app = enter(is_nms ? root : live, app);
    MadeSegment made;
    made.place.directory = enter(of_app, name);
    made.place.format = order.format;
    const std::string folder = (is_nms ? "" : std::string(kLive) + "/") + app + "/" + name + "/";
    const std::string wanted = stem(first_wall_us, number);
    for (unsigned copy = 1; copy <= kSameNameMax; ++copy) {
        made.place.name = wanted + (copy == 1 ? "" : "_" + std::to_string(copy)) +
                          (order.format == SegmentFormat::flv ? ".flv" : ".mp4");
        if (!try_make(made.place.directory, made.place.name, made.file)) continue;
        struct stat file {};
        if (::fstat(made.file.get(), &file) == 0) made.place.inode = file.st_ino;
        made.place.path = folder + made.place.name;
        return made;
    }
    throw std::runtime_error("too many segments named " + wanted);
}

void SegmentFolder::close(const SegmentPlace& place) noexcept {
    ::unlinkat(place.directory.get(), (place.name + std::string(kOpenMark)).c_str(), 0);
    ::fsync(place.directory.get());
}

void SegmentFolder::discard(const SegmentPlace& place) noexcept {
    ::unlinkat(place.directory.get(), place.name.c_str(), 0);
    close(place);
}

void SegmentFolder::for_each_open(const std::function<void(SegmentPlace)>& found) const {
    const Fd root = open_recordings(path_);
    // Layout nms: <app>/<name>/; else live/<app>/<name>/.
    walk(root, "", 2, found);
    const Fd live(::openat(root.get(), std::string(kLive).c_str(), kFolderFlags));
    if (live) walk(live, std::string(kLive), 2, found);
}

Fd SegmentFolder::open(const SegmentPlace& place) {
    Fd fd(::openat(place.directory.get(), place.name.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) fail("open " + place.path);
    return fd;
}

bool SegmentFolder::is_there(const SegmentPlace& place) noexcept {
    return ::faccessat(place.directory.get(), place.name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
           errno != ENOENT;
}

bool SegmentFolder::is_in_place(const SegmentPlace& place) const noexcept {
    struct stat held {};
    struct stat there {};
    const std::string folder = path_ + "/" + place.path.substr(0, place.path.rfind('/'));
    if (::fstat(place.directory.get(), &held) != 0) return true;
    if (::stat(folder.c_str(), &there) != 0) return errno != ENOENT && errno != ENOTDIR;
    if (held.st_dev != there.st_dev || held.st_ino != there.st_ino) return false;
    if (::fstatat(place.directory.get(), place.name.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno != ENOENT;
    }
    return place.inode == 0 || there.st_ino == place.inode;
}

bool SegmentFolder::has_room() const noexcept {
    const Fd root(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return root && why_no_room(root.get(), path_, 0).empty();
}

}  // namespace st::record
