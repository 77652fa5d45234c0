#pragma once
/// Starting cameras: who is asked, which starts wait for which answers. Control loop only.
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "capture/cameras.h"
#include "capture/meant_captures.h"
#include "capture/pending.h"
#include "capture/refusals.h"
#include "capture/tracking.h"
#include "control/start.h"

namespace st::capture {

class Starts {
 public:
    using Done = std::function<void(control::Decoded<control::StartReply>)>;

    Starts(const Cameras& cameras, Tracking& tracking, const MeantCaptures& meant,
           loop::Timers& timers)
        : cameras_(cameras), tracking_(tracking), meant_(meant), timers_(timers) {}

    /// `has_take`: there are recordings of `request.take`, which must not be added to by accident.
    void start(const control::StartRequest& request, bool has_take, Done done);
    /// What a camera told or became, to the starts that wait for it.
    void answer(const LinkPtr& link, const CameraAnswer& answer);
    /// What waited for the old connection waits for the new one.
    void follow(const Tracked& what, std::uint64_t from, std::uint64_t to);

    /// Of a start with that owner that has been sent to the camera and is not heard of yet; 0: of
    /// none.
    std::uint64_t unheard(const Tracked& one, const std::string& owner) const;
    /// StartOrder::owner of one that nobody asked for.
    std::uint64_t new_owner() { return next_id_++; }

 private:
    struct Waiting : Pending<control::StartReply> {
        std::uint64_t id = 0;
        control::StartRequest request;
    };

    std::optional<UnderWay> under_way(const CameraEntry& entry) const;
    bool is_take_running(const std::string& take) const;
    std::optional<control::StartReply> refuse_all(const control::StartRequest& request,
                                                  const std::vector<std::string>& names) const;
    std::int64_t common_begin_ns(const std::vector<std::string>& cameras) const;
    control::StartResult result_of(const Waiting& start, const std::string& name,
                                   const Tracked& one, const CameraAnswer& answer) const;
    void finish_unawaited(Waiting start) const;
    void finish(std::uint64_t id);
    void time_out(std::uint64_t id);

    const Cameras& cameras_;
    Tracking& tracking_;
    const MeantCaptures& meant_;
    loop::Timers& timers_;
    std::uint64_t next_id_ = 1;
    std::map<std::uint64_t, Waiting> starts_;
};

}  // namespace st::capture
