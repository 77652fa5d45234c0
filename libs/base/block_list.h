#pragma once
#include <sys/mman.h>

#include <cassert>
#include <cstddef>
#include <new>
#include <vector>

namespace st {

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

}  // namespace st
