#pragma once
/// Worker threads of low priority that turn ended dumps into MP4s. Private to libs/record.
#include <atomic>
#include <condition_variable>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "mux/convert.h"
#include "record/events.h"
#include "record/finalising_queue.h"
#include "record/folder.h"
#include "record/recorder.h"
#include "record/writer.h"

namespace st::record {

/// What became of a job.
struct Outcome {
    Summary summary;
    /// The disk or the system had no room for it, not the recording: another try may succeed.
    bool is_worth_another_try = false;
};

class Finaliser {
 public:
    using Answer = std::function<void(const Unfinished& job, Outcome outcome)>;

    /// `finished` is called once for each job, on a worker thread.
    Finaliser(Folder& folder, const Options& options, Log log, EventSink sink, Answer finished,
              std::size_t waiting_max = kWaitingMax);
    /// Hurries, and joins once every job has been answered.
    ~Finaliser();

    /// Jobs of ended sessions that may wait, and of recovered ones. Thousands mean that cameras
    /// start and stop faster than their files can be made.
    static constexpr std::size_t kWaitingMax = 10'000;
    /// Parts that a recording is cut into as its pictures change their size.
    static constexpr unsigned kPartsMax = 32;
    /// Processor time for decoding the pictures of a recording: at first, and once it counts as a
    /// large one. What that is not enough for is kept undecoded.
    static constexpr std::chrono::milliseconds kDecodingAtFirst{1'000};
    static constexpr std::chrono::milliseconds kDecodingMax{10'000};

    /// See FinalisingQueue for the order. Any thread. When kWaitingMax of them wait, an ended
    /// session is answered at once, its state "finalising": the next start makes its files. For a
    /// recovered one the call waits until there is room.
    void add(Unfinished job) ST_EXCLUDES(mutex_);

    /// Recovered jobs are answered without having been done; those at work are given up, and so are
    /// those that come.
    void leave_recovered() ST_EXCLUDES(mutex_);
    /// The same for all jobs: their state stays "finalising".
    void hurry() ST_EXCLUDES(mutex_);

    std::size_t waiting() const ST_EXCLUDES(mutex_);  ///< and running

 private:
    bool enqueue(Unfinished& job) ST_EXCLUDES(mutex_);
    void run();
    bool is_given_up(const Unfinished& job) const;
    void work_on(Unfinished job);
    void leave(const Unfinished& job);
    void finish(Unfinished job);
    mux::Job mux_job(const Unfinished& job, const std::string& directory) const;
    struct Made;
    Made make_files(const Unfinished& job, const std::string& directory, int dump, Meta& meta);
    void make_h264(const mux::Job& of, const std::string& directory, Meta& meta, Made& made);
    std::string only_in_dump(const Meta& meta, const mux::Report& report) const;
    bool keeps_dump(const Meta& meta, const mux::Report& report, bool has_mp4) const;
    void apply_keep(int directory, const std::string& path, Meta& meta, bool has_mp4,
                    mux::Report& report);
    bool store(int directory, Meta& meta, const mux::Report& report);
    void log_result(const Meta& meta, const mux::Report& report) const;

    Folder& folder_;
    const Options options_;
    const Log log_;
    const EventSink sink_;
    const Answer finished_;
    const std::size_t waiting_max_;
    const std::size_t large_max_;  ///< threads that may be at work on large recordings
    std::stop_source stop_;        ///< requested: hurry
    std::stop_source stop_recovered_;

    mutable Mutex mutex_;
    std::condition_variable changed_;
    std::condition_variable room_;  ///< among the recovered
    FinalisingQueue queue_ ST_GUARDED_BY(mutex_);
    std::size_t running_ ST_GUARDED_BY(mutex_) = 0;
    std::size_t running_large_ ST_GUARDED_BY(mutex_) = 0;
    bool closing_ ST_GUARDED_BY(mutex_) = false;
    std::vector<std::thread> threads_;
};

}  // namespace st::record
