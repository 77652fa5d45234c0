#pragma once
/// The takes of a recordings folder: made whenever the last open recording of one has ended.
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "archive/catalogue.h"
#include "base/log.h"
#include "base/result.h"
#include "base/sync.h"
#include "takes/manifest.h"

namespace st::takes {

/// A take in short, from its recordings and, if it is there, take.json.
struct Summary {
    std::string take;
    std::string started_at;  ///< RFC 3339
    std::set<std::string> cameras;
    std::uint64_t recordings = 0;
    std::uint64_t pictures = 0;
    std::uint64_t duration_ms = 0;  ///< of the longest recording
    std::uint64_t bytes = 0;
    std::uint64_t lost = 0;
    /// Of the recording that most needs to be looked at.
    record::RecordingState state = record::RecordingState::done;
    std::optional<Verdict> verdict;
    std::optional<std::int64_t> bound_us;  ///< the greatest; nullopt: one has none
    std::optional<Pairing> pairing;
    bool is_building = false;  ///< there may be more recordings than is known yet
};

class Takes {
 public:
    /// `finished` is called on the thread of this class, which reads and writes files at low
    /// priority. `catalogue` outlives this.
    using Finished = std::function<void(const Manifest&)>;
    Takes(archive::Catalogue& catalogue, std::string recordings_path, std::string version, Log log,
          Finished finished);
    /// Makes what has been asked for; digests are left to the next time.
    ~Takes();
    Takes(const Takes&) = delete;
    Takes& operator=(const Takes&) = delete;

    /// A recording of that take has ended, session.json says so. Any thread; returns at once.
    void recording_ended(const std::string& take) ST_EXCLUDES(mutex_);

    // Read the disk; any thread that may block. Error.code as of archive::Catalogue.
    archive::TakeRows list() { return catalogue_.takes(); }
    Summary summary(const std::string& take);
    /// Whether there is a take.json of it, whatever the catalogue knows yet.
    bool is_described(const std::string& take) const;
    /// Makes take.json if an earlier run was ended before it did, and anew if a recording of it was
    /// deleted, or has other MP4s now, or if it is damaged or of an earlier version. Error 500: it
    /// cannot be read, or is of a newer server; 503: it is not there, and not all recordings are
    /// known yet.
    Result<Manifest> get(const std::string& take);
    /// Its recordings, of each of which `removed` is told, and take.json. 409: one of them records,
    /// or is kept; then none is deleted.
    using Removed = std::function<void(const record::RecordingEntry&)>;
    Result<void> remove(const std::string& take, const Removed& removed);
    /// What somebody found out about it: the verdict, and sentences that replace those that begin
    /// like `about`.
    Result<Manifest> judge(const std::string& take, Verdict verdict, const std::string& about,
                           const std::vector<std::string>& why);

 private:
    /// A take that could not be made.
    struct Later {
        std::string take;
        std::chrono::seconds delay;
        std::chrono::steady_clock::time_point due;
    };

    void run();
    void wait(Lock& lock) ST_REQUIRES(mutex_);
    void make_ended() ST_EXCLUDES(mutex_);
    std::string make(const std::string& take) ST_EXCLUDES(mutex_);
    void try_later(const std::string& take, const std::string& problem) ST_EXCLUDES(mutex_);
    void digest_later(const std::string& take) ST_EXCLUDES(mutex_);
    void digest(const std::string& take) ST_EXCLUDES(mutex_);
    bool is_as_described(const Manifest& manifest,
                         const std::vector<record::RecordingEntry>& entries);
    bool is_closing() ST_EXCLUDES(mutex_);

    archive::Catalogue& catalogue_;
    const std::string path_;
    const std::string version_;
    const Log log_;
    const Finished finished_;
    Mutex files_mutex_;  ///< held while a take.json is read and replaced
    Mutex mutex_;
    std::condition_variable news_;
    std::deque<std::string> ended_ ST_GUARDED_BY(mutex_);
    std::deque<std::string> undigested_ ST_GUARDED_BY(mutex_);
    std::vector<Later> later_ ST_GUARDED_BY(mutex_);
    bool closing_ ST_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

/// {"take","started_at","cameras","recordings","pictures","duration_ms","bytes","seq_missing",
/// "state","verdict","bound_us","pairing"}
std::string encode(const Summary& summary);

}  // namespace st::takes
