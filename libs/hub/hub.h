#pragma once
/// All live streams: publishers come in, viewers go out, by path "/<app>/<name>". Knows neither
/// sockets nor wire formats. Any thread, unless said otherwise.
///
/// Being in a stream is an object: destroying a Publication or a Subscription leaves it. The hub
/// outlives both, and its delivery queues.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/places.h"
#include "base/result.h"
#include "base/sync.h"
#include "hub/delivery_queue.h"
#include "hub/events.h"
#include "hub/options.h"
#include "hub/stream.h"
#include "hub/stream_memory.h"
#include "hub/subscriber.h"

namespace st::hub {

class Hub;

/// The right to push into one stream. Move-only; one thread at a time.
class Publication {
 public:
    Publication() = default;
    Publication(Hub& hub, StreamPtr stream, PublisherPtr publisher, std::uint64_t number)
        : hub_(&hub),
          stream_(std::move(stream)),
          publisher_(std::move(publisher)),
          number_(number) {}
    Publication(Publication&& other) noexcept { *this = std::move(other); }
    Publication& operator=(Publication&& other) noexcept;
    ~Publication() { end("publisher left"); }

    explicit operator bool() const { return stream_ != nullptr; }
    /// Its time is the publisher's; the stream gives it its own. False once another publisher has
    /// the stream, or after end(): the packet goes nowhere.
    bool push(media::Packet packet, std::int64_t now_ns, Coming coming = Coming::live) {
        return stream_ && stream_->push(number_, std::move(packet), now_ns, coming);
    }
    /// Bytes came from the peer. Tells whoever waits for the path that this one is alive.
    void note_input(std::int64_t now_ns);
    /// Whether making packets is worth the while. A publisher may ignore it.
    bool is_wanted(std::int64_t now_ns) const { return stream_ && stream_->is_wanted(now_ns); }
    /// Of a publisher whose packets are not counted one by one: Coming::measured.
    void count(const Arrival& arrival) {
        if (stream_) stream_->count(number_, arrival);
    }
    void note_instant(std::uint64_t time_ms, const LineZero& instant) {
        if (stream_) stream_->note_instant(number_, time_ms, instant);
    }
    /// Instead of push() while the stream is not wanted: the hub gives up what it keeps.
    void pause() {
        if (stream_) stream_->pause(number_);
    }
    /// Something of the publisher could not be used; for whoever looks at the stream.
    void note_unusable(const std::string& why) {
        if (stream_) stream_->note_unusable(number_, why);
    }
    const std::string& path() const { return stream_->path(); }
    std::uint64_t number() const { return number_; }
    /// Leaves the stream; `reason`, and who wanted it (`by`), are for the event.
    void end(const std::string& reason, const std::string& by = {});

 private:
    Hub* hub_ = nullptr;
    StreamPtr stream_;
    PublisherPtr publisher_;
    std::uint64_t number_ = 0;
};

/// A viewer in a stream. Move-only; its queue's thread only, destruction too.
class Subscription {
 public:
    Subscription() = default;
    Subscription(Hub& hub, GroupPtr group, std::shared_ptr<Subscriber> subscriber,
                 std::uint64_t serial, std::vector<UnitPtr> cached)
        : hub_(&hub),
          group_(std::move(group)),
          subscriber_(std::move(subscriber)),
          serial_(serial),
          cached_(std::move(cached)) {}
    Subscription(Subscription&& other) noexcept { *this = std::move(other); }
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription() { leave({}); }

    explicit operator bool() const { return subscriber_ != nullptr; }
    /// Once, when the viewer is ready for begin() and send(): sends what is cached.
    void start(std::int64_t now_ns);
    /// Before start(): nothing that is cached; the viewer begins at the next entry.
    void skip_cached() { cached_.clear(); }
    /// Only these tracks from now on; see Subscriber.
    void choose(Tracks wanted) { subscriber_->choose(wanted); }
    /// The viewer's socket took everything.
    void on_drained(std::int64_t now_ns) { subscriber_->on_drained(now_ns); }
    const Stream& stream() const { return *subscriber_->stream(); }
    std::uint64_t id() const { return subscriber_->record().id; }
    /// Leaves the stream. `reason` is for the event; empty: what the hub knows.
    void leave(const std::string& reason);

 private:
    Hub* hub_ = nullptr;
    GroupPtr group_;
    std::shared_ptr<Subscriber> subscriber_;
    std::uint64_t serial_ = 0;
    std::vector<UnitPtr> cached_;
};

/// A viewer whose pictures do not come from the hub: admitted, listed and kicked like the others.
/// Move-only; one thread at a time.
class Guest {
 public:
    Guest() = default;
    Guest(Hub& hub, std::shared_ptr<ViewerRecord> record)
        : hub_(&hub), record_(std::move(record)) {}
    Guest(Guest&& other) noexcept { *this = std::move(other); }
    Guest& operator=(Guest&& other) noexcept;
    ~Guest() { leave("viewer left"); }

    explicit operator bool() const { return record_ != nullptr; }
    /// What it was given, counted by whoever gives it.
    ViewerRecord& record() const { return *record_; }
    /// `reason` is for the event.
    void leave(const std::string& reason);

 private:
    Hub* hub_ = nullptr;
    std::shared_ptr<ViewerRecord> record_;
};

class Hub {
 public:
    /// A publisher that gave no sign of life since then may be replaced; default: none.
    static constexpr std::int64_t kNobody = INT64_MIN;
    /// Whoever is there is replaced.
    static constexpr std::int64_t kAnybody = INT64_MAX;

    /// `memory`: what packets and what is made of them are counted in; outlives the hub and all of
    /// those. Null: nothing limits them together.
    Hub(Options options, std::vector<std::unique_ptr<const Encoding>> encodings, EventSink events,
        MemoryBudget* memory = nullptr);
    Hub(const Hub&) = delete;
    Hub& operator=(const Hub&) = delete;

    const Options& options() const { return options_; }
    /// At start. `executor` lives as long as anything posted to it.
    DeliveryQueue& add_delivery(Executor& executor);

    /// Error.code 409: another one publishes there (and has been probed, and `publisher` will be
    /// told when something changes: Publisher::holder_changed()); 503: over a limit.
    /// A holder whose last input is not after `silent_since_ns` is replaced.
    Result<Publication> publish(const std::string& path, PublisherPtr publisher,
                                const PublisherInfo& info, Clock clock, std::int64_t now_ns,
                                std::int64_t silent_since_ns = kNobody) ST_EXCLUDES(mutex_);
    /// Ends the viewers that wait for a publisher to come back, if none has since `publication`.
    /// `is_hopeless`: none will; those who wait for a first picture are ended as well.
    void give_up(const std::string& path, std::uint64_t publication, bool is_hopeless = false)
        ST_EXCLUDES(mutex_);
    /// Asks the publisher of `path` to go, for `by`. False: there is none.
    bool kick_publisher(const std::string& path, const std::string& by) ST_EXCLUDES(mutex_);

    /// The queue's thread. Whether somebody publishes there or not. Error.code 503: over a limit.
    Result<Subscription> subscribe(const std::string& path, DeliveryQueue& delivery, FormId form,
                                   Viewer& viewer, const ViewerInfo& info) ST_EXCLUDES(mutex_);
    /// A viewer at `path` whose pictures come from elsewhere, within the limits that hold for all.
    /// `kick` ends it, for `by`: called on any thread with the hub's lock held, so it posts.
    /// Error.code as for subscribe().
    Result<Guest> admit(const std::string& path, const ViewerInfo& info,
                        std::function<void(const std::string& by)> kick) ST_EXCLUDES(mutex_);
    /// The tap gets all that is published there, from now on and by whomever; see Stream::attach().
    /// It counts as no viewer.
    StreamPtr attach(const std::string& path, TapPtr tap, std::chrono::milliseconds preroll,
                     std::int64_t now_ns = monotonic_ns()) ST_EXCLUDES(mutex_);
    /// It is called no more.
    void detach(const StreamPtr& stream, const Tap& tap) ST_EXCLUDES(mutex_);

    /// False: no viewer has that number.
    bool kick_viewer(std::uint64_t id, const std::string& by) ST_EXCLUDES(mutex_);

    /// Nothing of this publisher can be used: for a while streams() says so, unless another one
    /// comes.
    void note_refused(const std::string& path, const PublisherInfo& info, const std::string& why,
                      std::int64_t now_ns) ST_EXCLUDES(mutex_);
    /// By path.
    std::vector<StreamStatus> streams(std::int64_t now_ns = monotonic_ns()) const
        ST_EXCLUDES(mutex_);
    /// Nullopt: nobody publishes or watches there, and nobody was refused lately.
    std::optional<StreamStatus> status(const std::string& path) const ST_EXCLUDES(mutex_);
    /// What those who keep something for the hub's viewers count it in.
    StreamMemory& memory() { return memory_; }
    /// Null: nobody publishes or watches there.
    StreamPtr find(const std::string& path) const ST_EXCLUDES(mutex_);
    std::vector<std::shared_ptr<const ViewerRecord>> viewers() const
        ST_EXCLUDES(mutex_);  ///< by id
    std::size_t viewer_count() const ST_EXCLUDES(mutex_);
    /// Those at `path`, whatever they are given their pictures by.
    std::size_t viewers_at(const std::string& path) const ST_EXCLUDES(mutex_);
    std::size_t publisher_count() const ST_EXCLUDES(mutex_);

 private:
    friend class Publication;
    friend class Subscription;
    friend class Guest;
    struct Watcher {
        std::shared_ptr<const ViewerRecord> record;
        std::function<void(const std::string& by)> kick{};
        std::string kicked_by{};
    };

    StreamPtr stream_at(const std::string& path) ST_REQUIRES(mutex_);
    void forget_unused(const StreamPtr& stream) ST_REQUIRES(mutex_);
    /// The record of a viewer that may come, with its place taken.
    Result<std::shared_ptr<ViewerRecord>> enter(const std::string& path, const ViewerInfo& info)
        ST_REQUIRES(mutex_);
    /// What is told of one that goes; its place is free.
    Left remove(const ViewerRecord& record) ST_REQUIRES(mutex_);
    std::size_t count_at(const std::string& path) const ST_REQUIRES(mutex_);
    void tell_left(Left event, const ViewerRecord& record, const std::string& reason);
    void dismiss(const ViewerRecord& record, const std::string& reason) ST_EXCLUDES(mutex_);
    void unpublish(const StreamPtr& stream, std::uint64_t number, const std::string& reason,
                   const std::string& by) ST_EXCLUDES(mutex_);
    void tell_waiting(const std::string& path) ST_EXCLUDES(mutex_);
    void unsubscribe(const GroupPtr& group, const Subscriber& subscriber, const std::string& reason)
        ST_EXCLUDES(mutex_);

    struct Refusal {
        StreamStatus status;
        std::int64_t until_ns;
    };

    const Options options_;
    const std::vector<std::unique_ptr<const Encoding>> encodings_;
    const EventSink events_;
    StreamMemory memory_;
    std::vector<std::unique_ptr<DeliveryQueue>> deliveries_;

    mutable Mutex mutex_;  ///< before any stream's
    std::map<std::string, StreamPtr> streams_ ST_GUARDED_BY(mutex_);
    std::unordered_map<std::uint64_t, Watcher> watchers_ ST_GUARDED_BY(mutex_);
    /// Refused because another one publishes there, and not told of a change yet; by path.
    std::multimap<std::string, std::weak_ptr<Publisher>> waiting_ ST_GUARDED_BY(mutex_);
    std::map<std::string, Refusal> refusals_ ST_GUARDED_BY(mutex_);  ///< by path
    std::uint64_t next_viewer_ ST_GUARDED_BY(mutex_) = 1;
    std::uint64_t next_publication_ ST_GUARDED_BY(mutex_) = 1;
    std::size_t publishers_ ST_GUARDED_BY(mutex_) = 0;
    Places viewer_places_ ST_GUARDED_BY(mutex_);
    Places publisher_places_ ST_GUARDED_BY(mutex_);
    Places guests_ ST_GUARDED_BY(mutex_);  ///< by path
};

}  // namespace st::hub
