#pragma once
/// What lies in the recordings folder, for who lists it or looks for a moment in it: recordings of
/// cameras and segments of live streams. A cache in SQLite (`.catalogue.sqlite` in the folder):
/// built in the background, made anew when it is missing, damaged or of another version, and
/// brought up to date at each start; in memory where the disk does not take it. The folders are the
/// truth. docs/archive.md.
///
/// One thread writes it; whoever asks reads it with a connection of his own. What changed in a
/// folder before a question is in the answer, unless that takes longer than kPatience; then the
/// answer is what is known, and says that it is being built. Call it from a thread that may block.
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "archive/rows.h"
#include "archive/store.h"
#include "base/log.h"
#include "base/sync.h"
#include "record/recordings.h"

namespace st::archive {

struct SegmentFile;
struct SegmentFolder;

/// Of the catalogue, in the recordings folder; SQLite has two more, behind it "-wal" and "-shm".
constexpr char kCatalogueName[] = ".catalogue.sqlite";

struct RecordingPage {
    std::vector<record::RecordingEntry> items;  ///< newest first
    std::optional<std::string> next;            ///< nullopt: that was all
    bool is_building = false;                   ///< there may be more than is known yet
};

struct TakeRows {
    std::vector<TakeRow> items;  ///< the one that began last first
    bool is_building = false;    ///< there may be more than is known yet
};

struct SegmentPage {
    std::vector<MediaRow> items;      ///< oldest first
    std::optional<std::string> next;  ///< nullopt: that was all
    bool is_building = false;         ///< there may be more than is known yet
};

class Catalogue {
 public:
    /// A page of recordings ends with the one whose session.json brings it over so much: each may
    /// be long, and clients take messages of a limited size.
    static constexpr std::size_t kPageBytesMax = 4 * 1024 * 1024;
    /// How long a question waits for what changed.
    static constexpr std::chrono::milliseconds kPatience{1000};

    /// Begins to build in the background.
    Catalogue(std::string recordings_path, Log log);
    ~Catalogue();
    Catalogue(const Catalogue&) = delete;
    Catalogue& operator=(const Catalogue&) = delete;

    const std::string& path() const { return recordings_.path(); }

    RecordingPage list(const RecordingQuery& query);
    /// The takes that recordings say they are of.
    TakeRows takes();
    Result<record::RecordingEntry> get(std::string_view id) const { return recordings_.get(id); }
    /// See record/recordings.h.
    Result<void, record::RemoveError> remove(std::string_view id);
    Result<void> keep(std::string_view id, bool kept);
    Result<int> open_file(std::string_view id, std::string_view name) const {
        return recordings_.open_file(id, name);
    }

    struct Media {
        std::vector<MediaRow> rows;  ///< the oldest first
        bool is_building = false;
    };
    /// What of a stream ("/live/walk", "/camera/door") lasts beyond `from_us` and begins before
    /// `to_us`. The end of what grows is asked of its file.
    Media media(const std::string& stream, std::int64_t from_us, std::int64_t to_us,
                std::size_t limit);

    /// Segments of a stream by time. Of one that grows, the bytes and the end are asked of its
    /// file.
    SegmentPage segments(const SegmentQuery& query);
    /// Segments of a stream, the newest so many, the oldest first. Of one that grows, the bytes and
    /// the end are those of the last look at it.
    std::vector<MediaRow> newest_segments(const std::string& stream, std::size_t limit);
    /// By stream.
    std::vector<SegmentTotal> segment_totals();

    /// Deletes a segment ("live/live/walk/..."). Error.code: 404 there is none, 409 it is kept or
    /// being written.
    Result<void, record::RemoveError> remove_segment(const std::string& file);

    /// What retention looks at; see archive/store.h. None, or nullopt, while nothing can be read.
    std::vector<RecordingRow> oldest_recordings(std::int64_t after_us, const std::string& after,
                                                std::size_t limit);
    std::vector<MediaRow> oldest_segments(std::int64_t after_us, const std::string& after,
                                          std::size_t limit);
    std::optional<std::set<std::string>> kept_takes();
    /// Whether a recording of it is kept: asked of the recordings themselves. Also true if nobody
    /// knows.
    bool is_kept_take(const std::string& take);
    /// When the newest of all began or, of segments, was written, by the server's clock. nullopt:
    /// there is none, or nothing can be read.
    std::optional<std::int64_t> newest_us();
    /// Of what is being written the bytes are asked of its files.
    std::map<std::string, std::uint64_t> bytes_by_stream();

    /// The recording with that id began, ended, or is gone. Any thread; never blocks.
    void changed(const std::string& id) ST_EXCLUDES(mutex_);
    /// A segment came, ended or went ("live/live/walk/..."). Any thread; never blocks.
    void segment_changed(const std::string& file) ST_EXCLUDES(mutex_);
    /// Nobody knows which of that stream did: all are looked through. Any thread; never blocks.
    void stream_changed(const std::string& stream) ST_EXCLUDES(mutex_);

    /// Until all that is there has been looked at once. What is known may be behind later, too.
    bool is_building() const ST_EXCLUDES(mutex_);
    /// Whether what was asked for until now is done before `patience` is over.
    bool wait(std::chrono::milliseconds patience) ST_EXCLUDES(mutex_);

 private:
    struct Wishes {
        std::set<std::string> recordings;
        std::set<std::string> streams;
        std::set<std::string> files;  ///< segments that came, changed or went
        bool names = false;           ///< which recordings there are
        bool all = false;
    };
    using Reader = std::unique_ptr<Store>;

    void run() ST_EXCLUDES(mutex_);
    /// False: the end of the program.
    bool wait_for_wishes(Wishes& wishes, std::uint64_t& asked) ST_EXCLUDES(mutex_);
    bool is_stopping() const ST_EXCLUDES(mutex_);
    void open_file() ST_EXCLUDES(mutex_);
    void open_in_memory(const std::string& why) ST_EXCLUDES(mutex_);
    void use(std::unique_ptr<Store> store, const std::string& place) ST_EXCLUDES(mutex_);
    void make_anew(const std::string& why) ST_EXCLUDES(mutex_);
    void open_and_carry_out(const Wishes& wishes) ST_EXCLUDES(mutex_);
    void carry_out(const Wishes& wishes);
    void serve_small_wishes() ST_EXCLUDES(mutex_);
    bool catch_up() ST_EXCLUDES(mutex_);
    void look_for_news(const std::string& stream) ST_EXCLUDES(mutex_);
    std::optional<MediaRow> look_again(const MediaRow& row) ST_EXCLUDES(mutex_);

    /// What one asks of a reading connection. nullopt: there is none, or it failed.
    template <class Ask>
    auto ask(const Ask& ask) -> std::optional<decltype(ask(std::declval<Store&>()))>;
    Reader take_reader(std::uint64_t& generation, std::string& place) ST_EXCLUDES(mutex_);
    void return_reader(Reader reader, std::uint64_t generation) ST_EXCLUDES(mutex_);
    void report(const DatabaseError& error) ST_EXCLUDES(mutex_);
    template <class Add>
    void wish(const Add& add) ST_EXCLUDES(mutex_);

    record::Recordings recordings_;
    const Log log_;
    const std::string file_;

    mutable Mutex mutex_;
    std::condition_variable changed_;
    Wishes wishes_ ST_GUARDED_BY(mutex_);
    std::uint64_t asked_ ST_GUARDED_BY(mutex_) = 0;  ///< wishes so far
    std::uint64_t done_ ST_GUARDED_BY(mutex_) = 0;   ///< of those, carried out
    bool is_building_ ST_GUARDED_BY(mutex_) = true;
    bool stops_ ST_GUARDED_BY(mutex_) = false;
    std::optional<std::string> damage_ ST_GUARDED_BY(mutex_);
    /// Of the file; readers of another one are of a file that is gone. 0: none can be read.
    std::uint64_t generation_ ST_GUARDED_BY(mutex_) = 0;
    std::string place_ ST_GUARDED_BY(mutex_);  ///< where readers find it
    std::vector<Reader> readers_ ST_GUARDED_BY(mutex_);
    /// When each folder changed that was looked into ("": the recordings folder).
    std::map<std::string, std::int64_t> seen_ ST_GUARDED_BY(mutex_);

    std::unique_ptr<Store> store_;                   ///< the thread's
    std::uint64_t generations_ = 0;                  ///< the thread's
    std::chrono::steady_clock::time_point anew_at_;  ///< the thread's: damage must not spin it
    std::thread thread_;
};

}  // namespace st::archive
