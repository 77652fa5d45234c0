#pragma once
/// A refusal in the words the peer understands: an HTTP answer, or, once an upgrade was answered, a
/// close frame.
#include <cstdint>
#include <string>

#include "base/buffer.h"

namespace st::httpd {

/// The close code that stands for an HTTP status: 1013 for 429 and 503, else 1008.
std::uint16_t close_code_for(int status);
/// The close frame that stands for an HTTP status.
Buffer encode_close_for(int status, const std::string& message);
/// Of a WebSocket door: that close frame if `is_upgraded`, else the answer with {"error":...}.
Buffer encode_refusal(int status, const std::string& message, bool is_upgraded);

}  // namespace st::httpd
