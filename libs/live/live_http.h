#pragma once
/// What HTTP says around a live stream: heads and preflights. docs/live.md.
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/field.h"
#include "http/head.h"
#include "http/response.h"

namespace st::live {

/// What lets pages of `origin` (auth::allowed_origin) read an answer; nothing for "".
std::vector<Field> cross_origin_fields(const std::string& origin);
/// The head before an FLV stream. Not chunked, it ends with the connection. `why_waiting`: why no
/// picture comes yet; empty: one does.
std::string flv_head(bool chunked, const std::string& origin, const std::string& why_waiting);
/// The answer to an upgrade with the same said in it.
std::string with_waiting(std::string upgrade_answer, const std::string& why_waiting);
/// One whole chunk of RFC 9112 section 7.1, made once for all viewers; empty for no bytes.
Buffer flv_chunk(Bytes data);
/// The answer to OPTIONS of a stream.
http::Response flv_preflight(const http::RequestHead& request, const std::string& origin);

}  // namespace st::live
