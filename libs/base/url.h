#pragma once
/// URLs in logs and answers.
#include <string>
#include <string_view>

namespace st {

/// "rtsp://user:password@host/x" -> "rtsp://user:***@host/x"; every URL in `text`.
std::string without_passwords(std::string_view text);

}  // namespace st
