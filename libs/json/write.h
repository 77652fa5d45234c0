#pragma once
/// Writes JSON that json::read, and any other strict reader, takes back. Pure; any thread.
#include <string>
#include <string_view>

#include "json/value.h"

namespace st::json {

/// One line without blanks. Text that is not UTF-8 is replaced as base/text does it, a NUL too.
/// Control characters and those that turn the direction of text are escaped.
std::string write(const Value& value);
std::string write(const Object& object);
std::string write(std::string_view text);

/// On many lines, two blanks a level, for people to read; without a newline at the end.
std::string write_indented(const Value& value);

/// Every text and every key passed through clean_text() with `text_bytes_max`. Of keys that become
/// equal the first one is kept.
Value cleaned(const Value& value, std::size_t text_bytes_max);

}  // namespace st::json
