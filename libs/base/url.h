#pragma once
/// URLs in logs and answers.
#include <string>
#include <string_view>

namespace st {

/// Passwords and tokens of every URL in `text` as "***": "rtsp://user:***@host/x?token=***"; and
/// what follows "Authorization:".
std::string without_passwords(std::string_view text);

}  // namespace st
