#pragma once
/// The tables of the catalogue: rows in, rows out. Private to libs/archive. One connection, one
/// thread at a time; throws DatabaseError.
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "archive/database.h"
#include "archive/rows.h"

namespace st::archive {

/// Recordings of cameras: which, and which page of them.
struct RecordingQuery {
    std::optional<std::string> id;      ///< an id, or a pattern of control/glob.h
    std::optional<std::string> camera;  ///< a name, or a pattern
    std::optional<std::string> take;    ///< likewise
    std::optional<record::RecordingState> state;
    std::optional<std::int64_t> since_us;  ///< started at or after
    std::optional<std::int64_t> until_us;  ///< started before
    std::size_t limit = 100;
    std::string cursor;  ///< `next` of the page before; "" = the first page
};

/// Segments of a stream: which page of them.
struct SegmentQuery {
    std::string stream;
    std::size_t limit = 100;
    std::string cursor;  ///< `next` of the page before; "" = the first page
};

/// Whether the text can be a cursor of such lists.
bool is_cursor(const std::string& text);
/// The cursor of the page behind the row that began at that time and has that id, or file.
std::string cursor_behind(std::int64_t started_us, const std::string& id);

/// What is being written, a recording or a segment.
struct OpenItem {
    std::string stream;
    std::string recording;    ///< id; "": a segment
    std::string file;         ///< of a segment
    std::uint64_t bytes = 0;  ///< in its row
};

/// A take that has recordings.
struct TakeRow {
    std::string take;
    std::int64_t started_us = 0;  ///< when the first of them began
};

class Store {
 public:
    /// Another one than that of the file: it is made anew.
    static constexpr std::int64_t kVersion = 6;

    Store(const std::string& path, Database::Mode mode) : database_(path, mode) {}

    /// Makes the tables in an empty file. False: the file has tables of another version.
    bool prepare();

    /// What is written until the returned value's commit() is written together.
    Transaction begin() { return Transaction(database_); }
    Database& database() { return database_; }
    void put(const RecordingRow& row);
    void put(const MediaRow& row);
    void drop_recording(const std::string& id);  ///< with its media
    void drop_file(const std::string& file);

    /// The newest first; one more than `limit` if there are more.
    std::vector<RecordingRow> recordings(const RecordingQuery& query);
    /// In the order of ids.
    std::vector<std::pair<std::string, record::FileStamp>> recording_stamps();

    /// Media of a stream that lasts beyond `from_us` and begins before `to_us`, the oldest first.
    std::vector<MediaRow> media(const std::string& stream, std::int64_t from_us, std::int64_t to_us,
                                std::size_t limit);
    /// Segments of a stream, by the names of their files.
    std::vector<MediaRow> segments(const std::string& stream);
    std::vector<std::string> streams_of_segments();
    /// A page of them, the oldest first; one more than `limit` if there are more.
    std::vector<MediaRow> segments(const SegmentQuery& query);
    /// The newest of them, by the names of their files, the oldest first.
    std::vector<MediaRow> newest_segments(const std::string& stream, std::size_t limit);
    /// By stream.
    std::vector<SegmentTotal> segment_totals();

    /// The oldest first, behind the one that began at that time and has that id, or file.
    std::vector<RecordingRow> oldest_recordings(std::int64_t after_us, const std::string& after,
                                                std::size_t limit);
    std::vector<MediaRow> oldest_segments(std::int64_t after_us, const std::string& after,
                                          std::size_t limit);
    /// The one that began last first.
    std::vector<TakeRow> takes();
    /// Takes of which a recording is kept.
    std::set<std::string> kept_takes();
    std::vector<std::string> recordings_of_take(const std::string& take);
    /// By the server's clock, when the newest recording began or a segment was written last;
    /// nullopt: there is none.
    std::optional<std::int64_t> newest_us();
    /// What is being written.
    std::vector<OpenItem> open_items();
    /// Bytes by stream: "/camera/door", "/live/walk". Of what is being written, those of the rows.
    std::vector<std::pair<std::string, std::uint64_t>> bytes_by_stream();

 private:
    Statement rows_of(const RecordingQuery& query, const std::string& column,
                      const std::string& value);
    std::vector<RecordingRow> merged(const RecordingQuery& query, const std::string& column,
                                     const std::vector<std::string>& values);
    std::vector<RecordingRow> page(const RecordingQuery& query, const std::string& column,
                                   const std::string& value);
    std::vector<std::string> names(const std::string& column, const std::string& pattern);
    std::vector<MediaRow> read_media(Statement& statement);

    Database database_;
};

}  // namespace st::archive
