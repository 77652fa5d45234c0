#pragma once
/// What is stored of a stream or camera, by time. GET /api/v1/streams/APP/NAME/archive. Pure.
/// Spec: docs/archive.md.
#include <string>
#include <string_view>

#include "control/error.h"

namespace st::control {

/// {"start","end","open","ready"}; times RFC 3339 with microseconds.
struct ArchiveSpan {
    std::string start;
    std::string end;
    bool is_open = false;  ///< it is being recorded, and ends later
    bool is_ready = true;  ///< false: no MP4 can be made of it
    bool operator==(const ArchiveSpan&) const = default;
};

std::string encode(const ArchiveSpan& span);
Decoded<ArchiveSpan> decode_archive_span(std::string_view body);

}  // namespace st::control
