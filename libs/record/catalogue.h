#pragma once
/// The recordings on disk, from their session.json files. Reads the disk: call it from a worker,
/// never from a loop. One thread at a time per Catalogue.
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/events.h"

namespace st::record {

/// What list() filters and sorts by; `json` is the whole session.json on one line.
struct CatalogueEntry {
    std::string id;
    std::string camera;
    std::optional<std::string> take;
    RecordingState state = RecordingState::done;
    std::string started_at;  ///< RFC 3339 as in session.json
    std::int64_t started_us = 0;
    std::vector<std::string> files;  ///< names
    std::string json;
};

struct CatalogueQuery {
    std::vector<std::string> cameras;  ///< any of these; empty: all (patterns are the caller's)
    std::optional<std::string> take;
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
    explicit Catalogue(std::string recordings_path);

    CataloguePage list(const CatalogueQuery& query);
    Result<CatalogueEntry> get(std::string_view id);

    /// Deletes a recording's folder and all in it. 409 while it records or is finalised.
    Result<void> remove(std::string_view id);

    /// A file of a recording, open for reading, never through a link. 404 unless `name` is a plain
    /// file there.
    Result<int> open_file(std::string_view id, std::string_view name);

 private:
    struct Cached {
        std::int64_t mtime_ns = 0;
        ino_t inode = 0;
        CatalogueEntry entry;
    };
    void refresh();
    bool refresh_one(int root, const std::string& id);

    std::string path_;
    std::map<std::string, Cached> cache_;
};

}  // namespace st::record
