#pragma once
/// What each connection of a camera records, and which requests wait for it: from its first request
/// or recording to the last answer. Control loop only.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "capture/cameras.h"
#include "control/stop.h"
#include "record/session.h"

namespace st::capture {

/// A recording that is not finished yet.
struct Recording {
    record::SessionPtr session;
    std::string id;
    std::string tag = {};     ///< of the start that it goes back to
    std::uint64_t owner = 0;  ///< the start itself
    bool has_ended = false;   ///< takes no more messages; its files are being made

    control::RecordingState state() const {
        return has_ended ? control::RecordingState::finalising : control::RecordingState::recording;
    }
};

struct Tracked {
    std::string name;
    std::map<std::uint64_t, Recording> recordings;  ///< by serial: the newest is last
    std::set<std::uint64_t> starts;                 ///< that wait for it
    std::set<std::uint64_t> stops;
    std::optional<StartOrder> asked;  ///< what was sent to it last
    std::uint64_t called_off = 0;     ///< a start that was stopped before it was heard of
    /// A recording that failed by itself, until the next stop says so.
    std::optional<control::StopResult> untold;
    bool has_left = false;    ///< what became of its last recording is known
    bool is_leaving = false;  ///< gone; what it recorded is being opened

    /// Null: it has none that is not finished.
    const Recording* newest() const {
        return recordings.empty() ? nullptr : &recordings.rbegin()->second;
    }
    /// One that is not finished, behind or before this one of the same start: its file was full, it
    /// lasted for max_session, or the camera began anew.
    bool has_other_part_of(const Recording& one) const;
    /// One that was begun by the start with that tag.
    bool has_of(const std::string& tag) const;
    /// The start with that tag, if what it began takes messages still; 0: it has ended, or was not.
    std::uint64_t open_of(const std::string& tag) const;
};

class Tracking {
 public:
    explicit Tracking(const Cameras& cameras) : cameras_(cameras) {}

    Tracked& of(const LinkPtr& link);
    Tracked& at(std::uint64_t link, const std::string& name);
    Tracked& at(std::uint64_t link) { return tracked_.at(link); }
    Tracked* find(std::uint64_t link);
    const Tracked* find(std::uint64_t link) const;
    const std::unordered_map<std::uint64_t, Tracked>& all() const { return tracked_; }

    /// Forgets a connection that is gone and that nobody waits for.
    void forget_if_idle(std::uint64_t link);
    /// What an old connection recorded is a new one's. What was known of the old one; nullopt:
    /// nothing was.
    std::optional<Tracked> follow(const LinkPtr& from, const LinkPtr& to);

    /// An earlier connection of that camera records, as far as is known here: what becomes of that
    /// is about to be told.
    bool is_being_left(const CameraLink& by) const;
    /// A recording of that take is open.
    bool is_recording(const std::string& take) const;
    /// What came from those connections and what the finaliser has done for them: grows while they
    /// get on.
    std::uint64_t progress_of(const std::map<std::uint64_t, std::string>& links) const;

 private:
    const Cameras& cameras_;
    std::unordered_map<std::uint64_t, Tracked> tracked_;  ///< by link id
};

}  // namespace st::capture
