#pragma once
/// HTTP/1.x message bodies, in pieces, never buffered here. RFC 9112 sections 6 and 7. Pure; one
/// thread at a time.
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "http/head.h"

namespace st::http {

/// Largest piece of framing: a chunk-size line with its extensions, the trailer section.
constexpr std::size_t kChunkLineBytesMax = 256;
constexpr std::size_t kTrailerBytesMax = 4 * 1024;

class BodyReader {
 public:
    /// The body a request announces (none is a body of 0 bytes). Error.code 413 if it announces
    /// more than `body_bytes_max`.
    static Result<BodyReader> of_request(const RequestHead& head, std::uint64_t body_bytes_max);

    /// The body of a live publisher, who may not know its length: without one it ends with the
    /// connection, as encoders expect that send no chunks.
    static Result<BodyReader> of_publisher(const RequestHead& head);

    /// The body of the answer to a request of `method`; it may end with the connection.
    static Result<BodyReader> of_response(const ResponseHead& head, std::string_view method,
                                          std::uint64_t body_bytes_max);

    struct Piece {
        std::size_t consumed;  ///< bytes of the input that are dealt with, at least 1
        Bytes data;            ///< body bytes among them, possibly none; borrowed from the input
    };
    /// Takes one piece from the front of `bytes` (not empty); only while !is_complete(). An Error
    /// is final; its code is the HTTP status to answer before closing: 400 or 413.
    Result<Piece> next(Bytes bytes);

    /// Takes pieces until the body is complete or `bytes` used up, appends their data to `body` and
    /// says how much of `bytes` was used.
    Result<std::size_t> collect(Bytes bytes, std::string& body);

    bool is_complete() const { return state_ == State::done; }
    /// The end of the connection is the end of the body.
    bool ends_with_connection() const { return state_ == State::until_close; }

 private:
    enum class State : std::uint8_t {
        sized,
        until_close,
        chunk_size,
        chunk_data,
        chunk_end,
        trailer,
        done
    };
    explicit BodyReader(State state, std::uint64_t body_bytes_max)
        : state_(state), body_bytes_max_(body_bytes_max) {}

    static Result<BodyReader> make(bool chunked, std::optional<std::uint64_t> length,
                                   bool until_close, std::uint64_t body_bytes_max);
    Result<Piece> take_data(Bytes bytes);
    Result<Piece> take_line(Bytes bytes);
    Result<void> end_line();
    Result<void> read_chunk_size(std::string_view line);

    State state_;
    std::uint64_t body_bytes_max_;
    std::uint64_t left_ = 0;  ///< of the body (sized) or of this chunk
    std::uint64_t received_ = 0;
    std::size_t trailer_bytes_ = 0;
    std::string line_;
};

}  // namespace st::http
