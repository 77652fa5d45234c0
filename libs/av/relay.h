#pragma once
/// Any input libav opens -> a live FLV stream, for an on-demand source. Parses and decodes what we
/// do not trust: only in a child process (av/input_process.h).
#include <string>

#include "av/error.h"

namespace st::av {

/// What a source names. "lavfi:testsrc2=size=640x360", "v4l2:/dev/video0", "x11grab::0",
/// "alsa:hw:0": a device of libav's and what it is told; anything else is a URL or a path.
struct SourceUrl {
    std::string device;  ///< libav's name of the input format; empty: found out from the bytes
    std::string url;
};
SourceUrl parse_source_url(const std::string& text);

/// Copies the best video and audio track of `source` as FLV to `output_fd` until the input ends:
/// H.264 and AAC as they are, other codecs decoded and encoded as those. Not faster than it plays
/// (av/pace.h). Throws Error.
void relay(const SourceUrl& source, int output_fd);

}  // namespace st::av
