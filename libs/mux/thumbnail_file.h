#pragma once
/// A JPEG that gets its name when the pictures have theirs, or never. One thread.
#include <unistd.h>

#include <string>

#include "mp4/sample_file.h"

namespace st::mux {

class ThumbnailFile {
 public:
    /// Throws FileError: see mp4::replaceable().
    ThumbnailFile(const std::string& path, bool overwrite)
        : target_(mp4::replaceable(path, overwrite)), overwrite_(overwrite) {}
    ThumbnailFile(const ThumbnailFile&) = delete;
    ThumbnailFile& operator=(const ThumbnailFile&) = delete;
    ~ThumbnailFile() {
        if (!kept_) ::unlink(part_.c_str());
    }

    const std::string& part_path() const { return part_; }
    /// Throws FileError.
    void keep() {
        mp4::put_in_place(part_, target_, overwrite_);
        kept_ = true;
    }

 private:
    const std::string target_;
    const std::string part_ = target_ + ".part";
    const bool overwrite_;
    bool kept_ = false;
};

}  // namespace st::mux
