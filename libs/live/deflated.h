#pragma once
/// The framing that viewers of the older Python streamer ask for with `?framing=zlib`: a byte 0x01,
/// the length of what follows (32 bits, big-endian), a zlib stream (RFC 1950). Pure; any thread.
#include "base/buffer.h"

namespace st::live {

/// Deflating costs about a hundred times what a copy does; it is done once for all viewers.
Buffer deflate_framed(Bytes bytes);

}  // namespace st::live
