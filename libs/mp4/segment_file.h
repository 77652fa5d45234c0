#pragma once
/// The file of a segment, as what writes, finishes and recovers it sees it. One thread.
#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"

namespace st::mp4 {

/// All calls throw std::system_error. One that threw may have done part of its work.
class SegmentFile {
 public:
    virtual ~SegmentFile() = default;
    virtual std::uint64_t size() const = 0;
    /// Behind what is there, in one call of the kernel where it takes that.
    virtual void append(std::span<const Bytes> pieces) = 0;
    /// Over what is there.
    virtual void write_at(std::uint64_t at, Bytes bytes) = 0;
    /// As many bytes as there are.
    virtual std::size_t read_at(std::uint64_t at, std::span<std::uint8_t> into) = 0;
    virtual void truncate(std::uint64_t bytes) = 0;
    /// All of it is on the disk when this returns.
    virtual void sync() = 0;
};

class DiskSegmentFile final : public SegmentFile {
 public:
    /// Open for reading and writing. Throws std::system_error.
    explicit DiskSegmentFile(Fd fd);

    std::uint64_t size() const override { return size_; }
    void append(std::span<const Bytes> pieces) override;
    void write_at(std::uint64_t at, Bytes bytes) override;
    std::size_t read_at(std::uint64_t at, std::span<std::uint8_t> into) override;
    void truncate(std::uint64_t bytes) override;
    void sync() override;

 private:
    Fd fd_;
    std::uint64_t size_ = 0;
    std::vector<iovec> vectors_;  ///< of the append under way
};

}  // namespace st::mp4
