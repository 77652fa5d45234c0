#include "base/own_path.h"

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace st {

OwnPath::OwnPath(std::string path) : path_(std::move(path)) {
    struct stat there {};
    is_there_ = ::lstat(path_.c_str(), &there) == 0;
    device_ = there.st_dev;
    inode_ = there.st_ino;
}

OwnPath::OwnPath(OwnPath&& other) noexcept
    : path_(std::move(other.path_)),
      is_there_(std::exchange(other.is_there_, false)),
      device_(other.device_),
      inode_(other.inode_) {}

OwnPath& OwnPath::operator=(OwnPath&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(is_there_, other.is_there_);
    std::swap(device_, other.device_);
    std::swap(inode_, other.inode_);
    return *this;
}

OwnPath::~OwnPath() {
    struct stat there {};
    if (!is_there_ || ::lstat(path_.c_str(), &there) != 0) return;
    if (there.st_dev == device_ && there.st_ino == inode_) ::unlink(path_.c_str());
}

}  // namespace st
