#pragma once
/// Where samples go: a file created as `<path>.part`, appended to with large gathered writes, and
/// given its name only at the end; a pipe; or memory. Destroying a file that was not kept removes
/// the `.part`. One thread.
#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"

namespace st::mp4 {

/// What a link means that stands where an output shall be.
enum class Links : std::uint8_t {
    follow,   ///< the file it leads to: what people expect who make links
    replace,  ///< itself: in a folder where others may put one
};

/// Throws FileError.
class SampleFile {
 public:
    /// `overwrite`: an existing `path` will be replaced by keep(). A `.part` that a dead process
    /// left is taken over; one that a live process writes to is not.
    SampleFile(std::string path, bool overwrite, Links links = Links::follow);
    /// Counts bytes and writes nothing.
    SampleFile() = default;
    /// Writes to a descriptor that may be a pipe; no patch(), sync(), keep(). Borrowed.
    static std::unique_ptr<SampleFile> to_descriptor(int fd, const std::string& name);
    /// Holds what it is given until front() and drop() take it.
    static std::unique_ptr<SampleFile> to_memory();
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

    /// Bytes not written, which read as zeros. Of a real file only.
    void skip(std::uint64_t bytes);
    /// Moves everything from `at` on up by `bytes`; what is between is undefined. Of a real file
    /// only; reads and writes all of it.
    void make_room(std::uint64_t at, std::uint64_t bytes);

    /// Of one in memory: its first `bytes`, valid until the next call that is not const.
    Bytes front(std::size_t bytes) const { return Bytes(memory_).subspan(dropped_here_, bytes); }
    void drop(std::size_t bytes);

    const std::string& path() const { return path_; }
    const std::string& target() const { return target_; }
    std::string part_path() const { return target_ + ".part"; }

    /// flush() and fsync().
    void sync();
    /// Renames the `.part` to its name and syncs the folder.
    void keep();
    /// The descriptor that wrote it, at its beginning: a lock on some network shares keeps every
    /// other one from reading. Nothing may be written behind that. Borrowed.
    int reread();
    /// Lets go of the descriptor; the next call that writes opens it again.
    void rest();

 private:
    enum class Kind : std::uint8_t { counter, file, pipe, memory };

    void create();
    void write_pieces(int fd);
    void write_at(std::uint64_t at, Bytes bytes);
    void read_at(std::uint64_t at, std::span<std::uint8_t> into);
    void ensure_open();

    static constexpr std::size_t kPiecesMax = 512;  ///< IOV_MAX is 1024
    static constexpr std::size_t kStagingBytes = std::size_t{128} << 10;

    Kind kind_ = Kind::counter;
    int pipe_fd_ = -1;    ///< borrowed
    std::string path_;    ///< as it was given
    std::string target_;  ///< what keep() replaces
    bool overwrite_ = false;
    bool kept_ = false;
    bool resting_ = false;
    Fd fd_;
    std::uint64_t position_ = 0;
    std::vector<iovec> pieces_;
    std::unique_ptr<std::uint8_t[]> staging_;  ///< copies, until flush()
    std::size_t staged_ = 0;
    std::vector<std::uint8_t> memory_;
    std::size_t dropped_here_ = 0;  ///< at the beginning of memory_
    std::uint64_t dropped_ = 0;     ///< in all
};

/// The file that an output under `path` is: what a link that is followed leads to, else `path`.
/// Throws FileError if something stands there that is no regular file, or one that may not be
/// overwritten.
std::string replaceable(const std::string& path, bool overwrite, Links links = Links::follow);

/// Gives a finished file its name, for good. Throws FileError, also if it must not
/// replace what is there.
void put_in_place(const std::string& part, const std::string& target, bool overwrite);

/// fsync of the folder a path lies in.
void sync_folder_of(const std::string& path);

}  // namespace st::mp4
