#pragma once
/// The recording that a camera's connection writes into: open, or being finished, or none. Follows
/// it into the next when its file is full. Lives on the camera's network loop.
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "camera/preroll.h"
#include "capture/camera_link.h"
#include "capture/round_trip.h"
#include "media/nal_peek.h"
#include "record/session.h"

namespace st::capture {

/// Of a camera of that name; `order`: what it was started with, if it did not begin by itself.
record::SessionStart to_session_start(const std::string& name, const LinkPtr& link,
                                      const std::optional<StartOrder>& order);

class CameraRecording {
 public:
    using Open = std::function<record::SessionPtr(record::SessionStart)>;

    /// `timers` outlives this. `send_ping`: the round trip is measured while a recording is open.
    CameraRecording(Open open, loop::Timers& timers, RoundTrip::SendPing send_ping)
        : open_(std::move(open)), timers_(timers), trip_(timers, std::move(send_ping)) {}

    bool is_open() const { return session_ != nullptr; }
    /// The last one that ended is still being finished.
    bool is_finishing() const { return last_ended_ != nullptr; }
    /// Of the open one; "" until its folder is there.
    const std::string& id() const { return id_; }
    /// Null: none is open.
    const record::SessionPtr& session() const { return session_; }
    /// Null: it is finished, or none was.
    const record::SessionPtr& last_ended() const { return last_ended_; }

    /// `now_ns`: arrival of what caused it.
    void begin(record::SessionStart start, std::int64_t now_ns);
    /// `end` without what is counted and measured here.
    void end(record::SessionEnd end);
    /// It stays open, for another connection.
    void keep(Suspended& kept);
    void take(const Suspended& kept);

    // While one is open:
    /// A frame. False: no more is to be read until there is room.
    bool add(SharedBuffer message, const media::NalPeek& peek, std::int64_t arrival_ns,
             bool is_understood);
    /// A frame that came before the recording began.
    void add_held(camera::HeldMessage held, const media::NalPeek& peek);
    /// Parameter sets that have to stand before the next picture.
    void add_sets(camera::HeldMessage sets);
    /// No frame has come since it began.
    bool is_fresh() const { return frames_ == 0; }
    bool is_older_than(std::chrono::nanoseconds age, std::int64_t now_ns) const {
        return now_ns - began_ns_ >= age.count();
    }

    // These have no effect without an open one:
    void note(std::string_view json, std::int64_t arrival_ns);
    /// Whoever reads the dump knows the camera's clock as well as we do.
    void note(const clock::Exchange& exchange, std::int64_t arrival_ns);
    /// If there is one: what came late.
    void note(const std::optional<camera::ResumedNote>& resumed, std::int64_t arrival_ns);
    void count_bad() { ++dropped_.bad; }
    void count_undecodable() { ++dropped_.undecodable; }

    void on_pong(std::string_view payload, std::int64_t now_ns);

    /// True: the recorder goes on in another recording, since a file was full; it is the open one.
    bool follow();
    bool is_open(std::uint64_t serial) const { return session_ && session_->serial() == serial; }
    bool is_last_ended(std::uint64_t serial) const {
        return last_ended_ && last_ended_->serial() == serial;
    }
    void opened(std::string id) { id_ = std::move(id); }
    void finished() { last_ended_.reset(); }

 private:
    void count(Bytes message, const media::NalPeek& peek, std::int64_t arrival_ns);

    const Open open_;
    loop::Timers& timers_;
    RoundTrip trip_;
    record::SessionPtr session_;
    record::SessionPtr last_ended_;  ///< while it is finalised
    std::string id_;
    std::int64_t began_ns_ = 0;
    std::uint64_t frames_ = 0;
    record::DroppedCounts dropped_;  ///< but for before_start
};

}  // namespace st::capture
