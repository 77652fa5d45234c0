#include "mp4/sample_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/fd_io.h"
#include "base/unsupported.h"
#include "mp4/file_error.h"

namespace st::mp4 {
namespace {

/// "write cam.mp4.part: No space left on device", from errno.
[[noreturn]] void fail_errno(FileError::Kind kind, const std::string& what) {
    const int error = errno;
    throw FileError(kind, what + ": " + std::strerror(error));
}

/// What a path leads to through its links: the last of them may name nothing yet.
std::string target_of(const std::string& path) {
    namespace fs = std::filesystem;
    constexpr int kLinksMax = 40;
    fs::path at = path;
    for (int links = 0; links < kLinksMax; ++links) {
        std::error_code error;
        if (fs::symlink_status(at, error).type() != fs::file_type::symlink) return at.string();
        const fs::path next = fs::read_symlink(at, error);
        if (error) throw FileError(FileError::Kind::cannot_create, path + ": " + error.message());
        at = at.parent_path() / next;
    }
    throw FileError(FileError::Kind::cannot_create,
                    path + ": too many links, one behind the other");
}

}  // namespace

std::string replaceable(const std::string& path, bool overwrite, Links links) {
    std::string target = links == Links::follow ? target_of(path) : path;
    struct stat there {};
    if (::lstat(target.c_str(), &there) != 0) return target;
    if (!S_ISREG(there.st_mode) && !S_ISLNK(there.st_mode)) {
        throw FileError(FileError::Kind::cannot_create,
                        path + " is not a regular file; -o - writes to standard output");
    }
    if (!overwrite)
        throw FileError(FileError::Kind::cannot_create, path + " exists; -y overwrites it");
    return target;
}

namespace {

/// Renames without replacing anything. False with errno EEXIST if `to` exists.
bool rename_new(const std::string& from, const std::string& to) {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS) return false;
    // File systems without that flag: a hard link never replaces either.
    if (::link(from.c_str(), to.c_str()) == 0) {
        ::unlink(from.c_str());
        return true;
    }
    if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS && errno != EMLINK) return false;
    // Nor are there links (FAT by FUSE): the name is taken by an empty file of ours first.
    if (!Fd(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666))) return false;
    if (::rename(from.c_str(), to.c_str()) == 0) return true;
    const int error = errno;
    ::unlink(to.c_str());
    errno = error;
    return false;
}

/// Held while we write: tells a later run that this .part is not a leftover. The byte is one that
/// no file has: where locks are more than advice (CIFS), a lock of the data would keep out the
/// process that verifies the file. False: another one has it.
bool lock_part(const Fd& fd) {
    constexpr off_t kBeyondAllFiles = off_t{1} << 62;
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = kBeyondAllFiles;
    lock.l_len = 1;
    return ::fcntl(fd.get(), F_OFD_SETLK, &lock) == 0 || is_unsupported(errno);
}

bool renamed(const std::string& from, const std::string& to, bool overwrite) {
    return overwrite ? ::rename(from.c_str(), to.c_str()) == 0 : rename_new(from, to);
}

}  // namespace

void sync_folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // Some file systems refuse to sync a folder (EINVAL); there is nothing more to do then.
    if (fd && ::fsync(fd.get()) != 0 && errno == EIO)
        fail_errno(FileError::Kind::io, "sync " + folder);
}

void put_in_place(const std::string& part, const std::string& target, bool overwrite) {
    if (!renamed(part, target, overwrite)) {
        fail_errno(errno == EEXIST ? FileError::Kind::cannot_create : FileError::Kind::io,
                   "rename " + part);
    }
    sync_folder_of(target);
}

SampleFile::SampleFile(std::string path, bool overwrite, Links links)
    : kind_(Kind::file),
      path_(std::move(path)),
      target_(replaceable(path_, overwrite, links)),
      overwrite_(overwrite) {
    create();
    staging_ = std::make_unique_for_overwrite<std::uint8_t[]>(kStagingBytes);
    pieces_.reserve(kPiecesMax);
}

std::unique_ptr<SampleFile> SampleFile::to_descriptor(int fd, const std::string& name) {
    auto file = std::make_unique<SampleFile>();
    file->kind_ = Kind::pipe;
    file->pipe_fd_ = fd;
    file->path_ = name;
    file->staging_ = std::make_unique_for_overwrite<std::uint8_t[]>(kStagingBytes);
    file->pieces_.reserve(kPiecesMax);
    return file;
}

std::unique_ptr<SampleFile> SampleFile::to_memory() {
    auto file = std::make_unique<SampleFile>();
    file->kind_ = Kind::memory;
    return file;
}

void SampleFile::create() {
    const std::string part = part_path();
    for (int attempt = 0; attempt < 3; ++attempt) {
        fd_.reset(::open(part.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
        if (fd_) {
            if (lock_part(fd_)) return;
            fail_errno(FileError::Kind::cannot_create, "lock " + part);
        }
        if (errno != EEXIST) fail_errno(FileError::Kind::cannot_create, "create " + part);
        const Fd old(::open(part.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
        if (!old) fail_errno(FileError::Kind::cannot_create, "open " + part);
        if (!lock_part(old)) {
            throw FileError(FileError::Kind::cannot_create,
                            part + " is being written by another process");
        }
        ::unlink(part.c_str());
    }
    fail_errno(FileError::Kind::cannot_create, "create " + part);
}

SampleFile::~SampleFile() {
    if ((fd_ || resting_) && !kept_) ::unlink(part_path().c_str());
}

void SampleFile::ensure_open() {
    if (!resting_) return;
    fd_.reset(::open(part_path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (!fd_) fail_errno(FileError::Kind::io, "open " + part_path());
    lock_part(fd_);
    if (::lseek(fd_.get(), 0, SEEK_END) < 0) fail_errno(FileError::Kind::io, "seek " + part_path());
    resting_ = false;
}

int SampleFile::reread() {
    assert(kind_ == Kind::file);
    flush();
    ensure_open();
    if (::lseek(fd_.get(), 0, SEEK_SET) < 0) fail_errno(FileError::Kind::io, "seek " + part_path());
    return fd_.get();
}

void SampleFile::rest() {
    flush();
    if (!fd_) return;
    fd_.reset();
    resting_ = true;
}

void SampleFile::append(Bytes bytes) {
    if (bytes.empty()) return;
    if (kind_ == Kind::counter || kind_ == Kind::memory) return append_borrowed(bytes);
    while (!bytes.empty()) {
        if (staged_ == kStagingBytes || pieces_.size() == kPiecesMax) flush();
        const std::size_t size = std::min(bytes.size(), kStagingBytes - staged_);
        std::copy_n(bytes.data(), size, staging_.get() + staged_);
        append_borrowed({staging_.get() + staged_, size});
        staged_ += size;
        bytes = bytes.subspan(size);
    }
}

void SampleFile::append_borrowed(Bytes bytes) {
    position_ += bytes.size();
    if (kind_ == Kind::memory) memory_.insert(memory_.end(), bytes.begin(), bytes.end());
    if (kind_ == Kind::counter || kind_ == Kind::memory || bytes.empty()) return;
    if (!pieces_.empty()) {
        iovec& last = pieces_.back();
        if (static_cast<const std::uint8_t*>(last.iov_base) + last.iov_len == bytes.data()) {
            last.iov_len += bytes.size();
            return;
        }
    }
    if (pieces_.size() == kPiecesMax) {
        const std::size_t staged = staged_;
        flush();
        // `bytes` may be the piece being staged right now: do not hand out its room again.
        staged_ = staged;
    }
    pieces_.push_back({const_cast<std::uint8_t*>(bytes.data()), bytes.size()});
}

void SampleFile::flush() {
    if (pieces_.empty()) return;
    if (kind_ == Kind::file) ensure_open();
    write_pieces(kind_ == Kind::file ? fd_.get() : pipe_fd_);
    pieces_.clear();
    staged_ = 0;
}

void SampleFile::write_pieces(int fd) {
    std::size_t first = 0;
    while (first < pieces_.size()) {
        const ssize_t written =
            ::writev(fd, pieces_.data() + first, static_cast<int>(pieces_.size() - first));
        if (written < 0) {
            if (errno == EINTR) continue;
            fail_errno(FileError::Kind::io, "write " + (kind_ == Kind::file ? part_path() : path_));
        }
        auto left = static_cast<std::size_t>(written);
        while (first < pieces_.size() && left >= pieces_[first].iov_len)
            left -= pieces_[first++].iov_len;
        if (left > 0) {
            pieces_[first].iov_base = static_cast<std::uint8_t*>(pieces_[first].iov_base) + left;
            pieces_[first].iov_len -= left;
        }
    }
}

void SampleFile::patch(std::uint64_t at, Bytes bytes) {
    if (kind_ == Kind::memory) {
        std::ranges::copy(
            bytes, memory_.begin() + static_cast<std::ptrdiff_t>(at - dropped_ + dropped_here_));
    }
    if (kind_ != Kind::file) return;
    flush();
    ensure_open();
    write_at(at, bytes);
}

void SampleFile::skip(std::uint64_t bytes) {
    assert(kind_ == Kind::file);
    flush();
    ensure_open();
    position_ += bytes;
    if (::lseek(fd_.get(), static_cast<off_t>(position_), SEEK_SET) < 0)
        fail_errno(FileError::Kind::io, "seek " + part_path());
}

void SampleFile::make_room(std::uint64_t at, std::uint64_t bytes) {
    assert(kind_ == Kind::file);
    flush();
    ensure_open();
    std::vector<std::uint8_t> block(std::size_t{1} << 20);
    // From the end on: nothing is overwritten before it was read.
    for (std::uint64_t end = position_; end > at;) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), end - at));
        const auto part = std::span(block).first(size);
        end -= size;
        read_at(end, part);
        write_at(end + bytes, part);
    }
    position_ += bytes;
    if (::lseek(fd_.get(), 0, SEEK_END) < 0) fail_errno(FileError::Kind::io, "seek " + part_path());
}

void SampleFile::read_at(std::uint64_t at, std::span<std::uint8_t> into) {
    const auto got = read_up_to(fd_.get(), into, at);
    if (got != into.size()) fail_errno(FileError::Kind::io, "read " + part_path());
}

void SampleFile::drop(std::size_t bytes) {
    dropped_here_ += bytes;
    dropped_ += bytes;
    // What is left is the beginning of one picture at most.
    if (dropped_here_ * 2 < memory_.size()) return;
    memory_.erase(memory_.begin(), memory_.begin() + static_cast<std::ptrdiff_t>(dropped_here_));
    dropped_here_ = 0;
}

void SampleFile::write_at(std::uint64_t at, Bytes bytes) {
    if (!write_all_at(fd_.get(), bytes, at))
        fail_errno(FileError::Kind::io, "write " + part_path());
}

void SampleFile::sync() {
    flush();
    if (kind_ != Kind::file) return;
    ensure_open();
    if (fd_ && ::fsync(fd_.get()) != 0) fail_errno(FileError::Kind::io, "sync " + part_path());
}

void SampleFile::keep() {
    if (kind_ != Kind::file) return;
    const bool is_named = renamed(part_path(), target_, overwrite_);
    // There are file systems that rename no open file; else it stays open, for its lock.
    if (!is_named && errno == EBUSY) {
        fd_.reset();
        resting_ = true;
    }
    if (is_named) {
        sync_folder_of(target_);
    } else {
        put_in_place(part_path(), target_, overwrite_);
    }
    kept_ = true;
    fd_.reset();
}

}  // namespace st::mp4
