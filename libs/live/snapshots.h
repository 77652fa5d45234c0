#pragma once
/// Pictures of live streams: the newest key frame, decoded by a helper program; where a stream is
/// refreshed bit by bit, with what follows it until the picture is whole. docs/live.md.
///
/// Decoding waits on threads of its own, one picture of a stream at a time; whoever asks for a
/// stream meanwhile shares the next one. Nothing is decoded for somebody who has left.
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "hub/stream.h"
#include "hub/unit.h"
#include "live/parts.h"
#include "worker/job.h"

namespace st::live {

/// Who waits for a picture: gone, it is not made for him. nullopt: not known.
using Asker = std::optional<std::weak_ptr<const void>>;

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
    /// be made into packets first: up to its next key frame passes. `is_coming`: a stream that is
    /// not there is waited for as well.
    void take(const std::string& path, const Asker& asker, bool is_coming, const Done& done)
        ST_EXCLUDES(mutex_);

 private:
    struct Wish {
        Asker asker;
        Done done;
        bool waits_for_stream = false;
        std::weak_ptr<hub::Stream> asked;  ///< has been told that it is wanted
        bool is_over() const { return asker && asker->expired(); }
    };
    using Clip = std::vector<hub::UnitPtr>;
    struct Picture {
        Clip clip;  ///< the newest one of those that wishes came with
        std::vector<Wish> wishes;
    };

    void wait_for_clip(const std::string& path, std::int64_t deadline_ns, Wish wish, Clip clip);
    void enqueue(const std::string& path, Clip clip, const Wish& wish) ST_EXCLUDES(mutex_);
    void run() ST_EXCLUDES(mutex_);
    void make(Picture picture) const;

    Parts& parts_;
    std::stop_source stop_;

    Mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, Picture> wanted_ ST_GUARDED_BY(mutex_);  ///< by path
    std::deque<std::string> order_ ST_GUARDED_BY(mutex_);  ///< paths none of which is in hand
    std::set<std::string> in_hand_ ST_GUARDED_BY(mutex_);
    std::vector<std::thread> threads_;
};

}  // namespace st::live
