#pragma once
/// A segment's file that is none.
#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include "mp4/segment_file.h"

namespace st::mp4 {

/// In memory; fails after a given number of written bytes, as a process that is killed or a disk
/// that is full would have it.
class MemorySegmentFile final : public SegmentFile {
 public:
    MemorySegmentFile() = default;
    explicit MemorySegmentFile(Bytes bytes) : bytes_(bytes.begin(), bytes.end()) {}

    std::uint64_t size() const override { return bytes_.size(); }
    void append(std::span<const Bytes> pieces) override {
        for (const Bytes piece : pieces) {
            const Bytes taken = take(piece);
            bytes_.insert(bytes_.end(), taken.begin(), taken.end());
            if (taken.size() < piece.size()) fail();
        }
    }
    void write_at(std::uint64_t at, Bytes bytes) override {
        const Bytes taken = take(bytes);
        std::ranges::copy(taken, bytes_.begin() + static_cast<std::ptrdiff_t>(at));
        if (taken.size() < bytes.size()) fail();
    }
    std::size_t read_at(std::uint64_t at, std::span<std::uint8_t> into) override {
        if (at >= bytes_.size()) return 0;
        const std::size_t count = std::min<std::size_t>(into.size(), bytes_.size() - at);
        std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at), count, into.begin());
        return count;
    }
    void truncate(std::uint64_t bytes) override { bytes_.resize(bytes); }
    void sync() override { ++syncs; }

    const std::vector<std::uint8_t>& bytes() const { return bytes_; }
    /// So many bytes are still written; the rest of the write is not.
    void fail_after(std::size_t bytes) { room_ = bytes; }
    std::size_t written = 0;
    int syncs = 0;

 private:
    Bytes take(Bytes bytes) {
        const Bytes taken = bytes.first(std::min(bytes.size(), room_));
        room_ -= taken.size();
        written += taken.size();
        return taken;
    }
    [[noreturn]] static void fail() {
        throw std::system_error(ENOSPC, std::generic_category(), "write");
    }

    std::vector<std::uint8_t> bytes_;
    std::size_t room_ = SIZE_MAX;
};

}  // namespace st::mp4
