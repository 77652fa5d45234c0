#pragma once
/// Stopping cameras: what is meant by a stop, and which stops wait for which recordings. Control
/// loop only.
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/current.h"
#include "capture/cameras.h"
#include "capture/meant_captures.h"
#include "capture/pending.h"
#include "capture/previews.h"
#include "capture/starts.h"
#include "capture/suspensions.h"
#include "capture/tracking.h"
#include "control/stop.h"

namespace st::capture {

class Stops {
 public:
    using Done = std::function<void(control::Decoded<control::StopReply>)>;

    /// What it asks and tells. All of it outlives this.
    struct Uses {
        const Current<Options>& options;
        const Cameras& cameras;
        Tracking& tracking;
        MeantCaptures& meant;
        const Starts& starts;
        Previews& previews;
        Suspensions& suspensions;
        loop::Timers& timers;
    };
    explicit Stops(Uses uses) : uses_(uses) {}

    void stop(const control::StopRequest& request, Done done);
    /// What became of a camera's recording, to the stops that wait for it: their last word of it.
    void answer(const LinkPtr& link, const control::StopResult& result, bool is_fine);
    /// What became of one part, of which another is not finished.
    void add(const Tracked& to, const control::StopResult& result, bool is_fine);
    /// What waited for the old connection waits for the new one.
    void follow(const Tracked& what, std::uint64_t from, std::uint64_t to);
    /// A camera has ended its recording, whose files are being made: the stops that wait for it
    /// count their time from now on.
    void ended(const Tracked& one);

 private:
    struct Waiting : Pending<control::StopReply> {
        std::set<std::string> away;  ///< cameras that dropped out and have not come back
        std::chrono::milliseconds timeout{};
        std::uint64_t progress_seen = 0;
    };

    bool take_meant(const std::string& name, const control::StopRequest& request, Waiting& stop,
                    StopOrder& order);
    std::vector<std::string> add_targets(const control::StopRequest& request, Waiting& stop);
    void add_target(const std::string& name, const control::StopRequest& request, Waiting& stop,
                    const std::multimap<std::string, std::uint64_t>& gone);
    static void complete(Waiting& stop);
    void finish_unawaited(Waiting stop) const;
    void arm(std::uint64_t id, std::chrono::nanoseconds after);
    void time_out(std::uint64_t id);
    void finish(std::uint64_t id);

    const Uses uses_;
    std::uint64_t next_id_ = 1;
    std::map<std::uint64_t, Waiting> stops_;
};

}  // namespace st::capture
