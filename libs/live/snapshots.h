#pragma once
/// Pictures of live streams: the newest key frame, decoded by a helper program; where a stream is
/// refreshed bit by bit, with what follows it until the picture is whole. docs/live.md.
///
/// Nothing is polled: the control loop hears of a key frame from the stream, of an asker who leaves
/// from his token, and of the deadline from a timer. Decoding waits on threads of its own, one
/// picture of a stream at a time; whoever asks for a stream meanwhile shares the next one. Nothing
/// is decoded for somebody who has left.
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "hub/unit.h"
#include "live/parts.h"
#include "worker/job.h"

namespace st::live {

class Snapshots {
 public:
    /// Pictures decoded at once, of as many streams.
    static constexpr unsigned kThreads = 2;

    /// The bytes of a JPEG. Error.code 404: nobody publishes there; 503: no picture could be had.
    using Done = std::function<void(const Result<std::string>&)>;

    explicit Snapshots(Parts& parts);
    /// What is being decoded is cancelled; not every Done is called.
    ~Snapshots();

    /// The control loop's thread. `done` on any thread, once. A camera nobody watches is asked to
    /// be made into packets first: up to its next key frame passes. `asker`: requested once nobody
    /// waits for the answer. `is_coming`: a stream that is not there is waited for as well.
    void take(const std::string& path, std::stop_token asker, bool is_coming, Done done)
        ST_EXCLUDES(mutex_);

 private:
    struct Wish {
        std::stop_token asker;
        Done done;
    };
    class Wait;
    using WaitPtr = std::shared_ptr<Wait>;
    using Clip = std::vector<hub::UnitPtr>;
    struct Picture {
        Clip clip;  ///< the newest one of those that wishes came with
        std::vector<Wish> wishes;
    };

    void look(const WaitPtr& wait, bool is_late) ST_EXCLUDES(mutex_);
    void enqueue(const std::string& path, Clip clip, Wish wish) ST_EXCLUDES(mutex_);
    void run() ST_EXCLUDES(mutex_);
    void make(Picture picture) const;

    Parts& parts_;
    std::stop_source stop_;
    std::set<WaitPtr> waits_;  ///< without their pictures yet; the control loop's thread

    Mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, Picture> wanted_ ST_GUARDED_BY(mutex_);  ///< by path
    std::deque<std::string> order_ ST_GUARDED_BY(mutex_);  ///< paths none of which is in hand
    std::set<std::string> in_hand_ ST_GUARDED_BY(mutex_);
    std::vector<std::thread> threads_;
};

}  // namespace st::live
