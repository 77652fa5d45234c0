#pragma once
/// HTTP/1.x heads: bytes -> RequestHead, ResponseHead. RFC 9112, stricter than it asks: CRLF alone
/// ends a line, no folded lines, no control bytes, one Host, one meaning of the body's length.
/// Pure; one thread at a time.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/field.h"
#include "base/result.h"

namespace st::http {

struct HeadLimits {
    std::size_t head_bytes_max = 16 * 1024;
    std::size_t target_bytes_max = 8 * 1024;
    std::size_t fields_max = 100;
};
constexpr std::size_t kMethodBytesMax = 32;

struct RequestHead {
    std::string method;     ///< a token, case matters
    std::string target;     ///< origin-form, "*" for OPTIONS; parse_target() cuts it up
    std::string host;       ///< Host, or the authority of an absolute-form target; "" in HTTP/1.0
    int version_minor = 1;  ///< HTTP/1.0 or HTTP/1.1
    std::vector<Field> fields;

    bool keep_alive = true;                       ///< the client wants to send another request
    bool chunked = false;                         ///< the body is chunked
    std::optional<std::uint64_t> content_length;  ///< never together with chunked
    bool expects_continue = false;                ///< it waits for "100 Continue"

    const std::string* find(std::string_view name) const { return find_field(fields, name); }
};

struct ResponseHead {
    int status = 0;  ///< 100 to 999
    std::string reason;
    int version_minor = 1;
    std::vector<Field> fields;

    bool keep_alive = true;
    bool chunked = false;
    std::optional<std::uint64_t> content_length;

    const std::string* find(std::string_view name) const { return find_field(fields, name); }
};

/// "Name: value" -> Field. Error.code 400: folded, no colon, a name that is no token, white space
/// before the colon. Control bytes are the caller's business.
Result<Field> parse_field(std::string_view line);

/// Cuts a stream into the lines of a head and checks each as it is complete. Not for use alone.
class HeadLines {
 public:
    explicit HeadLines(HeadLimits limits) : limits_(limits) {}

    /// The next whole line without its CRLF, taken from the front of `bytes` (which shrinks);
    /// nullopt = more bytes are needed. Valid until the next call. Error.code 400 or 431.
    Result<std::optional<std::string_view>> next(Bytes& bytes);

    /// Adds a field line. Error.code 400 or 431.
    Result<void> add_field(std::string_view line, std::vector<Field>& fields) const;

    /// Of the head so far, and of its unfinished line.
    std::size_t bytes() const { return bytes_; }
    std::size_t line_bytes() const { return line_.size(); }

 private:
    HeadLimits limits_;
    std::size_t bytes_ = 0;
    bool whole_ = false;  ///< line_ was returned
    std::string line_;
};

/// Reads one request head after another.
class RequestReader {
 public:
    explicit RequestReader(HeadLimits limits = {}) : limits_(limits), lines_(limits) {}

    /// Takes bytes from the front and says how many: all of them unless the head became complete.
    /// An Error is final; its code is the HTTP status to answer before closing: 400, 414, 431,
    /// 501 (transfer coding) or 505.
    Result<std::size_t> feed(Bytes bytes);
    bool is_complete() const { return complete_; }
    /// Nothing of a request came yet: closing now cuts nothing off.
    bool is_idle() const { return !complete_ && lines_.bytes() == 0; }

    /// The complete head; the reader starts over.
    RequestHead take();

 private:
    Result<void> take_line(std::string_view line);
    Result<void> read_request_line(std::string_view line);
    Result<void> read_target(std::string_view target);
    Result<void> check_fields();

    const HeadLimits limits_;
    HeadLines lines_;
    bool started_ = false;  ///< the request line is read
    bool complete_ = false;
    RequestHead head_;
};

/// Client side: reads one response head after another (a 100 Continue comes before the real one).
class ResponseReader {
 public:
    explicit ResponseReader(HeadLimits limits = {}) : limits_(limits), lines_(limits) {}

    /// As RequestReader::feed(). Error.code is always 0: there is nobody to answer.
    Result<std::size_t> feed(Bytes bytes);
    bool is_complete() const { return complete_; }
    ResponseHead take();

 private:
    Result<void> take_line(std::string_view line);
    Result<void> read_status_line(std::string_view line);

    const HeadLimits limits_;
    HeadLines lines_;
    bool started_ = false;
    bool complete_ = false;
    ResponseHead head_;
};

}  // namespace st::http
