#pragma once
/// Fields and boxes of bytes that others wrote. Reading past the end gives zeros and is remembered.
/// Private to libs/mp4.
#include <cstdint>
#include <initializer_list>
#include <optional>

#include "base/bytes.h"

namespace st::mp4 {

constexpr std::uint32_t box_type(const char (&text)[5]) {
    return static_cast<std::uint32_t>(static_cast<std::uint8_t>(text[0])) << 24 |
           static_cast<std::uint32_t>(static_cast<std::uint8_t>(text[1])) << 16 |
           static_cast<std::uint32_t>(static_cast<std::uint8_t>(text[2])) << 8 |
           static_cast<std::uint32_t>(static_cast<std::uint8_t>(text[3]));
}

class BoxFields {
 public:
    explicit BoxFields(Bytes bytes) : left_(bytes) {}

    std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
    std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
    std::uint64_t u64() { return number(8); }
    /// 64 bits in version 1 boxes, else 32.
    std::uint64_t time(unsigned version) { return number(version == 1 ? 8 : 4); }
    Bytes bytes(std::size_t count) {
        if (count > left_.size()) {
            failed_ = true;
            left_ = {};
            return {};
        }
        const Bytes taken = left_.first(count);
        left_ = left_.subspan(count);
        return taken;
    }
    void skip(std::size_t count) { bytes(count); }
    std::size_t left() const { return left_.size(); }
    Bytes rest() const { return left_; }
    bool failed() const { return failed_; }

 private:
    std::uint64_t number(std::size_t count) {
        std::uint64_t value = 0;
        for (const std::uint8_t byte : bytes(count)) value = value << 8 | byte;
        return value;
    }

    Bytes left_;
    bool failed_ = false;
};

struct ReadBox {
    std::uint32_t type = 0;
    Bytes whole;
    Bytes body;  ///< behind size and type
};

/// The boxes one behind the other that fill some bytes.
class BoxList {
 public:
    explicit BoxList(Bytes bytes) : left_(bytes) {}

    /// nullopt: that was all, or what follows is none: failed().
    std::optional<ReadBox> next() {
        if (left_.empty()) return std::nullopt;
        std::size_t head = 8;
        std::uint64_t size = left_.size() < 8 ? 0 : load_be32(left_.data());
        if (size == 1 && left_.size() >= 16) {
            size = load_be64(left_.data() + 8);
            head = 16;
        }
        if (size < head || size > left_.size()) {
            failed_ = true;
            return std::nullopt;
        }
        ReadBox box;
        box.type = load_be32(left_.data() + 4);
        box.whole = left_.first(static_cast<std::size_t>(size));
        box.body = box.whole.subspan(head);
        left_ = left_.subspan(static_cast<std::size_t>(size));
        return box;
    }
    bool failed() const { return failed_; }

 private:
    Bytes left_;
    bool failed_ = false;
};

/// The first box of that type; no bytes: there is none.
inline Bytes find_box(Bytes bytes, std::uint32_t type) {
    BoxList boxes(bytes);
    while (const auto box = boxes.next()) {
        if (box->type == type) return box->body;
    }
    return {};
}

/// The first box at the end of this way down.
inline Bytes find_box(Bytes bytes, std::initializer_list<std::uint32_t> way) {
    for (const std::uint32_t type : way) bytes = find_box(bytes, type);
    return bytes;
}

}  // namespace st::mp4
