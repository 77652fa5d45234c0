#pragma once
/// Boxes of an MP4 (ISO/IEC 14496-12, 4.2): big-endian fields, sizes filled in when a box ends.
#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "mp4/sample_file.h"

namespace st::mp4 {

constexpr std::uint64_t kU32Max = std::numeric_limits<std::uint32_t>::max();

/// Fields to the end of a file, or into memory.
class Boxes {
 public:
    /// `file` outlives this; flush() before the end.
    explicit Boxes(SampleFile& file) : file_(&file) { out_.reserve(kFlushBytes + 64); }
    /// Into memory: take().
    Boxes() = default;
    ~Boxes() { assert(out_.empty()); }
    Boxes(const Boxes&) = delete;
    Boxes& operator=(const Boxes&) = delete;

    void u8(unsigned v) { out_.push_back(static_cast<std::uint8_t>(v)); }
    void u16(std::uint64_t v) {
        u8(v >> 8 & 0xFF);
        u8(v & 0xFF);
    }
    void u32(std::uint64_t v) {
        u16(v >> 16 & 0xFFFF);
        u16(v & 0xFFFF);
        if (file_ != nullptr && out_.size() >= kFlushBytes) flush();
    }
    void u64(std::uint64_t v) {
        u32(v >> 32);
        u32(v & kU32Max);
    }
    void text(std::string_view v) { out_.insert(out_.end(), v.begin(), v.end()); }
    void bytes(Bytes v) { out_.insert(out_.end(), v.begin(), v.end()); }
    void zeros(std::size_t count) { out_.insert(out_.end(), count, 0); }
    /// 64 bits in version 1 boxes, else 32.
    void time(unsigned version, std::uint64_t v) { version == 1 ? u64(v) : u32(v); }

    /// Of the next byte, in the file or in memory.
    std::uint64_t position() const { return flushed() + out_.size(); }
    void patch_u32(std::uint64_t at, std::uint64_t value) {
        assert(value <= kU32Max);
        std::array<std::uint8_t, 4> field{};
        store_be32(field.data(), static_cast<std::uint32_t>(value));
        if (at >= flushed()) {
            std::ranges::copy(field, out_.begin() + static_cast<std::ptrdiff_t>(at - flushed()));
        } else {
            file_->patch(at, field);
        }
    }
    void flush() {
        file_->append(out_);
        out_.clear();
    }
    std::vector<std::uint8_t> take() { return std::exchange(out_, {}); }
    void reserve(std::size_t bytes) { out_.reserve(bytes); }

 private:
    static constexpr std::size_t kFlushBytes = 64'000;
    std::uint64_t flushed() const { return file_ != nullptr ? file_->position() : 0; }

    SampleFile* file_ = nullptr;
    std::vector<std::uint8_t> out_;
};

/// One box from construction to the end of the scope.
class Box {
 public:
    Box(Boxes& boxes, std::string_view type) : boxes_(boxes), at_(boxes.position()) {
        boxes_.u32(0);
        boxes_.text(type);
    }
    Box(Boxes& boxes, std::string_view type, unsigned version, std::uint32_t flags)
        : Box(boxes, type) {
        boxes_.u32(version << 24 | flags);
    }
    ~Box() { boxes_.patch_u32(at_, boxes_.position() - at_); }
    Box(const Box&) = delete;
    Box& operator=(const Box&) = delete;

 private:
    Boxes& boxes_;
    const std::uint64_t at_;
};

}  // namespace st::mp4
