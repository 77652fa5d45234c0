#pragma once
/// The cameras that a capture records, watched while they do. Main thread.
#include <map>
#include <optional>
#include <set>
#include <string>

#include "control/camera_status.h"
#include "streamctl/commands/capture_outcome.h"
#include "streamctl/commands/commands.h"
#include "streamctl/commands/follow.h"
#include "streamctl/commands/sizes.h"

namespace st::streamctl {

class CaptureWatch {
 public:
    enum class Ended { duration, signal, all_lost };

    /// `outcome` gets the recordings that end meanwhile.
    CaptureWatch(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console,
                 CaptureOutcome& outcome)
        : client_(client),
          interrupt_(interrupt),
          console_(console),
          outcome_(outcome),
          sizes_(options.start.parameters, console) {}

    void add(const WatchedCamera& camera) { cameras_.emplace(camera.camera(), camera); }
    /// Those that record still.
    const std::map<std::string, WatchedCamera>& cameras() const { return cameras_; }
    /// A camera dropped out meanwhile: pictures are missing.
    bool dropped_out() const { return dropped_out_; }

    /// From now on losses are heard of.
    void subscribe();
    /// Until `duration` has passed since now, Ctrl-C came, or no camera is left. Throws what bear()
    /// throws.
    Ended wait(std::optional<milliseconds> duration);

    /// Recording goes on whether the server can be asked or not: says once that it cannot.
    /// In its handler: passes it on once the server has been gone for ten seconds, or refuses us a
    /// second time, with a token that was read meanwhile.
    void bear(const Failed& failed, const char* consequence);
    /// The next failure is said again.
    void forget_failures() { is_cut_off_ = false; }

 private:
    /// Until `deadline`, or there is news; true: until Ctrl-C.
    bool rest(Clock::time_point deadline);
    /// True if an event says that a camera may be lost.
    bool heard_of_a_loss();
    /// Looks after the cameras, if the server can be asked.
    void look();
    /// Says at once which camera is no longer recording its session.
    void look_after();
    void lose(const WatchedCamera& one, const std::string& why);
    void show_progress(const std::map<std::string, control::CameraStatus>& now);

    ApiClient& client_;
    Interrupt& interrupt_;
    Console& console_;
    CaptureOutcome& outcome_;
    SizeWatch sizes_;
    std::map<std::string, WatchedCamera> cameras_;
    std::set<std::string> given_up_;  ///< cameras that the server does not start again
    Clock::time_point begin_{};
    Clock::time_point end_ = Clock::time_point::max();
    Clock::time_point disk_looked_{};
    std::string disk_;
    bool dropped_out_ = false;
    bool is_interrupted_ = false;
    bool is_subscribed_ = false;
    bool is_cut_off_ = false;                      ///< the server cannot be asked, which was said
    bool is_shut_out_ = false;                     ///< the last answer was that we may not ask
    std::optional<Clock::time_point> gone_since_;  ///< nobody has listened there
};

}  // namespace st::streamctl
