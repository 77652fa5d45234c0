#include <algorithm>
#include <cassert>
#include <cstdio>
#include <string>
#include <utility>

#include "flv/tag.h"

namespace st::flv {
namespace {

constexpr std::size_t kHeaderBytes = 9;
constexpr std::uint8_t kReservedBits = 0xC0;
constexpr std::uint8_t kEncrypted = 0x20;

std::string hex(std::uint8_t byte) {
    char text[3];
    std::snprintf(text, sizeof text, "%02X", byte);
    return text;
}

bool is_carried(TagType type) {
    return type == TagType::audio || type == TagType::video || type == TagType::script;
}

}  // namespace

TagHead read_tag_head(Bytes tag) {
    assert(tag.size() >= kTagHeaderBytes);
    return {static_cast<TagType>(tag[0] & 0x1F), load_be24(&tag[1]),
            load_be24(&tag[4]) | std::uint32_t{tag[7]} << 24};
}

bool is_key_picture(TagType type, std::uint8_t first_of_body) {
    constexpr int kKeyFrame = 1;
    return type == TagType::video && (first_of_body >> 4 & 7) == kKeyFrame;
}

void TagReader::feed(Bytes bytes) {
    assert(input_.empty() && "next() was not called until it needed more");
    if (state_ != State::failed) input_ = bytes;
}

Error TagReader::fail(const std::string& message) {
    error_ = Error{"flv: byte " + std::to_string(position_ - fixed_size_) + ": " + message};
    state_ = State::failed;
    input_ = {};
    return error_;
}

Result<std::optional<Tag>> TagReader::next() {
    for (;;) {
        switch (state_) {
            case State::failed:
                return error_;
            case State::header: {
                const Result<bool> ready = read_header();
                if (!ready) return ready.error();
                if (!*ready) return std::optional<Tag>();
                break;
            }
            case State::offset:
                if (!take_skipped()) return std::optional<Tag>();
                state_ = State::previous_size;
                break;
            case State::previous_size:
                if (!read_previous_size()) return std::optional<Tag>();
                break;
            case State::tag: {
                const Result<bool> ready = read_tag_header();
                if (!ready) return ready.error();
                if (!*ready) return std::optional<Tag>();
                break;
            }
            case State::skip:
                if (!take_skipped()) return std::optional<Tag>();
                ++skipped_tags_;
                state_ = State::previous_size;
                break;
            case State::body:
                if (!read_body()) return std::optional<Tag>();
                return std::optional<Tag>(finish_tag());
        }
    }
}

bool TagReader::take_fixed(std::size_t want) {
    if (fixed_size_ < want) {
        const std::size_t size = std::min(want - fixed_size_, input_.size());
        std::copy_n(input_.begin(), size, fixed_.begin() + fixed_size_);
        fixed_size_ += size;
        position_ += size;
        input_ = input_.subspan(size);
    }
    return fixed_size_ >= want;
}

bool TagReader::take_skipped() {
    const std::size_t size = std::min(skip_bytes_, input_.size());
    skip_bytes_ -= size;
    position_ += size;
    input_ = input_.subspan(size);
    return skip_bytes_ == 0;
}

Result<bool> TagReader::read_header() {
    // Whatever is no FLV is refused at its first byte that shows it.
    constexpr std::array<std::uint8_t, 3> kSignature = {'F', 'L', 'V'};
    for (std::size_t i = 0; i < kSignature.size(); ++i) {
        if (!take_fixed(i + 1)) return false;
        if (fixed_[i] != kSignature[i]) {
            return fail("expected an FLV header, \"FLV\", but byte " + std::to_string(i) +
                        " of it is " + hex(fixed_[i]));
        }
    }
    if (!take_fixed(kHeaderBytes)) return false;
    const std::size_t offset = load_be32(fixed_.data() + 5);
    if (offset < kHeaderBytes || offset > limits_.data_offset_max) {
        return fail("DataOffset " + std::to_string(offset) + " in the FLV header, expected " +
                    std::to_string(kHeaderBytes) + " to " +
                    std::to_string(limits_.data_offset_max));
    }
    ++headers_;
    skip_bytes_ = offset - kHeaderBytes;
    expected_previous_ = 0;
    fixed_size_ = 0;
    state_ = State::offset;
    return true;
}

bool TagReader::read_previous_size() {
    if (!take_fixed(kPreviousTagSizeBytes)) return false;
    if (load_be32(fixed_.data()) != expected_previous_) ++wrong_previous_sizes_;
    fixed_size_ = 0;
    state_ = State::tag;
    return true;
}

Result<bool> TagReader::read_tag_header() {
    if (!take_fixed(1)) return false;
    if (fixed_[0] == 'F') {
        state_ = State::header;
        return true;
    }
    if ((fixed_[0] & kReservedBits) != 0) {
        return fail("expected a tag, but its first byte is " + hex(fixed_[0]));
    }
    if (!take_fixed(kTagHeaderBytes)) return false;
    const TagHead head = read_tag_head(fixed_);
    const std::size_t size = head.body_bytes;
    if (size > limits_.body_bytes_max) {
        return fail("tag of " + std::to_string(size) + " bytes over the limit of " +
                    std::to_string(limits_.body_bytes_max));
    }
    expected_previous_ = static_cast<std::uint32_t>(kTagHeaderBytes + size);
    timestamp_ms_ = head.timestamp_ms;
    fixed_size_ = 0;
    if (!is_carried(head.type) || (fixed_[0] & kEncrypted) != 0) {
        skip_bytes_ = size;
        state_ = State::skip;
        return true;
    }
    type_ = head.type;
    assembler_.begin(static_cast<std::uint8_t>(head.type), size);
    state_ = State::body;
    return true;
}

bool TagReader::read_body() {
    const std::size_t size = std::min(assembler_.missing_bytes(), input_.size());
    assembler_.append(input_.first(size));
    position_ += size;
    input_ = input_.subspan(size);
    return assembler_.missing_bytes() == 0;
}

Tag TagReader::finish_tag() {
    ++tags_;
    state_ = State::previous_size;
    return Tag{type_, timestamp_ms_, assembler_.take()};
}

bool TagReader::is_between_tags() const {
    if (state_ == State::previous_size) return true;
    return state_ == State::tag && fixed_size_ == 0;
}

}  // namespace st::flv
