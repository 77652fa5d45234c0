#pragma once
/// The file samples go to: created as `<path>.part`, appended to with large gathered writes, and
/// given its name only at the end. Destroying one that was not kept removes the `.part`. One
/// thread.
#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"

namespace st::mux {

/// Throws Failure: 73 if the file cannot be made or exists, 74 if a write fails.
class SampleFile {
 public:
    /// `overwrite`: an existing `path` will be replaced by keep(). A `.part` that a dead process
    /// left is taken over; one that a live process writes to is not.
    SampleFile(std::string path, bool overwrite);
    /// Counts bytes and writes nothing.
    SampleFile() = default;
    ~SampleFile();
    SampleFile(const SampleFile&) = delete;
    SampleFile& operator=(const SampleFile&) = delete;

    /// Copies `bytes` (small things).
    void append(Bytes bytes);
    /// Remembers `bytes`, which must stay as they are until flush().
    void append_borrowed(Bytes bytes);
    /// Hands everything remembered to the kernel.
    void flush();
    /// Replaces bytes written or remembered earlier.
    void patch(std::uint64_t at, Bytes bytes);
    /// Where the next byte goes.
    std::uint64_t position() const { return position_; }

    bool is_real() const { return static_cast<bool>(fd_); }
    const std::string& path() const { return path_; }
    std::string part_path() const { return path_ + ".part"; }

    /// flush() and fsync().
    void sync();
    /// Renames the `.part` to its name and syncs the folder.
    void keep();
    /// Lets go of the descriptor; the next call that writes opens it again.
    void rest();

 private:
    void create();
    void write_at(std::uint64_t at, Bytes bytes);
    void ensure_open();

    static constexpr std::size_t kPiecesMax = 512;  ///< IOV_MAX is 1024
    static constexpr std::size_t kStagingBytes = std::size_t{128} << 10;

    std::string path_;
    bool overwrite_ = false;
    bool kept_ = false;
    bool resting_ = false;
    Fd fd_;
    std::uint64_t position_ = 0;
    std::vector<iovec> pieces_;
    std::unique_ptr<std::uint8_t[]> staging_;  ///< copies, until flush()
    std::size_t staged_ = 0;
};

/// Renames without replacing anything. False with errno EEXIST if `to` exists.
bool rename_new(const std::string& from, const std::string& to);

/// fsync of the folder a path lies in.
void sync_folder_of(const std::string& path);

}  // namespace st::mux
