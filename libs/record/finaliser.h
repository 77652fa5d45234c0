#pragma once
/// Worker threads of low priority that turn ended dumps into MP4s. Private to libs/record.
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "mux/convert.h"
#include "record/events.h"
#include "record/folder.h"
#include "record/recorder.h"
#include "record/writer.h"

namespace st::record {

class Finaliser {
 public:
    /// `finished` is called once for each job, on a worker thread.
    Finaliser(Folder& folder, const Options& options, Log log, EventSink sink,
              std::function<void(std::uint64_t serial, Summary summary)> finished,
              std::size_t waiting_max = kWaitingMax);
    /// Hurries, and joins once every job has been answered.
    ~Finaliser();

    /// Jobs of ended sessions that may wait, and of recovered ones. Thousands mean that cameras
    /// start and stop faster than their files can be made.
    static constexpr std::size_t kWaitingMax = 10'000;

    /// Ended sessions go before recovered ones. Any thread. When kWaitingMax of them wait, an ended
    /// session is answered at once, its state "finalising": the next start makes its files. For a
    /// recovered one the call waits until there is room.
    void add(Unfinished job) ST_EXCLUDES(mutex_);

    /// Running conversions are given up, waiting ones not begun: their state stays "finalising".
    void hurry() ST_EXCLUDES(mutex_);

    std::size_t waiting() const ST_EXCLUDES(mutex_);  ///< and running

 private:
    bool enqueue(Unfinished& job) ST_EXCLUDES(mutex_);
    void run();
    void work_on(const Unfinished& job);
    void leave(const Unfinished& job);
    mux::Job mux_job(const Unfinished& job, const std::string& directory) const;
    Result<mux::Report> make_files(const Unfinished& job, const std::string& directory, Meta& meta);
    void apply_keep(int directory, const std::string& path, Meta& meta, bool has_mp4,
                    mux::Report& report);
    void store(int directory, const Meta& meta, const mux::Report& report, Meta& told);
    void log_result(const Meta& meta, const mux::Report& report) const;

    Folder& folder_;
    const Options options_;
    const Log log_;
    const EventSink sink_;
    const std::function<void(std::uint64_t, Summary)> finished_;
    const std::size_t waiting_max_;
    std::stop_source stop_;  ///< requested: hurry

    mutable Mutex mutex_;
    std::condition_variable changed_;
    std::condition_variable room_;  ///< in recovered_
    std::deque<Unfinished> ended_ ST_GUARDED_BY(mutex_);
    std::deque<Unfinished> recovered_ ST_GUARDED_BY(mutex_);
    std::size_t running_ ST_GUARDED_BY(mutex_) = 0;
    bool closing_ ST_GUARDED_BY(mutex_) = false;
    std::vector<std::thread> threads_;
};

}  // namespace st::record
