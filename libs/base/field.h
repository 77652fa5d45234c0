#pragma once
/// Header fields as HTTP and the WebSocket handshake share them, and the ASCII rules for reading
/// them. Never the C locale: a Turkish server must read "Upgrade" as everybody else does.
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace st {

/// One header field as received, the value without the white space around it.
struct Field {
    std::string name;
    std::string value;
};

inline char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// Equal but for the case of A-Z.
bool iequals(std::string_view a, std::string_view b);

/// Without spaces and tabs at either end.
std::string_view trim(std::string_view text);

/// tchar of RFC 9110 section 5.6.2: what names, methods and tokens are made of.
bool is_token_char(char c);
/// At least one tchar, and nothing else.
bool is_token(std::string_view text);

/// The first field of that name, whatever its case; nullptr if there is none. Points into `fields`.
const std::string* find_field(std::span<const Field> fields, std::string_view name);
std::size_t count_fields(std::span<const Field> fields, std::string_view name);

/// Of a comma-separated list, spread over however many fields of that name: "gzip, br;q=0.5" has
/// two. Trimmed, possibly empty; they point into `fields`.
std::vector<std::string_view> list_elements(std::span<const Field> fields, std::string_view name);
/// True if `token` is one of them, whatever its case: "Connection: keep-alive, Upgrade" has
/// "upgrade".
bool list_has(std::span<const Field> fields, std::string_view name, std::string_view token);

/// "Name: value" and the end of the line. Throws std::invalid_argument if the name is no token or
/// the value holds a control byte: text of a peer must never become a line of its own.
void append_field(std::string& head, std::string_view name, std::string_view value);

}  // namespace st
