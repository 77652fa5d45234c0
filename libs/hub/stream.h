#pragma once
/// One live stream: what its publisher pushes, made into packets on the stream's own time line,
/// cached from the last entry on, and put into each delivery queue once. Any thread; one lock, held
/// for a copy of a packet's bytes at most.
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/sync.h"
#include "hub/delivery_queue.h"
#include "hub/events.h"
#include "hub/gop_cache.h"
#include "hub/history.h"
#include "hub/statistics.h"
#include "hub/stream_memory.h"
#include "hub/tap.h"
#include "hub/timeline.h"
#include "hub/unit.h"
#include "hub/viewer.h"

namespace st::hub {

/// What a publisher received and may make packets of, or not.
struct Arrival {
    std::size_t bytes = 0;
    bool is_picture = false;  ///< begins one
    bool is_key = false;      ///< ... that a decoder may begin with
    /// What the publisher keeps instead of the hub: all since the last key frame.
    std::size_t kept_packets = 0;
    std::size_t kept_bytes = 0;
    std::int64_t now_ns = 0;
};

/// What a stream looks like from outside.
struct StreamStatus {
    std::string path;
    bool is_live = false;     ///< has a publisher; else viewers wait for one
    bool is_refused = false;  ///< nothing of its last publisher could be used: unusable_why
    PublisherInfo publisher;
    std::int64_t since_us = 0;  ///< wall clock; of the publisher
    media::PacketPtr video;     ///< its configuration, if any
    media::PacketPtr audio;
    bool has_video = false;
    bool has_audio = false;
    std::optional<std::uint32_t> flv_video;  ///< codec_tag of one that is passed through
    std::optional<std::uint32_t> flv_audio;
    Statistics statistics;
    std::uint64_t jumps = 0;
    std::uint64_t unusable = 0;  ///< packets of the publisher
    std::string unusable_why;    ///< of the last one
    std::size_t viewers = 0;
    std::uint64_t dropped = 0;  ///< for viewers that have left
    std::uint64_t queue_bytes_max = 0;
    std::size_t gop_packets = 0;  ///< kept for whoever comes, by the hub or the publisher
    std::size_t gop_bytes = 0;
    bool is_kept = false;                ///< somebody who comes now need not wait for a key frame
    std::optional<std::int64_t> key_ns;  ///< when its last key frame came
};

/// Where time 0 of a stream is on the server's wall clock, by its publisher's clock.
struct LineZero {
    std::int64_t wall_us = 0;
    std::int64_t bound_us = 0;
};

/// How packets come into a stream.
enum class Coming : std::uint8_t {
    live,
    measured,  ///< live, and counted already as what they were made of: Stream::count()
    kept,      ///< likewise, from before somebody watched
};

class Stream : public std::enable_shared_from_this<Stream> {
 public:
    struct Place {  ///< what a viewer that joins is given
        GroupPtr group;
        std::uint64_t serial = 0;
        std::vector<UnitPtr> cached;
    };

    /// All but the values outlive it.
    Stream(std::string path, GopLimits limits,
           const std::vector<std::unique_ptr<const Encoding>>& encodings, const EventSink& events,
           StreamMemory& memory)
        : path_(std::move(path)),
          encodings_(encodings),
          events_(events),
          memory_(memory),
          cache_(limits, memory.caches()),
          history_(limits.bytes) {}

    const std::string& path() const { return path_; }

    /// A publisher takes the stream, which nobody holds. `publication`: its number, higher than any
    /// before in the hub.
    void begin(std::uint64_t publication, PublisherPtr publisher, const PublisherInfo& info,
               Clock clock, std::int64_t now_ns, std::int64_t now_us) ST_EXCLUDES(mutex_);
    /// Does nothing unless `publication` holds the stream.
    bool push(std::uint64_t publication, media::Packet packet, std::int64_t now_ns,
              Coming coming = Coming::live) ST_EXCLUDES(mutex_);
    void note_unusable(std::uint64_t publication, const std::string& why) ST_EXCLUDES(mutex_);
    /// What came in, whether packets are made of it or not.
    void count(std::uint64_t publication, const Arrival& arrival) ST_EXCLUDES(mutex_);
    /// The publisher's time `time_ms` is `wall_us` of the server's clock, to +-`bound_us`.
    void note_instant(std::uint64_t publication, std::uint64_t time_ms, LineZero instant)
        ST_EXCLUDES(mutex_);
    /// nullopt: nobody knows.
    std::optional<LineZero> zero() const ST_EXCLUDES(mutex_);
    /// Nothing is pushed from now on until somebody wants the stream: what was kept is given up.
    void pause(std::uint64_t publication) ST_EXCLUDES(mutex_);
    /// Somebody watches, or has just done so.
    bool is_wanted(std::int64_t now_ns) const {
        return watchers_.load(std::memory_order_relaxed) > 0 ||
               now_ns < wanted_until_ns_.load(std::memory_order_relaxed);
    }
    /// Leaves the viewers waiting for another one. False if it did not hold the stream.
    bool leave(std::uint64_t publication) ST_EXCLUDES(mutex_);
    /// Ends all viewers there are, unless there is a publisher, or has been since `publication`.
    /// `is_hopeless`: those too who wait for a first picture.
    bool finish(std::uint64_t publication, bool is_hopeless) ST_EXCLUDES(mutex_);
    PublisherPtr publisher() const ST_EXCLUDES(mutex_);
    /// Number of the last one; 0: there was none.
    std::uint64_t publication() const ST_EXCLUDES(mutex_);

    /// Before the viewer is given the place, prepare() makes what is cached fit for it.
    /// The delivery queue's thread.
    Place join(DeliveryQueue& delivery, FormId form) ST_EXCLUDES(mutex_);
    /// Takes the lock for each packet anew: to encode a whole cache takes its time.
    void prepare(const Place& place) ST_EXCLUDES(mutex_);
    void leave(const GroupPtr& group, const ViewerRecord& record, std::int64_t now_ns)
        ST_EXCLUDES(mutex_);

    /// From now on the tap gets every packet, and at first those that are kept of the last
    /// `preroll` and of the pictures they need. The stream is wanted as long as it has one.
    void attach(TapPtr tap, std::chrono::milliseconds preroll, std::int64_t now_ns)
        ST_EXCLUDES(mutex_);
    void detach(const Tap& tap, std::int64_t now_ns) ST_EXCLUDES(mutex_);
    /// Keeps packets of the last so much for taps to come, beside the cache.
    void keep_history(std::chrono::milliseconds span) ST_EXCLUDES(mutex_);

    /// The headers for a viewer that begins at `entry`, in this form.
    std::vector<UnitPtr> header_units(const Unit& entry, FormId form) ST_EXCLUDES(mutex_);
    Tracks tracks() const ST_EXCLUDES(mutex_);
    /// Whether nothing will be added to tracks(), as far as the publisher's own words go.
    bool knows_tracks() const ST_EXCLUDES(mutex_);
    StreamStatus status(std::int64_t now_ns = monotonic_ns()) const ST_EXCLUDES(mutex_);
    std::size_t viewers() const ST_EXCLUDES(mutex_);
    bool is_live() const ST_EXCLUDES(mutex_);
    bool is_unused() const ST_EXCLUDES(mutex_);
    /// The newest entry, if whoever comes now begins with it, or it is no older than what is kept
    /// may be; else null.
    UnitPtr newest_entry(std::int64_t now_ns) const ST_EXCLUDES(mutex_);

    /// Whether a viewer may let so much wait for it.
    bool may_queue(std::size_t bytes) const { return memory_.budget().has_room_for(bytes); }
    void tell_slow(const ViewerRecord& record) const;
    std::uint64_t encodings_made() const ST_EXCLUDES(mutex_);  ///< packets times forms

 private:
    struct Members {
        DeliveryQueue* delivery;
        GroupPtr group;
        std::size_t count;
    };

    /// Sound from before the first picture, or before it is clear that there will be none.
    struct Held {
        media::Packet packet;
        std::int64_t moved_ms;  ///< how far the time line had moved when it was mapped
        std::int64_t arrived_ns;
    };

    void count_watchers() ST_REQUIRES(mutex_);
    void drop_if_old(std::int64_t now_ns) ST_REQUIRES(mutex_);
    void note_tracks(const media::Packet& packet) ST_REQUIRES(mutex_);
    void note_config(const media::PacketPtr& packet) ST_REQUIRES(mutex_);
    static void note_further(Headers& headers, const media::PacketPtr& packet);
    bool is_entry(const media::Packet& packet, std::int64_t now_ns) const ST_REQUIRES(mutex_);
    void pass_on(media::Packet packet, std::int64_t now_ns) ST_REQUIRES(mutex_);
    void hold(media::Packet packet, std::int64_t now_ns) ST_REQUIRES(mutex_);
    void drop_held() ST_REQUIRES(mutex_);
    void deliver_held(std::int64_t end_ms, bool begins) ST_REQUIRES(mutex_);
    void deliver(media::Packet packet, bool is_entry, std::int64_t now_ns) ST_REQUIRES(mutex_);
    void note_statistics(const media::Packet& packet, std::int64_t now_ns) ST_REQUIRES(mutex_);
    void encode(const Unit& unit, FormId form) ST_REQUIRES(mutex_);
    void tell_publisher_changed() ST_REQUIRES(mutex_);

    const std::string path_;
    const std::vector<std::unique_ptr<const Encoding>>& encodings_;
    const EventSink& events_;
    StreamMemory& memory_;

    std::atomic<std::size_t> watchers_{0};  ///< viewers and taps, for whoever has no lock
    std::atomic<std::int64_t> wanted_until_ns_{0};

    mutable Mutex mutex_;
    PublisherPtr publisher_ ST_GUARDED_BY(mutex_);
    PublisherInfo info_ ST_GUARDED_BY(mutex_);
    std::int64_t since_us_ ST_GUARDED_BY(mutex_) = 0;
    std::uint64_t publication_ ST_GUARDED_BY(mutex_) = 0;  ///< the last one's number
    std::uint64_t serial_ ST_GUARDED_BY(mutex_) = 0;
    Timeline timeline_ ST_GUARDED_BY(mutex_);
    Timeline begun_timeline_
        ST_GUARDED_BY(mutex_);  ///< as it was before the publisher's first packet
    std::shared_ptr<const Headers> headers_ ST_GUARDED_BY(mutex_) = std::make_shared<Headers>();
    GopCache cache_ ST_GUARDED_BY(mutex_);
    std::vector<Held> held_ ST_GUARDED_BY(mutex_);
    std::size_t held_bytes_ ST_GUARDED_BY(mutex_) = 0;
    MemoryBudget::Charge held_charge_ ST_GUARDED_BY(mutex_);
    UnitPtr newest_entry_ ST_GUARDED_BY(mutex_);
    std::size_t publisher_packets_ ST_GUARDED_BY(mutex_) = 0;  ///< kept by it
    std::size_t publisher_bytes_ ST_GUARDED_BY(mutex_) = 0;
    std::int64_t publisher_ns_ ST_GUARDED_BY(mutex_) = 0;  ///< when it said so
    std::optional<LineZero> zero_ ST_GUARDED_BY(mutex_);
    std::optional<std::int64_t> key_ns_ ST_GUARDED_BY(mutex_);  ///< of the last key frame
    Coming coming_ ST_GUARDED_BY(mutex_) = Coming::live;        ///< of the push under way
    Statistics statistics_ ST_GUARDED_BY(mutex_);
    std::uint64_t unusable_ ST_GUARDED_BY(mutex_) = 0;
    std::string unusable_why_ ST_GUARDED_BY(mutex_);
    bool has_video_ ST_GUARDED_BY(mutex_) = false;
    bool promises_video_ ST_GUARDED_BY(mutex_) = false;  ///< by the publisher's metadata
    bool promises_audio_ ST_GUARDED_BY(mutex_) = false;
    bool has_audio_frames_ ST_GUARDED_BY(mutex_) = false;
    std::uint64_t pictures_ ST_GUARDED_BY(mutex_) = 0;                  ///< of this publisher
    bool has_key_ ST_GUARDED_BY(mutex_) = false;                        ///< likewise
    std::optional<std::int64_t> first_media_ns_ ST_GUARDED_BY(mutex_);  ///< likewise
    std::optional<std::uint32_t> flv_video_ ST_GUARDED_BY(mutex_);
    std::optional<std::uint32_t> flv_audio_ ST_GUARDED_BY(mutex_);
    std::vector<Members> members_ ST_GUARDED_BY(mutex_);
    std::vector<TapPtr> taps_ ST_GUARDED_BY(mutex_);
    History history_ ST_GUARDED_BY(mutex_);
    std::size_t viewers_ ST_GUARDED_BY(mutex_) = 0;
    std::uint64_t dropped_ ST_GUARDED_BY(mutex_) = 0;  ///< for viewers that have left
    std::uint64_t queue_bytes_max_ ST_GUARDED_BY(mutex_) = 0;
    std::uint64_t encodings_made_ ST_GUARDED_BY(mutex_) = 0;
};
using StreamPtr = std::shared_ptr<Stream>;

}  // namespace st::hub
