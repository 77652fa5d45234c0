#include "ws/codec.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace st::ws {
namespace {

constexpr std::uint8_t kFin = 0x80;
constexpr std::uint8_t kRsv = 0x70;
constexpr std::uint8_t kMasked = 0x80;

bool is_known(std::uint8_t opcode) { return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xA); }

/// Bytes of the length field that follow the first two.
std::size_t extended_bytes(std::uint8_t length7) {
    if (length7 == 126) return 2;
    return length7 == 127 ? 8 : 0;
}

}  // namespace

bool is_sendable_close_code(std::uint16_t code) {
    if (code >= 3000 && code <= 4999) return true;
    return code >= 1000 && code <= 1014 && code != 1004 && code != kCloseNoCode &&
           code != kCloseAbnormal;
}

void Decoder::feed(Bytes bytes) {
    assert(input_.empty() && "next() was not called until it needed more");
    if (state_ != State::closed && state_ != State::failed) input_ = bytes;
}

void Decoder::drop() {
    state_ = State::closed;
    input_ = {};
    binary_ = Buffer();
    text_ = std::string();
}

Error Decoder::fail(std::uint16_t code, std::string message) {
    state_ = State::failed;
    input_ = {};
    error_ = Error{"websocket: " + std::move(message), code};
    return error_;
}

Result<std::optional<Event>> Decoder::next() {
    for (;;) {
        switch (state_) {
            case State::closed:
                return std::optional<Event>();
            case State::failed:
                return error_;
            case State::header: {
                Result<bool> ready = read_header();
                if (!ready) return ready.error();
                if (!*ready) return std::optional<Event>();
                begin_payload();
                break;
            }
            case State::payload: {
                Result<bool> ready = read_payload();
                if (!ready) return ready.error();
                if (!*ready) return std::optional<Event>();
                Result<std::optional<Event>> event = finish_frame();
                if (!event || *event) return event;
                break;
            }
        }
    }
}

bool Decoder::take_header(std::size_t want) {
    if (header_size_ < want) {
        const std::size_t size = std::min(want - header_size_, input_.size());
        std::copy_n(input_.begin(), size, header_.begin() + header_size_);
        header_size_ += size;
        input_ = input_.subspan(size);
    }
    return header_size_ >= want;
}

Result<bool> Decoder::read_header() {
    if (!take_header(2)) return false;
    if (!started_) {
        if (auto checked = check_start(); !checked) return checked.error();
        started_ = true;
    }
    const std::size_t length_end = 2 + extended_bytes(header_[1] & 0x7F);
    if (!take_header(length_end)) return false;
    if (auto checked = check_length(); !checked) return checked.error();
    const std::size_t key_bytes = role_ == Role::server ? sizeof(MaskKey) : 0;
    if (!take_header(length_end + key_bytes)) return false;
    std::copy_n(header_.begin() + length_end, key_bytes, key_.begin());
    return true;
}

Result<void> Decoder::check_start() {
    const std::uint8_t opcode = header_[0] & 0x0F;
    const std::uint8_t length7 = header_[1] & 0x7F;
    const bool masked = (header_[1] & kMasked) != 0;
    if ((header_[0] & kRsv) != 0) {
        return fail(kCloseProtocolError, "reserved bits are set, and no extension was agreed on");
    }
    if (!is_known(opcode)) {
        return fail(kCloseProtocolError, "reserved opcode " + std::to_string(opcode));
    }
    if (masked != (role_ == Role::server)) {
        return fail(kCloseProtocolError, masked ? "a frame from the server is masked"
                                                : "a frame from the client is not masked");
    }
    final_ = (header_[0] & kFin) != 0;
    opcode_ = static_cast<Opcode>(opcode);
    if (is_control()) {
        if (!final_) return fail(kCloseProtocolError, "a control frame is fragmented");
        if (length7 > kControlPayloadMax) {
            return fail(kCloseProtocolError, "a control frame is longer than 125 bytes");
        }
        if (opcode_ == Opcode::close && length7 == 1) {
            return fail(kCloseProtocolError, "a close frame of 1 byte has room for half a code");
        }
    } else if (opcode_ == Opcode::continuation && !message_) {
        return fail(kCloseProtocolError, "a continuation frame without a message to continue");
    } else if (opcode_ != Opcode::continuation && message_) {
        return fail(kCloseProtocolError, "a new message inside a fragmented one");
    }
    return {};
}

Result<void> Decoder::check_length() {
    const std::uint8_t length7 = header_[1] & 0x7F;
    length_ = length7;
    if (length7 == 126) {
        length_ = load_be16(header_.data() + 2);
        if (length_ < 126) {
            return fail(kCloseProtocolError,
                        "length " + std::to_string(length_) + " is not in its shortest form");
        }
    } else if (length7 == 127) {
        length_ = load_be64(header_.data() + 2);
        if ((length_ >> 63) != 0) return fail(kCloseProtocolError, "length over 2^63");
        if (length_ <= 0xFFFF) {
            return fail(kCloseProtocolError,
                        "length " + std::to_string(length_) + " is not in its shortest form");
        }
    }
    if (is_control()) return {};
    const Opcode kind = message_.value_or(opcode_);
    const std::size_t before = message_ ? binary_.size() + text_.size() : 0;
    const std::size_t most =
        kind == Opcode::text ? limits_.text_bytes_max : limits_.binary_bytes_max;
    if (length_ > most - before) {
        return fail(kCloseTooBig, "message of " + std::to_string(before + length_) +
                                      " bytes over the limit of " + std::to_string(most));
    }
    return {};
}

void Decoder::begin_payload() {
    received_ = 0;
    state_ = State::payload;
    if (is_control() || opcode_ == Opcode::continuation) return;
    message_ = opcode_;
    utf8_ = Utf8Checker();
}

Result<bool> Decoder::read_payload() {
    const std::size_t size = std::min<std::uint64_t>(input_.size(), length_ - received_);
    const Bytes masked = input_.first(size);
    input_ = input_.subspan(size);
    if (size == 0) return received_ == length_;
    if (is_control()) {
        copy_masked(control_.data() + received_, masked, key_, received_);
    } else if (is_binary()) {
        make_room(size);
        const std::size_t old = binary_.size();
        binary_.resize(old + size);
        copy_masked(binary_.data() + old, masked, key_, received_);
    } else {
        const std::size_t old = text_.size();
        text_.resize(old + size);
        copy_masked(reinterpret_cast<std::uint8_t*>(text_.data()) + old, masked, key_, received_);
        if (!utf8_.feed(as_bytes(text_).subspan(old))) {
            return fail(kCloseBadText, "text is not valid UTF-8");
        }
    }
    received_ += size;
    return received_ == length_;
}

void Decoder::make_room(std::size_t more) {
    const std::size_t need = binary_.size() + more;
    if (need <= binary_.capacity()) return;
    const std::size_t doubled = std::max(kFirstBytes, 2 * binary_.capacity());
    // The last frame of a message says how much is to come; after any other one more will follow.
    const std::size_t most =
        final_ ? binary_.size() + (length_ - received_) : limits_.binary_bytes_max;
    binary_.reserve(std::max(need, std::min(doubled, most)));
}

Result<std::optional<Event>> Decoder::finish_frame() {
    state_ = State::header;
    header_size_ = 0;
    started_ = false;
    const auto control = [this] {
        return std::string(as_text(Bytes(control_).first(static_cast<std::size_t>(length_))));
    };
    switch (opcode_) {
        case Opcode::ping:
            return std::optional<Event>(Ping{control()});
        case Opcode::pong:
            return std::optional<Event>(Pong{control()});
        case Opcode::close:
            return finish_close();
        case Opcode::continuation:
        case Opcode::text:
        case Opcode::binary:
            break;
    }
    if (!final_) return std::optional<Event>();
    if (is_binary()) {
        message_.reset();
        return std::optional<Event>(Binary{std::move(binary_)});
    }
    if (!utf8_.complete()) return fail(kCloseBadText, "text ends within a UTF-8 character");
    message_.reset();
    return std::optional<Event>(Text{std::exchange(text_, {})});
}

Result<std::optional<Event>> Decoder::finish_close() {
    Close close;
    const Bytes payload = Bytes(control_).first(static_cast<std::size_t>(length_));
    if (payload.size() >= 2) {
        close.code = load_be16(payload.data());
        if (!is_sendable_close_code(close.code)) {
            return fail(kCloseProtocolError, "close code " + std::to_string(close.code) +
                                                 " may not stand in a close frame");
        }
        if (!is_utf8(payload.subspan(2))) {
            return fail(kCloseBadText, "the close reason is not valid UTF-8");
        }
        close.reason = as_text(payload.subspan(2));
    }
    state_ = State::closed;
    input_ = {};
    return std::optional<Event>(std::move(close));
}

}  // namespace st::ws
