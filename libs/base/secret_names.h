#pragma once
/// What the parts of base/secrets have in common: how names of secrets look, and places in a text.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace st::secrets {

constexpr std::string_view kScheme = "://";
constexpr std::string_view kBlanks = " \t\r\n";
constexpr auto kNone = std::string_view::npos;

/// Part of a text.
struct Span {
    std::size_t begin;
    std::size_t end;
};

std::string lower(std::string_view text);
bool is_name_character(char c);
/// `found`, or the end of `text` if that is kNone.
std::size_t end_or(std::size_t found, std::string_view text);

/// "password", "loginpas", "access_token", "X-Amz-Signature", "streamkey", ...
bool is_telling_name(std::string_view name);

/// The password in "user:password"; nullopt: it is none, or a URL.
std::optional<Span> user_password(std::string_view word);

}  // namespace st::secrets
