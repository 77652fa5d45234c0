#pragma once
/// A file that a command makes, whole or not at all.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/fd.h"

namespace st::streamctl {

/// Throws Failed 73 if something of that name is there already. "-", standard output, never is.
void refuse_used_name(const std::string& path);

/// A file that gets its name once it is whole, or standard output ("-"). Throws Failed. Main
/// thread.
class NewFile {
 public:
    /// What becomes of a file of that name.
    enum class Existing { refused, replaced };

    explicit NewFile(const std::string& path, Existing existing = Existing::refused);
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
    const Existing existing_;
    Fd file_;
    std::uint64_t bytes_ = 0;
};

/// All of it at once.
void write_file(const std::string& path, std::string_view text,
                NewFile::Existing existing = NewFile::Existing::refused);

}  // namespace st::streamctl
