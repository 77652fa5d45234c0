#pragma once
/// Sessions to disk: crash-safe dump while recording, MP4 afterwards.
/// Spec: docs/dump.md, docs/recording.md.
///
/// Threads: `writers` threads write the dumps, one thread syncs the file system, `finalisers`
/// threads make MP4s at low priority. No caller is ever blocked by the disk, except in the
/// constructor and in finish_all.
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory_budget.h"
#include "mux/convert.h"
#include "record/events.h"
#include "record/session.h"
#include "worker/job.h"

namespace st::record {

struct Keep {
    bool dump = true;
    bool mp4 = true;
    bool thumbnail = true;
    bool pictures = true;
    bool h264 = false;
};

/// Whose time stands in the ids of recordings.
enum class Names { local, utc };

/// Limits of Options::max_gap.
using mux::kMaxGapMax;
using mux::kMaxGapMin;
using mux::Timing;

struct Options {
    std::string path = "recordings";  ///< made if absent; its parents too
    Keep keep;
    Timing timing = Timing::automatic;
    Names names = Names::local;
    std::chrono::milliseconds max_gap{60'000};  ///< see mux::Job
    Milliseconds sync_interval{1000};           ///< 0: never (the system's own write-back only)
    /// A recording goes on in another one before its dump is larger; 0: none.
    std::uint64_t max_bytes_per_file = 0;
    std::size_t buffer_bytes = std::size_t{64} << 20;  ///< budget of each session's queue
    MemoryBudget* memory = nullptr;  ///< of all peers, which queues are counted in; null: none
    unsigned writers = 2;
    unsigned finalisers = 2;  ///< at most all but one of them at work on large recordings
    /// Larger pictures are recorded, but not decoded for the check and the thumbnail.
    mux::PictureSize picture_max{8192, 8192};
    /// Until a recording whose files could not be made is tried again; each time twice as long.
    std::chrono::milliseconds retry_first{10'000};
    /// Runs what reads and decodes finished files (record/verifier.h); any thread.
    worker::RunJob run_job;
};

/// For /metrics and /api/v1/status.
struct RecorderStatus {
    std::uint64_t sessions_open = 0;
    std::uint64_t finalising = 0;    ///< waiting and running, recovered ones included
    std::uint64_t queued_bytes = 0;  ///< received, not yet written
    std::uint64_t written_bytes = 0;
    std::uint64_t written_messages = 0;
    std::uint64_t bytes_per_second = 0;  ///< over the last ten seconds
    double write_lag_seconds = 0;  ///< longest wait in a queue, of the latest round of any writer
    double sync_seconds = 0;       ///< how long the latest sync took
    double sync_lag_seconds = 0;   ///< age of the oldest byte not known to be on the disk
};

class Recorder {
 public:
    /// Makes and locks the folder, begins to finish what an earlier run left (in the background).
    /// Throws std::system_error, or std::runtime_error with a text for the user if another running
    /// server uses the folder.
    Recorder(Options options, Log log, EventSink sink);

    /// Ends what is open as finish_all with hurry would, joins all threads.
    ~Recorder();
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    /// Any thread; returns at once. The folder appears on a writer thread: Opened, or Failed.
    SessionPtr open(SessionStart start);

    /// The session with that serial; null once its Finished has been told. Any thread.
    SessionPtr session(std::uint64_t serial) const;
    /// The one that is being recorded, or finished, under that id; null: none is. Any thread.
    SessionPtr find(std::string_view id) const;

    /// Ends open sessions (reason shutdown) and waits until all of this run are finished, or until
    /// `deadline` (CLOCK_MONOTONIC ns). Recordings of earlier runs are left where they are. Returns
    /// how many are not finished: their dumps are closed and complete, the next start makes the
    /// MP4s. Any thread but a loop's; open() afterwards throws std::logic_error.
    std::size_t finish_all(std::int64_t deadline_ns);

    /// Makes a running or later finish_all give up conversions at once. Any thread; async-safe it
    /// is not.
    void hurry();

    /// Others wrote so much into the recordings folder: it is synced and counted with the rest. Any
    /// thread.
    void note_written(std::uint64_t bytes);

    RecorderStatus status() const;
    /// Absolute path of the recordings folder.
    const std::string& path() const;

 private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace st::record
