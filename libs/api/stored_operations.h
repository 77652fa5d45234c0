#pragma once
/// The operations on what is stored: recordings and takes, spans of streams by time
/// (docs/archive.md), and the segments of live streams (docs/segments.md). On the disk's threads.
#include <array>
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
    /// An operation of this class, and how long it keeps the disk.
    struct Row {
        control::Operation operation;
        loop::Effort effort;
        Answer (StoredOperations::*carry_out)(const control::Call&) const;
    };

    /// A disk that fails is an answer as well.
    Answer answer(const Row& row, const control::Call& call) const;

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

/// The operations that are carried out on the disk's threads; all others are on the control loop.
inline constexpr std::array kStoredOperations = [] {
    using enum control::Operation;
    using enum loop::Effort;
    using Stored = StoredOperations;
    return std::array{
        Stored::Row{recordings_list, slow, &Stored::list_recordings},
        Stored::Row{recordings_get, quick, &Stored::get_recording},
        Stored::Row{recordings_delete, slow, &Stored::delete_recording},
        Stored::Row{recordings_keep, quick, &Stored::keep_recording},
        Stored::Row{takes_list, slow, &Stored::list_takes},
        Stored::Row{takes_get, slow, &Stored::get_take},
        Stored::Row{takes_judge, slow, &Stored::judge_take},
        Stored::Row{takes_delete, slow, &Stored::delete_take},
        Stored::Row{archive_list, slow, &Stored::list_spans},
        Stored::Row{record_segments, slow, &Stored::list_segments},
        Stored::Row{record_delete_segment, slow, &Stored::delete_segment},
    };
}();

/// Null: it is none of them.
constexpr const StoredOperations::Row* find_stored(control::Operation operation) {
    for (const StoredOperations::Row& row : kStoredOperations) {
        if (row.operation == operation) return &row;
    }
    return nullptr;
}

}  // namespace st::api
