#pragma once
/// The one strict reader of JSON, on Poco's parser. Pure; any thread.
///
/// Refused with a reason: what is not JSON (RFC 8259), more bytes or levels than the limits, a key
/// that is given twice, a NUL (raw or escaped), text that is not UTF-8, half a surrogate pair, a
/// number of more than kNumberBytesMax characters or beyond what a double can hold.
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/value.h"

namespace st::json {

struct Limits {
    std::size_t bytes_max = 64 * 1024;
    std::size_t depth_max = 16;  ///< objects and lists within each other
    bool has_comments = false;   ///< from // to the end of the line: configuration files
};

constexpr std::size_t kNumberBytesMax = 64;

struct ReadError {
    std::string message;   ///< what is wrong; cleaned text, also if it quotes the document
    std::string path;      ///< where, e.g. "recording.files[2].name"; "" if it is not one value
    std::size_t line = 1;  ///< the same as a line, counted from 1
    bool too_large = false;
};

Result<Value, ReadError> read(std::string_view text, const Limits& limits = {});

}  // namespace st::json
