#pragma once
/// A JPEG that gets its name when the pictures have theirs, or never. One thread.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "base/fd.h"
#include "mp4/sample_file.h"
#include "mux/failure.h"

namespace st::mux {

class ThumbnailFile {
 public:
    /// Throws FileError: see mp4::replaceable().
    ThumbnailFile(const std::string& path, bool overwrite, mp4::Links links)
        : target_(mp4::replaceable(path, overwrite, links)), overwrite_(overwrite) {}
    ThumbnailFile(const ThumbnailFile&) = delete;
    ThumbnailFile& operator=(const ThumbnailFile&) = delete;
    ~ThumbnailFile() {
        if (is_there_) ::unlink(part_.c_str());
    }

    /// A new, empty file to write it to; borrowed. Throws Failure, FileError.
    int create() {
        ::unlink(part_.c_str());  // what an earlier run left
        fd_.reset(
            ::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
        if (!fd_) fail_errno(Exit::cannot_create, "create " + part_);
        is_there_ = true;
        return fd_.get();
    }
    std::uint64_t bytes() const {
        struct stat status {};
        if (::fstat(fd_.get(), &status) != 0) fail_errno(Exit::io, "stat " + part_);
        return static_cast<std::uint64_t>(status.st_size);
    }
    const std::string& target() const { return target_; }
    /// fsync(), if it was made; nothing is written to it any more. Throws Failure.
    void sync() {
        if (!fd_ || bytes() == 0) return;
        if (::fsync(fd_.get()) != 0) fail_errno(Exit::io, "sync " + part_);
        fd_.reset();  // there are file systems that rename no open file
        is_synced_ = true;
    }
    /// Behind sync(). False: it was not made. Throws FileError.
    bool keep() {
        if (!is_synced_) return false;
        mp4::put_in_place(part_, target_, overwrite_);
        is_there_ = false;
        return true;
    }

 private:
    const std::string target_;
    const std::string part_ = target_ + ".part";
    const bool overwrite_;
    Fd fd_;
    bool is_there_ = false;  ///< the `.part`
    bool is_synced_ = false;
};

}  // namespace st::mux
