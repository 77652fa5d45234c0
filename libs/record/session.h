#pragma once
/// One recording while it is being made: what a loop hands over, and where the writer finds it.
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/memory_budget.h"
#include "base/sync.h"
#include "camera/message.h"
#include "camera/states.h"
#include "record/live_figures.h"

namespace st::record {

using camera::EndReason;

/// How a WebSocket connection closed, as in session.json.
struct CloseCode {
    std::uint16_t code = 1006;
    std::string reason;
};

/// What is known when a recording begins.
struct SessionStart {
    std::string camera;  ///< a valid name (base/name.h), else open() throws std::invalid_argument
    std::string peer;    ///< address:port
    std::string path;    ///< of the WebSocket request
    std::optional<std::string> take;
    std::optional<camera::StartParameters> parameters;  ///< none: the camera began by itself
    std::string capabilities;                           ///< its JSON object as sent; "" = none came
    std::string started_by;                             ///< "user@host"; "" = nobody said
    /// 2, 3 ...: of a camera that dropped out and was started again.
    unsigned part = 1;
    bool is_jpeg = false;         ///< each message is a JPEG picture, else H.264
    std::int64_t started_us = 0;  ///< wall clock
    /// CLOCK_MONOTONIC at the same moment.
    std::int64_t started_ns = 0;
    /// Arrival of the first frame that was held from before, if one was: arrival times count from
    /// it.
    std::optional<std::int64_t> first_held_ns;
    /// Whatever the caller wants to find again in the events of this session.
    std::shared_ptr<void> owner;
};

/// Messages of this camera that are in no picture of the recording.
struct DroppedCounts {
    std::uint64_t before_start = 0;
    std::uint64_t bad = 0;          ///< not as the protocol has them: not recorded
    std::uint64_t undecodable = 0;  ///< recorded, but not H.264 in a form that is known
};

/// What is known when a recording ends.
struct SessionEnd {
    EndReason reason = EndReason::stopped;
    std::optional<CloseCode> close = std::nullopt;
    DroppedCounts dropped = {};
    /// The least time that a ping took there and back meanwhile; none: not measured.
    std::optional<std::int64_t> ping_us = std::nullopt;
    std::string stopped_by = {};  ///< "user@host"; "" = nobody said
    /// As SessionStart's, for a camera that said them later; "" = those hold.
    std::string capabilities = {};
};

class Mailbox;  // of the writer thread; private to libs/record
class Session;
using SessionPtr = std::shared_ptr<Session>;

/// push: one thread (the camera's loop). The rest: any thread.
/// Whoever holds the pointer keeps only this small object alive, not the file.
class Session : public std::enable_shared_from_this<Session> {
 public:
    Session(std::uint64_t serial, SessionStart start, std::size_t budget_bytes,
            std::shared_ptr<Mailbox> writer);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Queues one whole camera message (16-byte header and payload); never blocks on the disk.
    /// False: the queue is now over its budget, or memory is short: stop reading this camera's
    /// socket until the event Room. The message is taken in any case; nothing is dropped, except
    /// after the session failed or ended, when there is nowhere left to put it. `is_understood`:
    /// H.264 in a known form.
    bool push(SharedBuffer message, std::int64_t arrival_ns, bool is_understood = true)
        ST_EXCLUDES(mutex_);
    bool push(Buffer message, std::int64_t arrival_ns, bool is_understood = true)
        ST_EXCLUDES(mutex_) {
        return push(share(std::move(message)), arrival_ns, is_understood);
    }

    /// Something that readers of the dump need to know of the messages around it: a JSON object
    /// (docs/dump.md, "Notes"). As push().
    bool push_note(std::string_view json, std::int64_t arrival_ns) ST_EXCLUDES(mutex_);

    /// A ping to the camera took so long there and back: the least of them is in the recording,
    /// whoever ends it, and in those that go on with it. Any thread.
    void note_ping(std::int64_t us) ST_EXCLUDES(mutex_);
    /// The least that was noted; nullopt: none was.
    std::optional<std::int64_t> ping_us() const ST_EXCLUDES(mutex_);

    /// No more messages: what is queued is written, then the finaliser takes over. Only the first
    /// call counts. Any thread: a message pushed meanwhile is in the recording or dropped.
    void end(SessionEnd end) ST_EXCLUDES(mutex_);
    void end(EndReason reason) { end(SessionEnd{reason}); }

    /// The recording that goes on with this one since its file was full, which takes what is pushed
    /// here and is ended by end(); this one if its file is not. Any thread.
    SessionPtr latest() ST_EXCLUDES(mutex_);

    std::uint64_t serial() const { return serial_; }  ///< unique in this process, never reused
    const std::string& camera() const { return start_.camera; }
    const SessionStart& start() const { return start_; }
    /// The recording's id, the name of its folder; "" until the event Opened.
    std::string id() const;

    /// What came so far.
    LiveFigures& figures() { return figures_; }
    const LiveFigures& figures() const { return figures_; }

    /// Of the last message that is in the file; nullopt: none is yet.
    std::optional<std::uint32_t> written_seq() const {
        const std::int64_t seq = written_seq_.load(std::memory_order_relaxed);
        return seq < 0 ? std::nullopt : std::optional(static_cast<std::uint32_t>(seq));
    }

    /// What waits for the disk, with what goes along with each message.
    std::size_t queued_bytes() const { return queued_bytes_.load(std::memory_order_relaxed); }
    /// push() was false, and the event Room has not been since.
    bool wants_room() const { return room_wanted_.load(); }
    bool failed() const { return failed_.load(std::memory_order_relaxed); }
    bool ended() const { return ended_.load(std::memory_order_relaxed); }

    /// CLOCK_MONOTONIC when the finaliser last got on (0: not begun), and how far it is: `stop`
    /// counts its time-out from here.
    std::int64_t last_progress_ns() const { return progress_ns_.load(std::memory_order_relaxed); }
    std::uint64_t progress_bytes() const { return progress_bytes_.load(std::memory_order_relaxed); }
    std::uint64_t total_bytes() const { return total_bytes_.load(std::memory_order_relaxed); }
    /// The finaliser has got so far.
    void note_progress(std::uint64_t done_bytes, std::uint64_t total_bytes, std::int64_t now_ns) {
        progress_bytes_.store(done_bytes, std::memory_order_relaxed);
        total_bytes_.store(total_bytes, std::memory_order_relaxed);
        progress_ns_.store(now_ns, std::memory_order_relaxed);
    }

    struct Item {
        SharedBuffer message;
        std::int64_t arrival_ns;
        bool is_understood = true;
        bool is_note = false;  ///< JSON, no message of the camera

        /// What it takes while it is queued; nothing once its message is written.
        std::size_t held_bytes() const {
            constexpr std::size_t kSharing = 64;  // of a shared buffer, and of the allocator
            return message ? message->capacity() + sizeof(Item) + kSharing : 0;
        }
    };
    struct End : SessionEnd {
        std::int64_t ended_us;
    };

    /// The writer's, when the file is full: `next` goes on with `unwritten`, with what is queued
    /// here, and with the end if there was one.
    void hand_over(const SessionPtr& next, std::vector<Item> unwritten, std::optional<End> end)
        ST_EXCLUDES(mutex_);

 private:
    friend class Writer;  // the threads of libs/record
    friend class Finaliser;
    friend class Recorder;

    /// What is queued counts against `memory` (null: against nothing); once, before any push.
    void count_in(MemoryBudget* memory) ST_EXCLUDES(mutex_);
    void begin();  ///< has the writer make the folder; once, by the recorder
    bool enqueue(Item item) ST_EXCLUDES(mutex_);
    /// Counts what is queued. False: there is not enough memory for more.
    bool account() ST_REQUIRES(mutex_);

    bool has_handed_over() const ST_EXCLUDES(mutex_);

    const std::uint64_t serial_;
    const SessionStart start_;
    const std::size_t budget_bytes_;
    const std::shared_ptr<Mailbox> writer_;

    LiveFigures figures_;
    std::atomic<std::int64_t> written_seq_{-1};
    std::atomic<std::size_t> queued_bytes_{0};
    std::atomic<bool> failed_{false};
    std::atomic<bool> ended_{false};
    std::atomic<bool> room_wanted_{false};  ///< over budget was said and Room not yet
    std::atomic<std::int64_t> progress_ns_{0};
    std::atomic<std::uint64_t> progress_bytes_{0};
    std::atomic<std::uint64_t> total_bytes_{0};

    mutable Mutex mutex_;
    std::vector<Item> queue_ ST_GUARDED_BY(mutex_);
    bool scheduled_ ST_GUARDED_BY(mutex_) = false;  ///< the writer knows there is work
    std::optional<End> end_ ST_GUARDED_BY(mutex_);
    bool is_served_ ST_GUARDED_BY(mutex_) = false;  ///< the writer has seen its end
    std::unique_ptr<MemoryBudget::Holder> held_ ST_GUARDED_BY(mutex_);
    std::string id_ ST_GUARDED_BY(mutex_);
    std::optional<std::int64_t> ping_us_ ST_GUARDED_BY(mutex_);
    SessionPtr next_ ST_GUARDED_BY(mutex_);  ///< took over
};

}  // namespace st::record
