#pragma once
/// What is remembered of each picture between reading it and writing the sample tables: 24 bytes.
#include <sys/mman.h>

#include <cassert>
#include <cstdint>
#include <new>
#include <vector>

namespace st::mux {

constexpr std::uint32_t kSampleBytesMax = (1U << 28) - 1;

/// In decoding order.
struct Picture {
    std::uint64_t device_ms = 0;
    std::uint64_t arrival_ns = 0;
    std::int32_t order = 0;  ///< picture order count
    std::uint32_t bytes : 28 = 0;
    std::uint32_t is_sync : 1 = 0;
    std::uint32_t begins_sequence : 1 = 0;  ///< order counts compare only from here on
    std::uint32_t is_seam : 1 = 0;          ///< the first one of another input
    std::uint32_t is_bare : 1 = 0;          ///< of a bare stream: it came without times

    /// The first one of a bare stream, after `before` (nullptr: none).
    bool begins_bare(const Picture* before) const {
        return is_bare != 0 && (before == nullptr || is_seam != 0 || before->is_bare == 0);
    }
};
static_assert(sizeof(Picture) == 24);

/// A list that grows by whole blocks: no copy on growth, never twice its size, and all of it goes
/// back to the system at once (a heap would keep it, and the memory bound is a promise).
template <class T>
class BlockList {
 public:
    BlockList() = default;
    BlockList(const BlockList&) = delete;
    BlockList& operator=(const BlockList&) = delete;
    ~BlockList() { clear(); }

    void push_back(const T& value) {
        if (size_ == blocks_.size() * kPerBlock) grow();
        ++size_;
        back() = value;
    }
    T& operator[](std::size_t i) {
        assert(i < size_);
        return blocks_[i / kPerBlock][i % kPerBlock];
    }
    const T& operator[](std::size_t i) const {
        assert(i < size_);
        return blocks_[i / kPerBlock][i % kPerBlock];
    }
    T& back() { return (*this)[size_ - 1]; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    void clear() {
        for (T* block : blocks_) ::munmap(block, kPerBlock * sizeof(T));
        blocks_.clear();
        size_ = 0;
    }

 private:
    static constexpr std::size_t kPerBlock = 32'768;

    void grow() {
        void* block = ::mmap(nullptr, kPerBlock * sizeof(T), PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED) throw std::bad_alloc();
        blocks_.push_back(static_cast<T*>(block));
    }

    std::vector<T*> blocks_;  ///< owned mappings
    std::size_t size_ = 0;
};

using PictureIndex = BlockList<Picture>;

}  // namespace st::mux
