#include "archive/store.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <tuple>

#include "control/glob.h"

namespace st::archive {
namespace {

/// Written into the file's header, so that nobody's database is taken for ours.
constexpr std::int64_t kApplicationId = 0x73746361;  // "stca"

/// Rows before a moment that are looked at for one that lasts beyond it: files of one stream hardly
/// overlap.
constexpr std::size_t kOverlapsMax = 16;

/// Cameras, or takes, whose rows are read side by side.
constexpr std::size_t kMergedMax = 256;

constexpr const char* kTables[] = {
    "CREATE TABLE recordings(id TEXT PRIMARY KEY, camera TEXT NOT NULL, take TEXT,"
    " state INTEGER NOT NULL, started_us INTEGER NOT NULL, ended_us INTEGER NOT NULL, kept INTEGER "
    "NOT NULL,"
    " bytes INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, inode INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID",
    // With all columns: a page by time is read in one piece, not a row from each of a hundred
    // places.
    "CREATE INDEX recordings_started ON recordings(started_us, id, camera, take, state, ended_us,"
    " kept, bytes, mtime_ns, inode)",
    "CREATE INDEX recordings_camera ON recordings(camera, started_us, id)",
    "CREATE INDEX recordings_take ON recordings(take, started_us, id) WHERE take IS NOT NULL",
    "CREATE INDEX recordings_state ON recordings(state, started_us, id)",
    "CREATE INDEX recordings_kept ON recordings(take) WHERE kept = 1 AND take IS NOT NULL",
    "CREATE TABLE media(file TEXT PRIMARY KEY, stream TEXT NOT NULL, form INTEGER NOT NULL,"
    " start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " kept INTEGER NOT NULL, recording TEXT NOT NULL, mtime_ns INTEGER NOT NULL,"
    " inode INTEGER NOT NULL, goes_on INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE INDEX media_stream ON media(stream, start_us)",
    "CREATE INDEX media_recording ON media(recording) WHERE recording <> ''",
    "CREATE INDEX media_segments ON media(start_us, file) WHERE recording = ''",
    "CREATE INDEX media_written ON media(mtime_ns) WHERE recording = ''",
    // Of MediaForm, what grows.
    "CREATE INDEX media_growing ON media(stream, file, bytes) WHERE recording = '' AND form IN (1, "
    "4, 6)",
    // What there is of each stream, whatever the number of rows. Segments may be of a stream that
    // is called like a camera's.
    "CREATE TABLE totals(stream TEXT NOT NULL, segments INTEGER NOT NULL, files INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL, PRIMARY KEY(stream, segments)) STRICT, WITHOUT ROWID",
    "CREATE TRIGGER recording_came AFTER INSERT ON recordings BEGIN"
    " INSERT INTO totals VALUES('/camera/' || NEW.camera, 0, 1, NEW.bytes)"
    " ON CONFLICT DO UPDATE SET files = files + 1, bytes = bytes + excluded.bytes; END",
    "CREATE TRIGGER recording_went AFTER DELETE ON recordings BEGIN"
    " UPDATE totals SET files = files - 1, bytes = bytes - OLD.bytes"
    " WHERE stream = '/camera/' || OLD.camera AND segments = 0; END",
    "CREATE TRIGGER segment_came AFTER INSERT ON media WHEN NEW.recording = '' BEGIN"
    " INSERT INTO totals VALUES(NEW.stream, 1, 1, NEW.bytes)"
    " ON CONFLICT DO UPDATE SET files = files + 1, bytes = bytes + excluded.bytes; END",
    "CREATE TRIGGER segment_went AFTER DELETE ON media WHEN OLD.recording = '' BEGIN"
    " UPDATE totals SET files = files - 1, bytes = bytes - OLD.bytes"
    " WHERE stream = OLD.stream AND segments = 1; END",
};

constexpr const char* kRecordingColumns =
    "id, camera, take, state, started_us, ended_us, kept, bytes, mtime_ns, inode";
constexpr const char* kMediaColumns =
    "file, stream, form, start_us, end_us, bytes, kept, recording, mtime_ns, inode, goes_on";

RecordingRow recording_of(const Statement& at) {
    return {at.text(0),
            at.text(1),
            at.optional_text(2),
            static_cast<record::RecordingState>(at.integer(3)),
            at.integer(4),
            at.integer(5),
            at.integer(6) != 0,
            at.natural(7),
            {at.integer(8), at.natural(9)}};
}

MediaRow media_of(const Statement& at) {
    return {at.text(0),         at.text(1),    static_cast<MediaForm>(at.integer(2)),
            at.integer(3),      at.integer(4), at.natural(5),
            at.integer(6) != 0, at.text(7),    {at.integer(8), at.natural(9)},
            at.integer(10) != 0};
}

struct Cursor {
    std::int64_t started_us = 0;
    std::string id;
};

std::optional<Cursor> read_cursor(const std::string& text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos) return std::nullopt;
    Cursor cursor;
    const char* end = text.data() + colon;
    const auto parsed = std::from_chars(text.data(), end, cursor.started_us);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    cursor.id = text.substr(colon + 1);
    return cursor;
}

/// Newest first; two of the same moment by id, so that pages never repeat or miss one.
bool comes_before(const RecordingRow& a, const RecordingRow& b) {
    return std::tie(a.started_us, a.id) > std::tie(b.started_us, b.id);
}

/// Conditions of a query and what stands in them, in order.
class Where {
 public:
    void add(const std::string& condition) {
        text_ += (text_.empty() ? " WHERE " : " AND ") + condition;
    }
    void add(const std::string& condition, std::int64_t value) {
        add(condition);
        values_.push_back([value](Statement& to) { to.bind(value); });
    }
    void add(const std::string& condition, const std::string& value) {
        add(condition);
        values_.push_back([value](Statement& to) { to.bind(value); });
    }
    void add(const std::string& condition, std::int64_t first, const std::string& second) {
        add(condition);
        values_.push_back([=](Statement& to) { to.bind(first).bind(second); });
    }
    void bind(Statement& to) const {
        for (const auto& value : values_) value(to);
    }
    const std::string& text() const { return text_; }

 private:
    std::string text_;
    std::vector<std::function<void(Statement&)>> values_;
};

/// What all texts that a pattern matches begin with.
std::string literal_begin(const std::string& pattern) {
    return pattern.substr(0, pattern.find_first_of("*?["));
}

}  // namespace

bool is_cursor(const std::string& text) { return read_cursor(text).has_value(); }

std::string cursor_behind(std::int64_t started_us, const std::string& id) {
    return std::to_string(started_us) + ":" + id;
}

bool Store::prepare() {
    database_.run("PRAGMA journal_mode=WAL");
    database_.run("PRAGMA synchronous=NORMAL");
    // A row that is replaced goes and comes, as far as the totals are concerned.
    database_.run("PRAGMA recursive_triggers=ON");
    const std::int64_t version = database_.number("PRAGMA user_version");
    const std::int64_t application = database_.number("PRAGMA application_id");
    if (version == kVersion && application == kApplicationId) return true;
    if (database_.number("SELECT count(*) FROM sqlite_schema") != 0) return false;
    Transaction all(database_);
    for (const char* table : kTables) database_.run(table);
    database_.run("PRAGMA application_id=" + std::to_string(kApplicationId));
    database_.run("PRAGMA user_version=" + std::to_string(kVersion));
    all.commit();
    return true;
}

void Store::put(const RecordingRow& row) {
    Statement(database_, "INSERT OR REPLACE INTO recordings VALUES(?,?,?,?,?,?,?,?,?,?)")
        .bind(row.id)
        .bind(row.camera)
        .bind(row.take)
        .bind(static_cast<std::int64_t>(row.state))
        .bind(row.started_us)
        .bind(row.ended_us)
        .bind(std::int64_t{row.kept})
        .bind(row.bytes)
        .bind(row.stamp.mtime_ns)
        .bind(row.stamp.inode)
        .run();
}

void Store::put(const MediaRow& row) {
    Statement(database_, "INSERT OR REPLACE INTO media VALUES(?,?,?,?,?,?,?,?,?,?,?)")
        .bind(row.file)
        .bind(row.stream)
        .bind(static_cast<std::int64_t>(row.form))
        .bind(row.start_us)
        .bind(row.end_us)
        .bind(row.bytes)
        .bind(std::int64_t{row.kept})
        .bind(row.recording)
        .bind(row.stamp.mtime_ns)
        .bind(row.stamp.inode)
        .bind(std::int64_t{row.goes_on})
        .run();
}

void Store::drop_recording(const std::string& id) {
    Statement(database_, "DELETE FROM media WHERE recording = ? AND recording <> ''")
        .bind(id)
        .run();
    Statement(database_, "DELETE FROM recordings WHERE id = ?").bind(id).run();
}

void Store::drop_file(const std::string& file) {
    Statement(database_, "DELETE FROM media WHERE file = ?").bind(file).run();
}

/// `column`: the one whose index the rows are read by, with one value; "": all rows. Rows come when
/// they are asked for, the newest first.
Statement Store::rows_of(const RecordingQuery& query, const std::string& column,
                         const std::string& value) {
    Where where;
    if (!column.empty()) where.add(column + " = ?", value);
    const bool by_id = query.id && control::is_pattern(*query.id);
    if (query.id && !by_id) where.add("id = ?", *query.id);
    if (by_id) {
        const std::string begin = literal_begin(*query.id);
        if (!begin.empty()) {
            where.add("id >= ?", begin);
            where.add("id < ?", begin + "\xFF");
        }
        where.add("matches(?, id)", *query.id);
    }
    if (query.camera && column != "camera") where.add("matches(?, camera)", *query.camera);
    if (query.take && column != "take") where.add("matches(?, take)", *query.take);
    // The + keeps SQLite from reading all of that state instead of those of one camera.
    const std::string state = column.empty() ? "state = ?" : "+state = ?";
    if (query.state) where.add(state, static_cast<std::int64_t>(*query.state));
    if (query.since_us) where.add("started_us >= ?", *query.since_us);
    const auto after = read_cursor(query.cursor);
    // One bound alone, so that it is the one where reading begins.
    const bool is_behind = after && query.until_us && after->started_us < *query.until_us;
    if (query.until_us && !is_behind) where.add("started_us < ?", *query.until_us);
    if (after) {
        where.add("(started_us, id) < (?, ?)", after->started_us, after->id);
    }
    Statement statement(database_, std::string("SELECT ") + kRecordingColumns + " FROM recordings" +
                                       where.text() + " ORDER BY started_us DESC, id DESC LIMIT ?");
    where.bind(statement);
    statement.bind(std::uint64_t{query.limit + 1});
    return statement;
}

std::vector<RecordingRow> Store::page(const RecordingQuery& query, const std::string& column,
                                      const std::string& value) {
    Statement statement = rows_of(query, column, value);
    std::vector<RecordingRow> rows;
    while (statement.step()) rows.push_back(recording_of(statement));
    return rows;
}

/// The page of several values of a column: of each no more rows are read than are in it.
std::vector<RecordingRow> Store::merged(const RecordingQuery& query, const std::string& column,
                                        const std::vector<std::string>& values) {
    struct Line {
        Statement statement;
        RecordingRow row;
    };
    std::vector<Line> lines;
    for (const std::string& value : values) {
        Statement statement = rows_of(query, column, value);
        if (!statement.step()) continue;
        RecordingRow row = recording_of(statement);
        lines.push_back({std::move(statement), std::move(row)});
    }
    const auto comes_later = [](const Line& a, const Line& b) {
        return comes_before(b.row, a.row);
    };
    std::ranges::make_heap(lines, comes_later);
    std::vector<RecordingRow> rows;
    while (!lines.empty() && rows.size() <= query.limit) {
        std::ranges::pop_heap(lines, comes_later);
        Line& newest = lines.back();
        rows.push_back(std::move(newest.row));
        if (newest.statement.step()) {
            newest.row = recording_of(newest.statement);
            std::ranges::push_heap(lines, comes_later);
        } else {
            lines.pop_back();
        }
    }
    return rows;
}

std::vector<std::string> Store::names(const std::string& column, const std::string& pattern) {
    // From one name to the next by the index, whatever the number of rows.
    Statement statement(
        database_, "WITH RECURSIVE n(x) AS (SELECT min(" + column + ") FROM recordings WHERE " +
                       column + " IS NOT NULL UNION ALL SELECT (SELECT min(" + column +
                       ") FROM recordings WHERE " + column +
                       " > x) FROM n WHERE x IS NOT NULL) SELECT x FROM n WHERE x IS NOT NULL"
                       " AND matches(?, x)");
    statement.bind(pattern);
    std::vector<std::string> found;
    while (statement.step()) found.push_back(statement.text(0));
    return found;
}

std::vector<RecordingRow> Store::recordings(const RecordingQuery& query) {
    const std::string column = query.camera ? "camera" : query.take ? "take" : "";
    if (column.empty() || query.id) return page(query, "", "");
    const std::string& wanted = query.camera ? *query.camera : *query.take;
    if (!control::is_pattern(wanted)) return page(query, column, wanted);
    const std::vector<std::string> found = names(column, wanted);
    // Of so many each has a row soon: they are looked for among all.
    return found.size() > kMergedMax ? page(query, "", "") : merged(query, column, found);
}

std::vector<std::pair<std::string, record::FileStamp>> Store::recording_stamps() {
    Statement statement(database_, "SELECT id, mtime_ns, inode FROM recordings ORDER BY id");
    std::vector<std::pair<std::string, record::FileStamp>> all;
    while (statement.step()) {
        all.emplace_back(statement.text(0),
                         record::FileStamp{statement.integer(1), statement.natural(2)});
    }
    return all;
}

std::vector<MediaRow> Store::read_media(Statement& statement) {
    std::vector<MediaRow> rows;
    while (statement.step()) rows.push_back(media_of(statement));
    return rows;
}

std::vector<MediaRow> Store::media(const std::string& stream, std::int64_t from_us,
                                   std::int64_t to_us, std::size_t limit) {
    const std::string select = std::string("SELECT ") + kMediaColumns + " FROM media WHERE stream";
    Statement before(database_, select +
                                    " = ? AND start_us <= ? AND start_us < ? ORDER BY start_us DESC"
                                    " LIMIT ?");
    before.bind(stream).bind(from_us).bind(to_us).bind(std::uint64_t{kOverlapsMax});
    std::vector<MediaRow> rows = read_media(before);
    std::ranges::reverse(rows);
    std::erase_if(rows,
                  [&](const MediaRow& row) { return row.end_us != 0 && row.end_us <= from_us; });
    Statement after(database_,
                    select + " = ? AND start_us > ? AND start_us < ? ORDER BY start_us LIMIT ?");
    after.bind(stream).bind(from_us).bind(to_us).bind(std::uint64_t{limit});
    std::ranges::move(read_media(after), std::back_inserter(rows));
    if (rows.size() > limit) rows.resize(limit);
    return rows;
}

std::vector<MediaRow> Store::segments(const std::string& stream) {
    Statement statement(database_, std::string("SELECT ") + kMediaColumns +
                                       " FROM media WHERE stream = ? AND recording = ''"
                                       " ORDER BY file");
    statement.bind(stream);
    return read_media(statement);
}

std::vector<MediaRow> Store::segments(const SegmentQuery& query) {
    constexpr std::int64_t kFirstUs = std::numeric_limits<std::int64_t>::min();
    const auto after = read_cursor(query.cursor).value_or(Cursor{kFirstUs, ""});
    Statement statement(database_, std::string("SELECT ") + kMediaColumns +
                                       " FROM media WHERE stream = ? AND recording = ''"
                                       " AND (start_us, file) > (?, ?)"
                                       " ORDER BY start_us, file LIMIT ?");
    statement.bind(query.stream).bind(after.started_us).bind(after.id);
    statement.bind(std::uint64_t{query.limit} + 1);
    return read_media(statement);
}

std::vector<MediaRow> Store::newest_segments(const std::string& stream, std::size_t limit) {
    Statement statement(database_, std::string("SELECT ") + kMediaColumns +
                                       " FROM media WHERE stream = ? AND recording = ''"
                                       " ORDER BY file DESC LIMIT ?");
    statement.bind(stream);
    statement.bind(static_cast<std::int64_t>(limit));
    std::vector<MediaRow> rows = read_media(statement);
    std::ranges::reverse(rows);
    return rows;
}

std::vector<SegmentTotal> Store::segment_totals() {
    Statement statement(database_,
                        "SELECT stream, files, bytes FROM totals WHERE segments = 1 AND files > 0"
                        " ORDER BY stream");
    std::vector<SegmentTotal> all;
    while (statement.step()) {
        all.push_back({statement.text(0), statement.natural(1), statement.natural(2)});
    }
    return all;
}

std::vector<std::string> Store::streams_of_segments() {
    Statement statement(
        database_,
        "WITH RECURSIVE n(x) AS (SELECT min(stream) FROM media UNION ALL SELECT"
        " (SELECT min(stream) FROM media WHERE stream > x) FROM n WHERE x IS NOT NULL)"
        " SELECT x FROM n WHERE x IS NOT NULL AND EXISTS"
        " (SELECT 1 FROM media WHERE stream = x AND recording = '')");
    std::vector<std::string> all;
    while (statement.step()) all.push_back(statement.text(0));
    return all;
}

std::vector<RecordingRow> Store::oldest_recordings(std::int64_t after_us, const std::string& after,
                                                   std::size_t limit) {
    Statement statement(database_, std::string("SELECT ") + kRecordingColumns +
                                       " FROM recordings WHERE (started_us, id) > (?, ?)"
                                       " ORDER BY started_us, id LIMIT ?");
    statement.bind(after_us).bind(after).bind(std::uint64_t{limit});
    std::vector<RecordingRow> rows;
    while (statement.step()) rows.push_back(recording_of(statement));
    return rows;
}

std::vector<MediaRow> Store::oldest_segments(std::int64_t after_us, const std::string& after,
                                             std::size_t limit) {
    Statement statement(database_,
                        std::string("SELECT ") + kMediaColumns +
                            " FROM media WHERE recording = '' AND (start_us, file) > (?, ?)"
                            " ORDER BY start_us, file LIMIT ?");
    statement.bind(after_us).bind(after).bind(std::uint64_t{limit});
    return read_media(statement);
}

std::vector<TakeRow> Store::takes() {
    Statement statement(database_,
                        "SELECT take, min(started_us) AS began FROM recordings WHERE take IS NOT "
                        "NULL GROUP BY take ORDER BY began DESC, take");
    std::vector<TakeRow> rows;
    while (statement.step()) rows.push_back({statement.text(0), statement.integer(1)});
    return rows;
}

std::set<std::string> Store::kept_takes() {
    Statement statement(database_,
                        "SELECT DISTINCT take FROM recordings WHERE kept = 1 AND take"
                        " IS NOT NULL");
    std::set<std::string> takes;
    while (statement.step()) takes.insert(statement.text(0));
    return takes;
}

std::vector<std::string> Store::recordings_of_take(const std::string& take) {
    Statement statement(database_, "SELECT id FROM recordings WHERE take = ?");
    statement.bind(take);
    std::vector<std::string> ids;
    while (statement.step()) ids.push_back(statement.text(0));
    return ids;
}

std::optional<std::int64_t> Store::newest_us() {
    Statement statement(database_,
                        "SELECT (SELECT max(started_us) FROM recordings),"
                        " (SELECT max(mtime_ns) / 1000 FROM media WHERE recording = '')");
    statement.step();
    std::optional<std::int64_t> newest;
    for (const int column : {0, 1}) {
        if (!statement.optional_text(column)) continue;
        newest = std::max(newest.value_or(0), statement.integer(column));
    }
    return newest;
}

std::vector<OpenItem> Store::open_items() {
    using record::RecordingState;
    std::vector<OpenItem> items;
    Statement recordings(
        database_, "SELECT '/camera/' || camera, id, bytes FROM recordings WHERE state IN (?, ?)");
    recordings.bind(static_cast<std::int64_t>(RecordingState::recording))
        .bind(static_cast<std::int64_t>(RecordingState::finalising));
    while (recordings.step())
        items.push_back({recordings.text(0), recordings.text(1), "", recordings.natural(2)});
    Statement segments(database_,
                       "SELECT stream, file, bytes FROM media INDEXED BY media_growing"
                       " WHERE recording = '' AND form IN (1, 4, 6)");
    while (segments.step())
        items.push_back({segments.text(0), "", segments.text(1), segments.natural(2)});
    return items;
}

std::vector<std::pair<std::string, std::uint64_t>> Store::bytes_by_stream() {
    Statement statement(database_, "SELECT stream, bytes FROM totals WHERE files > 0");
    std::vector<std::pair<std::string, std::uint64_t>> all;
    while (statement.step()) all.emplace_back(statement.text(0), statement.natural(1));
    return all;
}

}  // namespace st::archive
