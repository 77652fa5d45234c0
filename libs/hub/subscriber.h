#pragma once
/// One viewer's place in a stream: what it has been given, what waits for it, and what is done when
/// it is slow. The queue's thread only, but for the record.
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hub/delivery_queue.h"
#include "hub/options.h"
#include "hub/unit.h"
#include "hub/viewer.h"

namespace st::hub {

class Stream;

class Subscriber : public std::enable_shared_from_this<Subscriber> {
 public:
    /// `executor`: of the viewer's delivery queue.
    Subscriber(Viewer& viewer, std::shared_ptr<Stream> stream, Executor& executor, FormId form,
               QueueLimits limits, std::shared_ptr<ViewerRecord> record)
        : viewer_(&viewer),
          sink_(&viewer.sink()),
          stream_(std::move(stream)),
          executor_(executor),
          form_(form),
          limits_(limits),
          record_(std::move(record)) {}

    /// Packets up to `serial` are not for this viewer; `cached` are what it gets in their place,
    /// beginning with an entry, or nothing: then it waits for the next entry.
    void start(std::uint64_t serial, std::span<const UnitPtr> cached, std::int64_t now_ns);
    std::uint64_t joined_serial() const { return joined_serial_; }

    /// Only these tracks from now on; headers and metadata always. Pictures that were left out are
    /// taken up again at a key frame.
    void choose(Tracks wanted);

    /// Nothing waits and nothing is awaited: what begins with `serial` may go out as it is.
    bool keeps_up(std::uint64_t serial) const {
        return !is_waiting_ && !is_choosy_ && serial > joined_serial_ &&
               queue_begin_ == queue_.size() && viewer_ != nullptr && sink_->queued_bytes() == 0;
    }
    /// Soon to be passed on to: what that touches lies apart, and sending to the others has pushed
    /// it out of the caches.
    void prefetch() const {
        __builtin_prefetch(sink_);
        __builtin_prefetch(&record_->bytes, 1);
    }
    void pass_on(std::span<const SharedBuffer> wires, std::size_t bytes);
    void take(std::span<const UnitPtr> units, std::int64_t now_ns);

    /// The viewer's socket took everything that was sent.
    void on_drained(std::int64_t now_ns);
    /// Closes a viewer that has taken nothing for too long.
    void check(std::int64_t now_ns);
    bool is_idle() const {
        return viewer_ == nullptr || (queue_begin_ == queue_.size() && sink_->queued_bytes() == 0);
    }

    /// EndReason::ended lets a viewer that has begun have what waits for it first, and one that has
    /// not go on waiting: for it nothing has ended. Any other is the end at once.
    /// `is_hopeless`: also if nothing was sent yet.
    void end(EndReason reason, bool is_hopeless = false);
    /// `by` ends it, at once.
    void kick(const std::string& by);
    /// The viewer is gone; no call reaches it any more.
    void leave() { viewer_ = nullptr; }
    void tell_publisher_changed() {
        if (viewer_ != nullptr) viewer_->publisher_changed();
    }

    ViewerRecord& record() const { return *record_; }
    const std::shared_ptr<Stream>& stream() const { return stream_; }
    const std::string& end_text() const { return end_text_; }

 private:
    /// Handed to the socket at once: enough for one call, little enough to be cut soon.
    static constexpr std::size_t kBurstBuffers = 64;
    static constexpr std::size_t kBurstBytes = 256 * 1024;
    static constexpr std::int64_t kSlowEventNs = 10'000'000'000;

    struct Waiting {
        UnitPtr unit;
        std::int64_t since_ns;
    };

    bool wants(const media::Packet& packet);
    void enter(const UnitPtr& entry, std::int64_t now_ns);
    std::vector<UnitPtr> headers_of(const Unit& entry);
    void queue(UnitPtr unit, std::int64_t now_ns);
    void send_queued();
    void finish(EndReason reason, const std::string& by = {});
    void keep_within_limits(std::int64_t now_ns);
    void cut(std::int64_t now_ns);
    std::size_t drop_before(std::size_t index);
    void note_queue();
    bool is_over_limits(std::int64_t now_ns) const;

    Viewer* viewer_;  ///< null: it is gone, and so is its sink
    Sink* const sink_;
    const std::shared_ptr<Stream> stream_;
    Executor& executor_;
    const FormId form_;
    const QueueLimits limits_;
    const std::shared_ptr<ViewerRecord> record_;

    media::PacketPtr metadata_;  ///< of the stream, as the viewer was told it last
    std::uint64_t joined_serial_ = 0;
    bool is_waiting_ = true;  ///< for an entry
    bool is_choosy_ = false;  ///< not everything is for it
    bool has_begun_ = false;
    bool is_ending_ = false;  ///< the stream is over: only what is queued goes out yet
    Tracks wanted_{true, true};
    bool awaits_key_ = false;
    std::vector<Waiting> queue_;
    std::size_t queue_begin_ = 0;
    std::size_t queued_bytes_ = 0;  ///< in queue_
    std::size_t burst_bytes_ = 0;  ///< beyond the limit: of the cache at the start, until it is out
    std::uint64_t handed_bytes_ = 0;
    std::uint64_t taken_bytes_ = 0;  ///< by the socket, when last looked at
    std::int64_t taken_ns_ = 0;      ///< when that last grew
    std::int64_t told_slow_ns_ = 0;
    std::string end_text_ = "viewer left";
};

}  // namespace st::hub
