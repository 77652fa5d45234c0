#pragma once
/// What HTTP says around a live stream: heads and preflights. docs/live.md.
#include <string>

#include "base/buffer.h"
#include "http/head.h"
#include "http/response.h"

namespace st::live {

/// The head before an FLV stream. Not chunked, it ends with the connection.
std::string flv_head(bool chunked);
/// One whole chunk of RFC 9112 section 7.1, made once for all viewers; empty for no bytes.
Buffer flv_chunk(Bytes data);
/// The answer to OPTIONS of a stream: any page may play it.
http::Response flv_preflight(const http::RequestHead& request);

}  // namespace st::live
