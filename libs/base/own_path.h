#pragma once
/// A file, socket or link that this process made: removed with this object, unless something else
/// stands at its path by then (another server was started in its place). One thread.
#include <sys/types.h>

#include <string>

namespace st {

class OwnPath {
 public:
    /// What is at `path` now. Nothing is removed if there is nothing, and links are not followed.
    explicit OwnPath(std::string path);
    OwnPath(OwnPath&& other) noexcept;
    OwnPath& operator=(OwnPath&& other) noexcept;
    ~OwnPath();

    const std::string& path() const { return path_; }
    /// It has been given another name.
    void moved_to(std::string path) { path_ = std::move(path); }

 private:
    std::string path_;
    bool is_there_ = false;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace st
