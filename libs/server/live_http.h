#pragma once
/// What HTTP says around a live stream: heads and preflights. docs/live.md.
#include <string>

#include "base/buffer.h"
#include "http/head.h"
#include "loop/stream.h"

namespace st::server {

/// What the kernel may hold for a viewer: beyond it he is slow where we can see it. What is not on
/// its way is better kept here, where all viewers share it: to fill the buffers of many that
/// stopped reading makes every other wait.
constexpr loop::KernelQueue kViewerKernelQueue{256 * 1024, 16 * 1024};

/// The head before an FLV stream. Not chunked, it ends with the connection.
std::string flv_head(bool chunked);
/// One whole chunk of RFC 9112 section 7.1, made once for all viewers; empty for no bytes.
Buffer flv_chunk(Bytes data);
/// The whole answer to OPTIONS of a stream: any page may play it.
std::string flv_preflight(const http::RequestHead& request);

}  // namespace st::server
