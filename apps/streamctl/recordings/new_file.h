#pragma once
/// A file that a command makes where none is yet.
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/fd.h"

namespace st::streamctl {

/// Throws Failed 73 if something of that name is there already. "-", standard output, never is.
void refuse_used_name(const std::string& path);

/// A file that gets its name once it is whole, or standard output ("-"). Throws Failed. Main
/// thread.
class NewFile {
 public:
    explicit NewFile(const std::string& path);
    ~NewFile();
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;

    void write(Bytes bytes);
    /// Gives it its name; without this nothing is left of it.
    void keep();
    std::uint64_t bytes() const { return bytes_; }

 private:
    std::string part() const { return path_ + ".part"; }

    const std::string path_;
    Fd file_;
    std::uint64_t bytes_ = 0;
};

}  // namespace st::streamctl
