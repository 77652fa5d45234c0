#include "rtmp/chunk_reader.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace st::rtmp {
namespace {

constexpr std::array<std::size_t, 4> kHeaderBytes = {11, 7, 3, 0};
constexpr std::size_t kExtendedBytes = 4;
/// Beyond it a chunk holds any message whole.
constexpr std::uint32_t kChunkBytesMax = 0xFF'FFFF;
/// No client has as many message streams.
constexpr std::uint32_t kStreamIdPlausible = 0xFFFF;

std::uint32_t load_le32(const std::uint8_t* at) { return __builtin_bswap32(load_be32(at)); }

bool is_media(MessageType type) {
    return type == MessageType::audio || type == MessageType::video || type == MessageType::data ||
           type == MessageType::amf3_data || type == MessageType::aggregate;
}

bool has_name(MessageType type) {
    const auto number = static_cast<unsigned>(type);
    return is_media(type) || (number >= 1 && number <= 6) || (number >= 16 && number <= 20);
}

}  // namespace

void ChunkReader::feed(Bytes bytes) {
    assert(input_.empty() && "next() was not called until it needed more");
    if (state_ != State::failed) input_ = bytes;
}

Error ChunkReader::fail(const std::string& message) {
    error_ = Error{"rtmp: " + odd_beginning_ + message};
    state_ = State::failed;
    input_ = {};
    pushed_back_size_ = 0;
    return error_;
}

Result<std::optional<Message>> ChunkReader::next() {
    for (;;) {
        Result<bool> ready = false;
        switch (state_) {
            case State::failed:
                return error_;
            case State::basic:
                ready = read_basic();
                break;
            case State::header:
                ready = read_header();
                break;
            case State::extended:
                ready = read_extended();
                break;
            case State::payload: {
                ready = read_payload();
                if (!ready) return ready.error();
                if (!*ready && state_ == State::payload) return std::optional<Message>();
                if (!*ready || !current_->is_named) continue;
                odd_beginning_.clear();
                Message message{current_->type, current_->timestamp_ms, current_->stream_id,
                                current_->body.take()};
                const Result<bool> obeyed = obey(message);
                if (!obeyed) return obeyed.error();
                if (*obeyed) continue;
                return std::optional<Message>(std::move(message));
            }
        }
        if (!ready) return ready.error();
        if (!*ready) return std::optional<Message>();
    }
}

bool ChunkReader::take_fixed(std::size_t want) {
    while (fixed_size_ < want && pushed_back_size_ > 0) {
        fixed_[fixed_size_++] = pushed_back_[0];
        std::copy(pushed_back_.begin() + 1, pushed_back_.end(), pushed_back_.begin());
        --pushed_back_size_;
    }
    if (fixed_size_ < want) {
        const std::size_t size = std::min(want - fixed_size_, input_.size());
        std::copy_n(input_.begin(), size, fixed_.begin() + fixed_size_);
        fixed_size_ += size;
        bytes_read_ += size;
        input_ = input_.subspan(size);
    }
    return fixed_size_ >= want;
}

Result<bool> ChunkReader::read_basic() {
    if (!take_fixed(1)) return false;
    fmt_ = fixed_[0] >> 6;
    std::uint32_t csid = fixed_[0] & 0x3F;
    if (csid < 2) {
        if (!take_fixed(csid + 2)) return false;
        const bool is_long = csid == 1;
        csid = 64U + fixed_[1] + (is_long ? 256U * fixed_[2] : 0U);
    }
    Result<ChunkStream*> stream = find(csid, fmt_);
    if (!stream) return stream.error();
    current_ = *stream;
    fixed_size_ = 0;
    state_ = State::header;
    return true;
}

Result<ChunkReader::ChunkStream*> ChunkReader::find(std::uint32_t csid, unsigned fmt) {
    for (const auto& stream : streams_) {
        if (stream->csid == csid) return stream.get();
    }
    if (fmt >= 2) {
        const bool is_second = !odd_beginning_.empty();
        odd_beginning_ = "chunk stream " + std::to_string(csid) + " begins with a header of form " +
                         std::to_string(fmt) + ", which refers to an earlier one: ";
        if (is_second) return fail("and so did the one before it");
    }
    if (streams_.size() >= limits_.chunk_streams_max) {
        return fail("more than " + std::to_string(limits_.chunk_streams_max) + " chunk streams");
    }
    streams_.push_back(std::make_unique<ChunkStream>());
    streams_.back()->csid = csid;
    return streams_.back().get();
}

/// Some encoders write the whole header again before each chunk of a message. Whether this one says
/// what the message's first one said, its time aside.
bool ChunkReader::repeats_header() const {
    const ChunkStream& stream = *current_;
    const std::uint8_t* const at = fixed_.data();
    if ((load_be24(at) == kExtendedTimestamp) != stream.is_extended) return false;
    if (fmt_ == 2) return true;
    if (load_be24(at + 3) != stream.length || static_cast<MessageType>(at[6]) != stream.type) {
        return false;
    }
    return fmt_ == 1 || load_le32(at + 7) == stream.stream_id;
}

Result<bool> ChunkReader::read_header() {
    if (!take_fixed(kHeaderBytes[fmt_])) return false;
    ChunkStream& stream = *current_;
    const std::uint8_t* at = fixed_.data();
    if (stream.is_open && fmt_ != 3) {
        if (!repeats_header()) {
            return fail("chunk stream " + std::to_string(stream.csid) + ": a header of form " +
                        std::to_string(fmt_) + " within a message, " +
                        std::to_string(stream.body.missing_bytes()) + " bytes before its end");
        }
    } else if (fmt_ <= 2) {
        stream.field = load_be24(at);
        stream.is_extended = stream.field == kExtendedTimestamp;
    }
    if (fmt_ <= 1 && !stream.is_open) {
        stream.length = load_be24(at + 3);
        stream.type = static_cast<MessageType>(at[6]);
        const std::size_t most = takes_media_ && is_media(stream.type) ? limits_.media_bytes_max
                                                                       : limits_.other_bytes_max;
        if (stream.length > most) {
            return fail("message of type " + std::to_string(at[6]) + " of " +
                        std::to_string(stream.length) + " bytes over the limit of " +
                        std::to_string(most));
        }
    }
    if (fmt_ == 0 && !stream.is_open) stream.stream_id = load_le32(at + 7);
    if (auto checked = check_after_odd(); !checked) return checked.error();
    stream.is_named = stream.is_named || fmt_ <= 1;
    fixed_size_ = 0;
    state_ = State::extended;
    return true;
}

/// Payload that nobody announced is read as headers: hardly ever as ones that can be.
Result<void> ChunkReader::check_after_odd() {
    if (odd_beginning_.empty() || fmt_ >= 2) return {};
    const std::string type = std::to_string(static_cast<unsigned>(current_->type));
    if (!has_name(current_->type)) return fail("followed by a message of type " + type);
    const bool is_ours = fmt_ == 1 || current_->stream_id <= kStreamIdPlausible;
    if (!is_ours) {
        return fail("followed by message stream " + std::to_string(current_->stream_id));
    }
    return {};
}

Result<bool> ChunkReader::read_extended() {
    ChunkStream& stream = *current_;
    if (stream.is_extended) {
        const bool is_continued = stream.is_open;
        // Byte by byte: the four bytes of one who leaves the field out may not all be there.
        while (fixed_size_ < kExtendedBytes) {
            if (!take_fixed(fixed_size_ + 1)) return false;
            if (is_continued && is_left_out()) break;
        }
        if (is_continued && is_left_out()) {
            std::copy_n(fixed_.begin(), fixed_size_, pushed_back_.begin());
            pushed_back_size_ = fixed_size_;
        } else if (!is_continued) {
            stream.field = load_be32(fixed_.data());
        }
        fixed_size_ = 0;
    }
    if (!stream.is_open) {
        stream.timestamp_ms = fmt_ == 0 ? stream.field : stream.timestamp_ms + stream.field;
        stream.is_open = true;
        stream.body.begin(static_cast<std::uint8_t>(stream.type), stream.length);
    }
    chunk_left_ = std::min(chunk_bytes_, stream.body.missing_bytes());
    state_ = State::payload;
    return true;
}

bool ChunkReader::is_left_out() const {
    const auto differs = [this](std::uint32_t value) {
        std::array<std::uint8_t, kExtendedBytes> expected{};
        store_be32(expected.data(), value);
        return !std::equal(expected.begin(), expected.begin() + fixed_size_, fixed_.begin());
    };
    return differs(current_->field) && differs(current_->timestamp_ms);
}

Result<bool> ChunkReader::read_payload() {
    if (pushed_back_size_ > 0 && chunk_left_ > 0) {
        const std::size_t size = std::min(chunk_left_, pushed_back_size_);
        if (auto appended = append(Bytes(pushed_back_).first(size)); !appended) {
            return appended.error();
        }
        std::copy(pushed_back_.begin() + size, pushed_back_.end(), pushed_back_.begin());
        pushed_back_size_ -= size;
    }
    const std::size_t size = std::min(chunk_left_, input_.size());
    if (auto appended = append(input_.first(size)); !appended) return appended.error();
    bytes_read_ += size;
    input_ = input_.subspan(size);
    if (chunk_left_ > 0) return false;
    state_ = State::basic;
    if (current_->body.missing_bytes() > 0) return false;
    current_->is_open = false;
    held_bytes_ -= current_->body.held_bytes();
    return true;
}

Result<void> ChunkReader::append(Bytes bytes) {
    flv::BodyAssembler& body = current_->body;
    held_bytes_ -= body.held_bytes();
    body.append(bytes);
    held_bytes_ += body.held_bytes();
    chunk_left_ -= bytes.size();
    const std::size_t most = takes_media_ ? limits_.held_bytes_max : limits_.other_bytes_max;
    if (held_bytes_ > most) {
        return fail("unfinished messages take " + std::to_string(held_bytes_) +
                    " bytes, over the limit of " + std::to_string(most));
    }
    return {};
}

std::size_t ChunkReader::missing_bytes() const {
    std::size_t least = 0;
    for (const auto& stream : streams_) {
        if (!stream->is_open) continue;
        const std::size_t missing = stream->body.missing_bytes();
        if (least == 0 || missing < least) least = missing;
    }
    return least;
}

Result<bool> ChunkReader::obey(const Message& message) {
    const Bytes content = message.body.payload.bytes();
    if (message.type == MessageType::set_chunk_size) {
        if (content.size() < 4) return fail("Set Chunk Size is cut short");
        const std::uint32_t size = load_be32(content.data());
        if (size == 0 || size > 0x7FFF'FFFF) {
            return fail("chunk size " + std::to_string(size) + ", expected 1 to 2147483647");
        }
        chunk_bytes_ = std::min(size, kChunkBytesMax);
        return true;
    }
    if (message.type == MessageType::abort) {
        if (content.size() < 4) return fail("Abort Message is cut short");
        const std::uint32_t csid = load_be32(content.data());
        for (const auto& stream : streams_) {
            if (stream->csid != csid || !stream->is_open) continue;
            stream->is_open = false;
            held_bytes_ -= stream->body.held_bytes();
            stream->body = flv::BodyAssembler();
        }
        return true;
    }
    return false;
}

}  // namespace st::rtmp
