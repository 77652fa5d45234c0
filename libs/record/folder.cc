#include "record/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <system_error>

#include "base/fd_io.h"
#include "base/name.h"
#include "base/units.h"
#include "base/unsupported.h"
#include "record/room.h"

namespace st::record {
namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

/// False: the file system has no locks.
bool claim(const Fd& fd, const std::string& path) {
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return true;
    if (is_unsupported(errno)) return false;
    if (errno != EWOULDBLOCK) fail("lock recordings folder " + path);
    throw std::runtime_error("recordings folder " + path +
                             " is in use by another running server; stop it or choose another "
                             "folder with --recordings");
}

bool is_same(const struct stat& a, const struct stat& b) {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

struct CloseDir {
    void operator()(DIR* dir) const { ::closedir(dir); }
};

template <class Visit>
void for_each_name(Fd directory, Visit visit) {
    const std::unique_ptr<DIR, CloseDir> dir(::fdopendir(directory.get()));
    if (!dir) fail("list folder");
    directory.release();
    while (const dirent* entry = ::readdir(dir.get()))
        visit(std::string(entry->d_name), entry->d_type);
}

std::uint64_t room_of(const struct statvfs& disk) {
    return room_to_begin(std::uint64_t{disk.f_blocks} * disk.f_frsize);
}

/// What a recording may ask for at most, however fast others write.
std::uint64_t share_of(const struct statvfs& disk) {
    return std::uint64_t{disk.f_blocks} * disk.f_frsize / 8;
}

/// Of what is free, for a recording that begins; `bytes`: of some seconds of what is written.
std::uint64_t wanted_of(const struct statvfs& disk, std::uint64_t bytes) {
    return std::min(std::max(bytes, room_of(disk)), share_of(disk));
}

std::uint64_t free_on(const struct statvfs& disk) {
    return std::uint64_t{disk.f_bavail} * disk.f_frsize;
}

/// What a recording makes, and one beside it.
constexpr unsigned kFilesMin = 16;

constexpr std::string_view kShape = "_00000000_000000";

/// Ends in _YYYYMMDD_HHMMSS behind something.
bool ends_in_stamp(std::string_view text) {
    if (text.size() <= kShape.size()) return false;
    const std::string_view end = text.substr(text.size() - kShape.size());
    return std::equal(kShape.begin(), kShape.end(), end.begin(), [](char shape, char c) {
        return shape == '0' ? c >= '0' && c <= '9' : c == shape;
    });
}

bool is_like_a_recording(std::string_view id) { return camera_of(id).size() < id.size(); }

/// A second description of the same folder: reading a directory moves its offset.
Fd reopen(int directory) {
    Fd fd(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) fail("open folder");
    return fd;
}

}  // namespace

std::string_view camera_of(std::string_view id) {
    for (const std::string_view name : {id, id.substr(0, id.rfind('_'))}) {
        if (ends_in_stamp(name)) return name.substr(0, name.size() - kShape.size());
    }
    return id;
}

Folder::Folder(const std::string& path, Stamp stamp) : stamp_(stamp) {
    std::filesystem::create_directories(path);
    path_ = std::filesystem::canonical(path).string();
    Fd fd = open_recordings(path_);
    has_locks_ = claim(fd, path_);
    const Lock guard(mutex_);
    fd_ = std::move(fd);
}

void Folder::follow_path() {
    struct stat held {};
    struct stat there {};
    if (::stat(path_.c_str(), &there) != 0) fail("recordings folder " + path_);
    if (::fstat(fd_.get(), &held) == 0 && is_same(held, there)) return;
    Fd fd = open_recordings(path_);
    claim(fd, path_);
    fd_ = std::move(fd);
}

void Folder::require_room(std::uint64_t bytes) const {
    const Lock guard(mutex_);
    const std::string why = why_no_room(fd_.get(), path_, bytes);
    if (!why.empty()) throw std::runtime_error(why);
}

Folder::Made Folder::make_recording(const std::string& camera, std::int64_t started_us) {
    constexpr std::int64_t kRememberedUs = 2 * 3'600'000'000LL;
    const std::string stem = camera + "_" + stamp_(started_us);
    const Lock guard(mutex_);
    follow_path();
    std::erase_if(given_, [&](const auto& item) {
        return std::abs(started_us - item.second.at_us) > kRememberedUs;
    });
    Given& given = given_[stem];
    given.at_us = started_us;
    // Not even the id of a recording that has been deleted.
    for (unsigned& n = given.count; n < kSameSecondMax;) {
        ++n;
        const std::string id = n == 1 ? stem : stem + "_" + std::to_string(n);
        if (!is_safe_file_name(id) || id.size() > kIdBytesMax) {
            throw std::system_error(ENAMETOOLONG, std::generic_category(), "recording id " + id);
        }
        if (::mkdirat(fd_.get(), id.c_str(), 0777) == 0) {
            Fd directory(
                ::openat(fd_.get(), id.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
            if (directory) return {id, std::move(directory)};
            const int error = errno;  // out of descriptors, say
            ::unlinkat(fd_.get(), id.c_str(), AT_REMOVEDIR);
            errno = error;
            fail("open " + path_of(id));
        }
        if (errno != EEXIST) fail("make folder " + path_of(id));
    }
    throw std::system_error(EEXIST, std::generic_category(), "make folder " + path_of(stem));
}

void Folder::discard(const Made& recording) noexcept {
    const std::string temporary = std::string(kSessionName) + ".tmp";
    for (const char* name : {kDumpName, kSessionName, temporary.c_str()}) {
        ::unlinkat(recording.directory.get(), name, 0);
    }
    const Lock guard(mutex_);
    ::unlinkat(fd_.get(), recording.id.c_str(), AT_REMOVEDIR);
}

bool Folder::discard_empty(const std::string& id) noexcept {
    if (!is_like_a_recording(id)) return false;
    const Lock guard(mutex_);
    return ::unlinkat(fd_.get(), id.c_str(), AT_REMOVEDIR) == 0;
}

Fd Folder::duplicate() const {
    const Lock guard(mutex_);
    return reopen(fd_.get());
}

Fd Folder::open_recording(const std::string& id) const {
    const Lock guard(mutex_);
    Fd directory(::openat(fd_.get(), id.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (!directory) fail("open " + path_of(id));
    return directory;
}

std::vector<std::string> Folder::names() const {
    std::vector<std::string> names;
    for_each_name(duplicate(), [&](std::string name, unsigned char type) {
        if ((type == DT_DIR || type == DT_UNKNOWN) && is_safe_file_name(name) &&
            name.size() <= kIdBytesMax) {
            names.push_back(std::move(name));
        }
    });
    std::sort(names.begin(), names.end());
    return names;
}

bool Folder::has_room(std::uint64_t bytes) {
    const Lock guard(mutex_);
    try {
        follow_path();
    } catch (const std::exception&) {
        return false;
    }
    return why_no_room(fd_.get(), path_, bytes).empty();
}

void Folder::sync() const {
    const Fd fd = duplicate();
    if (::syncfs(fd.get()) != 0) fail("sync the file system of " + path_);
}

Fd open_recordings(const std::string& path) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) fail("open recordings folder " + path);
    return fd;
}

std::string why_no_room(int fd, const std::string& path, std::uint64_t bytes) {
    struct statvfs disk {};
    if (::fstatvfs(fd, &disk) != 0) {
        return "the disk of " + path + " does not answer: " + std::strerror(errno);
    }
    if ((disk.f_flag & ST_RDONLY) != 0) return "the disk of " + path + " is read-only";
    // A file system that makes them as it needs them says 0 of all.
    if (disk.f_files != 0 && disk.f_favail < kFilesMin) {
        return "the disk of " + path + " takes no more files (inodes)";
    }
    const std::uint64_t wanted = wanted_of(disk, bytes);
    if (free_on(disk) >= wanted) return {};
    return "the disk of " + path + " has only " + human_bytes(free_on(disk)) +
           " free; a recording begins with at least " + human_bytes(wanted);
}

void lock_recording(int directory) {
    while (::flock(directory, LOCK_EX) != 0) {
        if (is_unsupported(errno)) return;
        if (errno != EINTR) fail("lock recording");
    }
}

Fd create_file(int directory, const std::string& name) {
    Fd fd(::openat(directory, name.c_str(),
                   O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (!fd) fail("create " + name);
    return fd;
}

std::optional<std::string> read_file(int directory, const std::string& name,
                                     std::size_t bytes_max) {
    struct stat status {};
    const Fd fd = open_plain(directory, name, O_RDONLY | O_NOFOLLOW, &status);
    if (!fd || static_cast<std::uint64_t>(status.st_size) > bytes_max) return std::nullopt;
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    const auto got =
        read_up_to(fd.get(), {reinterpret_cast<std::uint8_t*>(text.data()), text.size()}, 0);
    if (!got) return std::nullopt;
    text.resize(*got);
    return text;
}

namespace {

/// JSON into the blocks that the file has: the last resort on a full disk. False: there are too
/// few.
bool overwrite(int directory, const std::string& name, std::string_view text, bool durable) {
    struct stat there {};
    const Fd fd = open_plain(directory, name, O_WRONLY | O_NOFOLLOW, &there);
    if (!fd || static_cast<std::uint64_t>(there.st_blocks) * 512 < text.size()) return false;
    // Spaces instead of a second call to cut it: nobody ever reads a mixture.
    std::string padded(text);
    padded.resize(std::max(text.size(), static_cast<std::size_t>(there.st_size)), ' ');
    if (!write_all(fd.get(), as_bytes(padded))) return false;
    return !durable || ::fsync(fd.get()) == 0;
}

}  // namespace

void replace_file(int directory, const std::string& name, std::string_view text, bool durable) {
    const std::string temporary = name + ".tmp";
    ::unlinkat(directory, temporary.c_str(), 0);  // what an earlier run left, or a link
    Fd fd(::openat(directory, temporary.c_str(),
                   O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
    const bool is_written = fd && write_all(fd.get(), as_bytes(text));
    if (!is_written) {
        const int error = errno;
        ::unlinkat(directory, temporary.c_str(), 0);
        const bool is_full = error == ENOSPC || error == EDQUOT;
        if (is_full && overwrite(directory, name, text, durable)) return;
        errno = error;
        fail("write " + temporary);
    }
    if (durable && ::fsync(fd.get()) != 0) fail("sync " + temporary);
    fd.reset();  // there are file systems that rename no open file
    if (::renameat(directory, temporary.c_str(), directory, name.c_str()) != 0)
        fail("rename to " + name);
    if (durable && ::fsync(directory) != 0 && !is_unsupported(errno)) {
        fail("sync the folder of " + name);
    }
}

std::optional<std::uint64_t> file_bytes(int directory, const std::string& name) {
    struct stat status {};
    if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(status.st_mode)) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(status.st_size);
}

bool takes_changes(int directory) {
    return ::faccessat(directory, ".", W_OK | X_OK, AT_EACCESS) == 0;
}

std::vector<std::string> file_names(int directory) {
    std::vector<std::string> names;
    for_each_name(reopen(directory), [&](std::string name, unsigned char) {
        if (name != "." && name != "..") names.push_back(std::move(name));
    });
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace st::record
