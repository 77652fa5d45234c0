#pragma once
/// The secrets in headers and in command lines. A part of base/secrets, which is what others ask.
#include <string_view>
#include <vector>

#include "base/secret_names.h"

namespace st::secrets {

/// Adds the values of fields such as "Authorization: Bearer xyz" (RFC 9110, 11.6.2), as a command
/// is given them for a header. `is_one_word`: quotes in it are part of the value.
void find_header_secrets(std::string_view text, bool is_one_word, std::vector<Span>& found);

/// The words of a command line, or of a JSON list: what stands in quotes is one.
std::vector<Span> words_of(std::string_view text);

/// Adds the values of options, and of variables before a command, that are secrets by their names.
void find_option_secrets(std::string_view text, const std::vector<Span>& words,
                         std::vector<Span>& found);

}  // namespace st::secrets
