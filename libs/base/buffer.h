#pragma once
/// Owned bytes that are not zeroed first: what a message is received into, then shared.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "base/bytes.h"

namespace st {

/// Growable owned bytes, move-only. Growing leaves the new bytes uninitialised.
class Buffer {
 public:
    Buffer() = default;
    explicit Buffer(std::size_t bytes) { resize(bytes); }
    explicit Buffer(Bytes from) { append(from); }
    Buffer(Buffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    Buffer& operator=(Buffer&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
        return *this;
    }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() { std::free(data_); }

    std::uint8_t* data() { return data_; }
    const std::uint8_t* data() const { return data_; }
    std::size_t size() const { return size_; }
    std::size_t capacity() const { return capacity_; }
    bool empty() const { return size_ == 0; }
    Bytes bytes() const { return {data_, size_}; }
    void clear() { size_ = 0; }

    void reserve(std::size_t capacity) {
        if (capacity <= capacity_) return;
        auto* grown = static_cast<std::uint8_t*>(std::realloc(data_, capacity));
        if (grown == nullptr) throw std::bad_alloc();
        data_ = grown;
        capacity_ = capacity;
    }
    void resize(std::size_t size) {
        if (size > capacity_) reserve(size);
        size_ = size;
    }
    void append(Bytes more) {
        if (more.empty()) return;
        if (size_ + more.size() > capacity_) {
            const std::size_t doubled = capacity_ * 2;
            reserve(doubled > size_ + more.size() ? doubled : size_ + more.size());
        }
        std::memcpy(data_ + size_, more.data(), more.size());
        size_ += more.size();
    }

 private:
    std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

/// Immutable bytes shared between threads; the last owner frees them.
using SharedBuffer = std::shared_ptr<const Buffer>;

inline SharedBuffer share(Buffer buffer) {
    return std::make_shared<const Buffer>(std::move(buffer));
}

}  // namespace st
