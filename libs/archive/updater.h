#pragma once
/// Brings the rows of a catalogue up to what the folders say. On the thread that writes them.
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "archive/scan.h"
#include "archive/store.h"
#include "record/recordings.h"

namespace st::archive {

class Updater {
 public:
    struct Uses {
        std::function<bool()> is_stopping;
        /// During a long look: what changed meanwhile is not left waiting for its end.
        std::function<void()> between_steps;
        /// A folder was looked into ("": the recordings folder) as it was at that time; 0: what
        /// there is of it has to be looked at again.
        std::function<void(const std::string& folder, std::int64_t changed_ns)> saw;
    };

    /// Both outlive it. Each call throws DatabaseError.
    Updater(record::Recordings& recordings, Store& store, Uses uses)
        : recordings_(recordings), store_(store), uses_(std::move(uses)) {}

    void update_all();
    /// Which recordings there are.
    void update_names();
    void update_recording(const std::string& id);
    /// A segment's, counted from the recordings folder.
    void update_file(const std::string& file);
    void update_stream(const std::string& stream);

 private:
    void update_folder(const SegmentFolder& folder);
    bool update_segment(const SegmentFolder& folder, const SegmentFile& file);

    record::Recordings& recordings_;
    Store& store_;
    const Uses uses_;
};

}  // namespace st::archive
