#pragma once
/// The operations on what is stored of streams: spans by time (docs/archive.md), and the segments
/// of live streams (docs/segments.md). On the disk's threads.
#include <string>

#include "api/parts.h"
#include "control/error.h"
#include "control/operations.h"

namespace st::api {

class StoredOperations {
 public:
    explicit StoredOperations(Parts& parts) : parts_(parts) {}

    control::Decoded<std::string> list_spans(const control::Call& call) const;
    control::Decoded<std::string> list_segments(const control::Call& call) const;
    control::Decoded<std::string> delete_segment(const control::Call& call) const;

 private:
    Parts& parts_;
};

}  // namespace st::api
