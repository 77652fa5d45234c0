#pragma once
/// Cameras that stream without being recorded: because a user asked for it, or because somebody
/// watches. Control loop only.
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "camera/message.h"
#include "capture/cameras.h"
#include "capture/pending.h"
#include "control/error.h"
#include "control/preview.h"
#include "loop/timers.h"

namespace st::capture {

class Previews {
 public:
    using Done = std::function<void(control::Decoded<control::PreviewReply>)>;

    Previews(const Current<Options>& options, Cameras& cameras, loop::Timers& timers)
        : options_(options), cameras_(cameras), timers_(timers) {}

    void preview(const control::PreviewRequest& request, Done done);

    /// How many watch "/camera/<name>" now. With previews_on_view, an idle camera streams for them.
    void on_viewers(const std::string& name, std::size_t viewers);
    /// Somebody wants one picture: calls `then` when the camera streams, if it is to do so for
    /// viewers, or at once.
    void glance(const std::string& name, const std::function<void(bool is_coming)>& then);
    /// Whether the camera is to stream on for those who watch.
    bool is_watched(const std::string& name) const;

    /// It counts as a camera from now on, and nobody starts it: it streams if it is watched.
    void joined(const CameraEntry& entry);
    /// What became of a preview, to all who wait for it.
    void answer(const LinkPtr& link, control::PreviewOutcome outcome, const std::string& error);
    /// A recording was stopped, and with it what a user wanted to see.
    void forget_wish(std::uint64_t link) { wished_.erase(link); }
    void left(const LinkPtr& link);

 private:
    using Waiting = Pending<control::PreviewReply>;

    static void send(const CameraEntry& entry, const camera::StartParameters& parameters,
                     const std::string& by, std::chrono::milliseconds timeout);
    void end(const CameraEntry& entry);
    std::uint64_t add(Waiting pending, std::chrono::milliseconds patience);
    void finish(std::uint64_t id);
    void time_out(std::uint64_t id);

    const Current<Options>& options_;
    Cameras& cameras_;
    loop::Timers& timers_;
    std::uint64_t next_id_ = 1;
    std::map<std::uint64_t, Waiting> pending_;
    std::map<std::uint64_t, std::set<std::uint64_t>> waiting_;  ///< by link id: which wait for it
    std::set<std::uint64_t> wished_;  ///< links whose preview a user wants, viewers or not
    std::map<std::string, std::size_t> viewers_;  ///< of cameras that have any
    std::map<std::string, std::size_t> glances_;  ///< who waits for a picture counts as well
};

}  // namespace st::capture
