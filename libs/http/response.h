#pragma once
/// HTTP/1.1 heads and chunk framing to send. RFC 9112. Pure; any thread.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/field.h"

namespace st::http {

/// "Not Found" for 404; "Unknown" for what we never send.
std::string_view reason_phrase(int status);

/// Status line, fields, empty line. Throws std::invalid_argument if a name is no token or a value
/// holds a control byte: text of a peer must never become a line of its own.
std::string encode_head(int status, std::span<const Field> fields);

/// A request line with fields, for clients. Throws like encode_head().
std::string encode_request_head(std::string_view method, std::string_view target,
                                std::span<const Field> fields);

/// A whole small answer.
struct Response {
    int status = 200;
    std::string content_type;   ///< "" leaves it out
    std::vector<Field> fields;  ///< further ones; not Content-Length, Connection, Date
    std::string body;
};

/// Head (Content-Length, Connection, Date if given) and body; the body is left out for HEAD, 1xx,
/// 204 and 304. `date` as from http_date().
std::string encode_response(const Response& response, bool keep_alive, std::string_view date = {},
                            bool is_head_request = false);

/// "Sun, 06 Nov 1994 08:49:37 GMT" for seconds since 1970.
std::string http_date(std::int64_t unix_seconds);

/// Before the data of a chunk; after it goes kChunkEnd. `data_bytes` is not 0.
std::string encode_chunk_head(std::size_t data_bytes);
constexpr std::string_view kChunkEnd = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace st::http
