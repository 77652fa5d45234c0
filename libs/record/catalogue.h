#pragma once
/// The recordings on disk, from their session.json files. Reads the disk: call it from a worker,
/// never from a loop. Any thread; only lists wait for each other.
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "base/sync.h"
#include "record/events.h"

namespace st::record {

struct CatalogueEntry {
    std::string id;  ///< the folder's name
    std::string camera;
    std::optional<std::string> take;
    RecordingState state = RecordingState::done;
    std::int64_t started_us = 0;
    bool kept = false;
    /// The whole session.json on one line. Of a folder that somebody copied its id is the folder's,
    /// and "copy_of" says what it was.
    std::string json;
};

struct CatalogueQuery {
    std::optional<std::string> id;      ///< an id, or a pattern of control/glob.h
    std::optional<std::string> camera;  ///< a name, or a pattern of control/glob.h
    std::optional<std::string> take;    ///< likewise
    std::optional<RecordingState> state;
    std::optional<std::int64_t> since_us;  ///< started at or after
    std::optional<std::int64_t> until_us;  ///< started before
    std::size_t limit = 100;
    std::string cursor;  ///< `next` of the page before; "" = the first page
};

/// Whether the text can be a CataloguePage::next.
bool is_cursor(const std::string& text);

struct CataloguePage {
    std::vector<CatalogueEntry> items;  ///< newest first
    std::optional<std::string> next;    ///< nullopt: that was all
};

/// Error.code of get, remove and open_file: 404 there is none, 409 it is being written.
class Catalogue {
 public:
    /// What was asked of the disk so far.
    struct Reads {
        std::uint64_t folder_lists = 0;   ///< times the recordings folder was read
        std::uint64_t session_files = 0;  ///< session.json files that were read
    };

    explicit Catalogue(std::string recordings_path);

    /// Reads the folder once, and of the recordings those that changed and those on the page.
    CataloguePage list(const CatalogueQuery& query) ST_EXCLUDES(mutex_);
    Result<CatalogueEntry> get(std::string_view id);

    /// Deletes a recording's folder and all in it. It is gone from lists at once, or, if that
    /// fails, whole. 409 while it records or is finalised, and if it is kept.
    Result<void> remove(std::string_view id);

    /// Whether a recording is kept: remove() then refuses it. 409 while it records or is finalised,
    /// for its session.json is then written by others.
    Result<void> keep(std::string_view id, bool kept);

    /// A file of a recording, open for reading, never through a link. 404 unless `name` is a plain
    /// file there.
    Result<int> open_file(std::string_view id, std::string_view name);

    Reads reads() const ST_EXCLUDES(mutex_);

 private:
    /// What list() filters and sorts by: some hundred bytes for each recording there is.
    struct Indexed {
        std::int64_t mtime_ns = 0;
        ino_t inode = 0;
        CatalogueEntry entry;  ///< without its json
    };
    /// get(), holding lock_recording(directory) until that is closed. 409 as remove().
    Result<CatalogueEntry> get_ended(std::string_view id, int directory);
    void refresh(const Fd& root) ST_REQUIRES(mutex_);
    void refresh_one(const Fd& root, const std::string& id) ST_REQUIRES(mutex_);

    const std::string path_;
    mutable Mutex mutex_;
    std::map<std::string, Indexed> index_ ST_GUARDED_BY(mutex_);
    Reads reads_ ST_GUARDED_BY(mutex_);
};

}  // namespace st::record
