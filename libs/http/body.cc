#include "http/body.h"

#include <algorithm>
#include <cassert>

#include "base/encodings.h"

namespace st::http {
namespace {

constexpr std::size_t kChunkDigitsMax = 15;  // a chunk under 2^60 bytes: sums cannot overflow

Error over_limit(std::uint64_t bytes, std::uint64_t most) {
    return Error{
        "body: " + std::to_string(bytes) + " bytes, over the limit of " + std::to_string(most),
        413};
}

}  // namespace

Result<BodyReader> BodyReader::make(bool chunked, std::optional<std::uint64_t> length,
                                    bool until_close, std::uint64_t body_bytes_max) {
    if (chunked) return BodyReader(State::chunk_size, body_bytes_max);
    if (!length && until_close) return BodyReader(State::until_close, body_bytes_max);
    const std::uint64_t bytes = length.value_or(0);
    if (bytes > body_bytes_max) return over_limit(bytes, body_bytes_max);
    BodyReader reader(bytes == 0 ? State::done : State::sized, body_bytes_max);
    reader.left_ = bytes;
    return reader;
}

Result<BodyReader> BodyReader::of_request(const RequestHead& head, std::uint64_t body_bytes_max) {
    return make(head.chunked, head.content_length, false, body_bytes_max);
}

Result<BodyReader> BodyReader::of_publisher(const RequestHead& head) {
    return make(head.chunked, head.content_length, true, UINT64_MAX);
}

Result<BodyReader> BodyReader::of_response(const ResponseHead& head, std::string_view method,
                                           std::uint64_t body_bytes_max) {
    const bool bodiless =
        method == "HEAD" || head.status < 200 || head.status == 204 || head.status == 304;
    if (bodiless) return BodyReader(State::done, body_bytes_max);
    return make(head.chunked, head.content_length, true, body_bytes_max);
}

Result<BodyReader::Piece> BodyReader::next(Bytes bytes) {
    assert(!bytes.empty() && !is_complete());
    switch (state_) {
        case State::sized:
        case State::until_close:
        case State::chunk_data:
            return take_data(bytes);
        case State::chunk_size:
        case State::chunk_end:
        case State::trailer:
        case State::done:
            break;
    }
    return take_line(bytes);
}

Result<std::size_t> BodyReader::collect(Bytes bytes, std::string& body) {
    const std::size_t all = bytes.size();
    while (!is_complete() && !bytes.empty()) {
        auto piece = next(bytes);
        if (!piece) return piece.error();
        body += as_text(piece->data);
        bytes = bytes.subspan(piece->consumed);
    }
    return all - bytes.size();
}

Result<BodyReader::Piece> BodyReader::take_data(Bytes bytes) {
    if (state_ == State::until_close) {
        received_ += bytes.size();
        if (received_ > body_bytes_max_) return over_limit(received_, body_bytes_max_);
        return Piece{bytes.size(), bytes};
    }
    const std::size_t size = std::min<std::uint64_t>(left_, bytes.size());
    left_ -= size;
    received_ += size;
    if (left_ == 0) state_ = state_ == State::sized ? State::done : State::chunk_end;
    return Piece{size, bytes.first(size)};
}

Result<BodyReader::Piece> BodyReader::take_line(Bytes bytes) {
    const auto newline = std::find(bytes.begin(), bytes.end(), std::uint8_t{'\n'});
    const bool whole = newline != bytes.end();
    const std::size_t size = static_cast<std::size_t>(newline - bytes.begin()) + (whole ? 1 : 0);
    line_ += as_text(bytes.first(size));
    if (state_ == State::trailer) trailer_bytes_ += size;
    const bool too_long = state_ == State::trailer ? trailer_bytes_ > kTrailerBytesMax
                                                   : line_.size() > kChunkLineBytesMax;
    if (too_long) return Error{"body: chunk framing is too long", 400};
    if (state_ == State::chunk_end && line_ != "\r" && line_ != "\r\n") {
        return Error{"body: no CR LF where a chunk should end", 400};
    }
    if (!whole) return Piece{size, {}};
    const bool clean =
        line_.ends_with("\r\n") && std::none_of(line_.begin(), line_.end() - 2, [](char c) {
            return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
        });
    if (!clean) return Error{"body: a framing line with control bytes or without CR LF", 400};
    line_.resize(line_.size() - 2);
    if (auto ended = end_line(); !ended) return ended.error();
    line_.clear();
    return Piece{size, {}};
}

Result<void> BodyReader::end_line() {
    if (state_ == State::chunk_size) return read_chunk_size(line_);
    if (state_ == State::chunk_end) {
        state_ = State::chunk_size;
        return {};
    }
    if (line_.empty()) {
        state_ = State::done;
        return {};
    }
    // Trailers are checked and dropped: nothing we do depends on one.
    if (auto field = parse_field(line_); !field) return field.error();
    return {};
}

Result<void> BodyReader::read_chunk_size(std::string_view line) {
    const std::string_view digits = line.substr(0, line.find_first_of("; \t"));
    std::uint64_t size = 0;
    for (const char c : digits) {
        const int value = hex_value(c);
        if (value < 0) return Error{"body: chunk size is not hexadecimal", 400};
        size = size << 4 | static_cast<std::uint64_t>(value);
    }
    if (digits.empty() || digits.size() > kChunkDigitsMax) {
        return Error{"body: chunk size of " + std::to_string(digits.size()) + " digits", 400};
    }
    const std::string_view extension = trim(line.substr(digits.size()));
    if (!extension.empty() && !extension.starts_with(';')) {
        return Error{"body: something other than an extension after the chunk size", 400};
    }
    if (extension.empty() && line.size() > digits.size()) {
        return Error{"body: white space after the chunk size", 400};
    }
    if (size > body_bytes_max_ - received_) return over_limit(received_ + size, body_bytes_max_);
    left_ = size;
    state_ = size == 0 ? State::trailer : State::chunk_data;
    return {};
}

}  // namespace st::http
