#include "streamctl/recordings/new_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/fd_io.h"
#include "base/unsupported.h"
#include "streamctl/client/failed.h"

namespace st::streamctl {
namespace {

Failed is_there(const std::string& path) {
    return {cli::kCannotCreate, path + ": exists already; choose another name with --output"};
}

/// False: this file system cannot do it.
bool rename_to_new(const std::string& from, const std::string& to) {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
        return true;
    if (errno == EEXIST) throw is_there(to);
    if (errno != EINVAL && errno != ENOSYS) throw system_failure(cli::kIoFailed, to);
    return false;
}

}  // namespace

void refuse_used_name(const std::string& path) {
    struct stat there {};
    if (path != "-" && ::lstat(path.c_str(), &there) == 0) throw is_there(path);
}

NewFile::NewFile(const std::string& path, Existing existing) : path_(path), existing_(existing) {
    if (path_ == "-") return;
    if (existing_ == Existing::refused) refuse_used_name(path_);
    file_.reset(
        ::open(part().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!file_) throw system_failure(cli::kCannotCreate, part());
}

NewFile::~NewFile() {
    if (file_) ::unlink(part().c_str());
}

void NewFile::write(Bytes bytes) {
    const int fd = path_ == "-" ? STDOUT_FILENO : file_.get();
    bytes_ += bytes.size();
    if (!write_all(fd, bytes)) throw system_failure(cli::kIoFailed, path_);
}

void NewFile::keep() {
    if (path_ == "-") return;
    if (::fsync(file_.get()) != 0 && !is_unsupported(errno))
        throw system_failure(cli::kIoFailed, part());
    const bool is_replaced = existing_ == Existing::replaced;
    if (is_replaced || !rename_to_new(part(), path_)) {
        if (!is_replaced) refuse_used_name(path_);
        if (::rename(part().c_str(), path_.c_str()) != 0)
            throw system_failure(cli::kIoFailed, path_);
    }
    file_.reset();
}

void write_file(const std::string& path, std::string_view text, NewFile::Existing existing) {
    NewFile file(path, existing);
    file.write(as_bytes(text));
    file.keep();
}

}  // namespace st::streamctl
