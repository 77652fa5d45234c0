#pragma once
/// The operations on what is stored: recordings and takes, spans of streams by time
/// (docs/archive.md), and the segments of live streams (docs/segments.md). On the disk's threads.
#include <string>

#include "api/parts.h"
#include "control/error.h"
#include "control/operations.h"

namespace st::record {
struct RecordingEntry;
}  // namespace st::record

namespace st::api {

class StoredOperations {
 public:
    explicit StoredOperations(Parts& parts) : parts_(parts) {}

    using Answer = control::Decoded<std::string>;

    Answer list_recordings(const control::Call& call) const;
    Answer get_recording(const control::Call& call) const;
    Answer delete_recording(const control::Call& call) const;
    Answer keep_recording(const control::Call& call) const;
    Answer list_takes(const control::Call& call) const;
    Answer get_take(const control::Call& call) const;
    Answer judge_take(const control::Call& call) const;
    Answer delete_take(const control::Call& call) const;
    Answer list_spans(const control::Call& call) const;
    Answer list_segments(const control::Call& call) const;
    Answer delete_segment(const control::Call& call) const;

 private:
    std::string described(const record::RecordingEntry& entry) const;
    void tell_deleted(const std::string& id, const std::string& camera,
                      const std::string& by) const;

    Parts& parts_;
};

}  // namespace st::api
