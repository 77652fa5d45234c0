#include "hub/hub.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace st::hub {
namespace {

/// How long and of how many streams streams() says that their last publisher was refused.
constexpr std::int64_t kRefusalNs = 60'000'000'000;
constexpr std::size_t kRefusalsMax = 64;

Error over_limit(const std::string& of, std::size_t limit) {
    return Error{"limits." + of + " reached (" + std::to_string(limit) + ")", 503};
}

Error over_limit_of_address(const std::string& of, std::size_t limit) {
    return Error{"limits." + of + "_per_address reached (" + std::to_string(limit) + ")", 429};
}

}  // namespace

Publication& Publication::operator=(Publication&& other) noexcept {
    if (this == &other) return *this;
    end("publisher left");
    hub_ = other.hub_;
    stream_ = std::move(other.stream_);
    other.stream_.reset();
    publisher_ = std::move(other.publisher_);
    number_ = other.number_;
    return *this;
}

void Publication::note_input(std::int64_t now_ns) {
    if (!stream_) return;
    publisher_->last_input_ns.store(now_ns, std::memory_order_relaxed);
    if (!publisher_->is_doubted.load(std::memory_order_relaxed)) return;
    publisher_->is_doubted.store(false);
    hub_->tell_waiting(stream_->path());
}

void Publication::end(const std::string& reason, const std::string& by) {
    if (!stream_) return;
    const StreamPtr stream = std::move(stream_);
    stream_.reset();
    hub_->unpublish(stream, number_, reason, by);
}

Subscription& Subscription::operator=(Subscription&& other) noexcept {
    if (this == &other) return *this;
    leave({});
    hub_ = other.hub_;
    group_ = std::move(other.group_);
    subscriber_ = std::move(other.subscriber_);
    other.subscriber_.reset();
    serial_ = other.serial_;
    cached_ = std::move(other.cached_);
    return *this;
}

void Subscription::start(std::int64_t now_ns) {
    const std::vector<UnitPtr> cached = std::move(cached_);
    cached_.clear();
    subscriber_->start(serial_, cached, now_ns);
}

void Subscription::leave(const std::string& reason) {
    if (!subscriber_) return;
    const std::shared_ptr<Subscriber> subscriber = std::move(subscriber_);
    subscriber_.reset();
    subscriber->leave();
    group_->remove(*subscriber);
    hub_->unsubscribe(group_, *subscriber, reason.empty() ? subscriber->end_text() : reason);
    group_.reset();
}

Guest& Guest::operator=(Guest&& other) noexcept {
    if (this == &other) return *this;
    leave("viewer left");
    hub_ = other.hub_;
    record_ = std::move(other.record_);
    other.record_.reset();
    return *this;
}

void Guest::leave(const std::string& reason) {
    if (const auto record = std::exchange(record_, nullptr)) hub_->dismiss(*record, reason);
}

Hub::Hub(Options options, std::vector<std::unique_ptr<const Encoding>> encodings, EventSink events,
         MemoryBudget* memory)
    : options_(options),
      encodings_(std::move(encodings)),
      events_(std::move(events)),
      memory_(memory) {
    assert(encodings_.size() <= kFormsMax);
}

DeliveryQueue& Hub::add_delivery(Executor& executor) {
    deliveries_.push_back(std::make_unique<DeliveryQueue>(executor, options_.batch));
    return *deliveries_.back();
}

StreamPtr Hub::stream_at(const std::string& path) {
    StreamPtr& stream = streams_[path];
    if (!stream) {
        stream = std::make_shared<Stream>(path, options_.gop, encodings_, events_, memory_);
    }
    return stream;
}

void Hub::forget_unused(const StreamPtr& stream) {
    if (!stream->is_unused()) return;
    const auto found = streams_.find(stream->path());
    if (found != streams_.end() && found->second == stream) streams_.erase(found);
}

Result<Publication> Hub::publish(const std::string& path, PublisherPtr publisher,
                                 const PublisherInfo& info, Clock clock, std::int64_t now_ns,
                                 std::int64_t silent_since_ns) {
    StreamPtr stream;
    std::uint64_t number = 0;
    PublisherPtr holder;
    bool is_replaced = false;
    Published event;
    event.path = path;
    event.publisher = info;
    Unpublished gone;
    {
        const Lock lock(mutex_);
        stream = stream_at(path);
        holder = stream->publisher();
        if (holder && silent_since_ns != kNobody &&
            holder->last_input_ns.load() <= silent_since_ns) {
            const StreamStatus status = stream->status();
            const std::string& before = status.publisher.address;
            if (info.address != before) {
                if (!publisher_places_.take(info.address, options_.publishers_per_address)) {
                    return over_limit_of_address("publishers", options_.publishers_per_address);
                }
                publisher_places_.give_back(before);
            }
            gone = {path,           status.publisher,          stream->publication(),
                    "replaced",     status.statistics.bytes(), status.viewers,
                    status.since_us};
            is_replaced = stream->leave(gone.publication);
            --publishers_;
        } else if (!holder && options_.publishers_max > 0 &&
                   publishers_ >= options_.publishers_max) {
            forget_unused(stream);
            return over_limit("publishers", options_.publishers_max);
        } else if (!holder &&
                   !publisher_places_.take(info.address, options_.publishers_per_address)) {
            forget_unused(stream);
            return over_limit_of_address("publishers", options_.publishers_per_address);
        }
        if (!holder || is_replaced) {
            publisher->last_input_ns.store(now_ns);
            event.is_return = stream->viewers() > 0;
            number = next_publication_++;
            refusals_.erase(path);
            stream->begin(number, publisher, info, clock, now_ns, wall_us());
            ++publishers_;
        } else {
            std::erase_if(waiting_, [](const auto& one) { return one.second.expired(); });
            waiting_.emplace(path, publisher);
            holder->is_doubted.store(true);
        }
    }
    if (is_replaced) {
        holder->replaced();
        events_(gone);
    }
    if (number == 0) {
        holder->probe();
        return Error{path + " is already being published", 409};
    }
    event.publication = number;
    events_(event);
    return Publication(*this, std::move(stream), std::move(publisher), number);
}

void Hub::unpublish(const StreamPtr& stream, std::uint64_t number, const std::string& reason,
                    const std::string& by) {
    Unpublished event;
    event.path = stream->path();
    {
        const Lock lock(mutex_);
        const StreamStatus status = stream->status();
        if (!stream->leave(number)) return;  // replaced
        --publishers_;
        publisher_places_.give_back(status.publisher.address);
        event.publisher = status.publisher;
        event.bytes = status.statistics.bytes();
        event.viewers = status.viewers;
        event.since_us = status.since_us;
        forget_unused(stream);
    }
    event.publication = number;
    event.reason = reason;
    event.by = by;
    events_(event);
    tell_waiting(stream->path());
}

void Hub::tell_waiting(const std::string& path) {
    std::vector<std::weak_ptr<Publisher>> told;
    {
        const Lock lock(mutex_);
        const auto [first, last] = waiting_.equal_range(path);
        for (auto at = first; at != last; ++at) told.push_back(at->second);
        waiting_.erase(first, last);
    }
    for (const auto& one : told) {
        if (const PublisherPtr publisher = one.lock()) publisher->holder_changed();
    }
}

void Hub::give_up(const std::string& path, std::uint64_t publication, bool is_hopeless) {
    const StreamPtr stream = find(path);
    if (stream) stream->finish(publication, is_hopeless);
}

bool Hub::kick_publisher(const std::string& path, const std::string& by) {
    const StreamPtr stream = find(path);
    const PublisherPtr publisher = stream ? stream->publisher() : nullptr;
    if (publisher) publisher->kicked(by);
    return publisher != nullptr;
}

Result<std::shared_ptr<ViewerRecord>> Hub::enter(const std::string& path, const ViewerInfo& info) {
    if (options_.viewers_max > 0 && watchers_.size() >= options_.viewers_max) {
        return over_limit("viewers", options_.viewers_max);
    }
    if (!viewer_places_.take(info.address, options_.viewers_per_address)) {
        return over_limit_of_address("viewers", options_.viewers_per_address);
    }
    auto record = std::make_shared<ViewerRecord>();
    record->id = next_viewer_++;
    record->path = path;
    record->info = info;
    record->since_us = wall_us();
    watchers_.emplace(record->id, Watcher{record});
    return record;
}

Left Hub::remove(const ViewerRecord& record) {
    Left event;
    if (auto node = watchers_.extract(record.id)) event.by = std::move(node.mapped().kicked_by);
    viewer_places_.give_back(record.info.address);
    return event;
}

void Hub::tell_left(Left event, const ViewerRecord& record, const std::string& reason) {
    event.path = record.path;
    event.viewer = record.info;
    event.id = record.id;
    event.bytes = record.bytes.load();
    event.dropped = record.dropped.load();
    event.reason = reason;
    event.since_us = record.since_us;
    events_(event);
}

Result<Guest> Hub::admit(const std::string& path, const ViewerInfo& info,
                         std::function<void(const std::string& by)> kick) {
    std::shared_ptr<ViewerRecord> record;
    Joined event;
    event.path = path;
    event.viewer = info;
    {
        const Lock lock(mutex_);
        auto entered = enter(path, info);
        if (!entered) return entered.error();
        record = std::move(*entered);
        watchers_.at(record->id).kick = std::move(kick);
        guests_.take(path, 0);
        event.id = record->id;
        event.viewers = count_at(path);
    }
    events_(event);
    return Guest(*this, std::move(record));
}

void Hub::dismiss(const ViewerRecord& record, const std::string& reason) {
    Left event;
    {
        const Lock lock(mutex_);
        event = remove(record);
        guests_.give_back(record.path);
        event.viewers = count_at(record.path);
    }
    tell_left(std::move(event), record, reason);
}

std::size_t Hub::count_at(const std::string& path) const {
    const auto found = streams_.find(path);
    return guests_.taken(path) + (found == streams_.end() ? 0 : found->second->viewers());
}

std::size_t Hub::viewers_at(const std::string& path) const {
    const Lock lock(mutex_);
    return count_at(path);
}

Result<Subscription> Hub::subscribe(const std::string& path, DeliveryQueue& delivery, FormId form,
                                    Viewer& viewer, const ViewerInfo& info) {
    StreamPtr stream;
    Stream::Place place;
    std::shared_ptr<Subscriber> subscriber;
    Joined event;
    event.path = path;
    event.viewer = info;
    {
        const Lock lock(mutex_);
        const auto record = enter(path, info);
        if (!record) return record.error();
        stream = stream_at(path);
        place = stream->join(delivery, form);
        subscriber = std::make_shared<Subscriber>(viewer, stream, delivery.executor(), form,
                                                  options_.queue, *record);
        watchers_.at((*record)->id).kick = [weak = std::weak_ptr(subscriber),
                                            &executor =
                                                delivery.executor()](const std::string& by) {
            executor.post([weak, by] {
                if (const std::shared_ptr<Subscriber> there = weak.lock()) there->kick(by);
            });
        };
        event.id = (*record)->id;
        event.viewers = count_at(path);
    }
    stream->prepare(place);
    place.group->add(subscriber);
    delivery.watch(place.group);
    events_(event);
    return Subscription(*this, std::move(place.group), std::move(subscriber), place.serial,
                        std::move(place.cached));
}

StreamPtr Hub::attach(const std::string& path, TapPtr tap, std::chrono::milliseconds preroll,
                      std::int64_t now_ns) {
    const Lock lock(mutex_);
    const StreamPtr stream = stream_at(path);
    stream->attach(std::move(tap), preroll, now_ns);
    return stream;
}

void Hub::detach(const StreamPtr& stream, const Tap& tap) {
    const Lock lock(mutex_);
    stream->detach(tap, monotonic_ns());
    forget_unused(stream);
}

void Hub::unsubscribe(const GroupPtr& group, const Subscriber& subscriber,
                      const std::string& reason) {
    const ViewerRecord& record = subscriber.record();
    Left event;
    {
        const Lock lock(mutex_);
        subscriber.stream()->leave(group, record, monotonic_ns());
        event = remove(record);
        event.viewers = count_at(record.path);
        forget_unused(subscriber.stream());
    }
    tell_left(std::move(event), record, reason);
}

bool Hub::kick_viewer(std::uint64_t id, const std::string& by) {
    const Lock lock(mutex_);
    const auto found = watchers_.find(id);
    if (found == watchers_.end()) return false;
    found->second.kicked_by = by;
    found->second.kick(by);
    return true;
}

void Hub::note_refused(const std::string& path, const PublisherInfo& info, const std::string& why,
                       std::int64_t now_ns) {
    const Lock lock(mutex_);
    std::erase_if(refusals_, [&](const auto& one) { return one.second.until_ns < now_ns; });
    if (refusals_.size() >= kRefusalsMax && !refusals_.contains(path)) return;
    StreamStatus status;
    status.path = path;
    status.publisher = info;
    status.is_refused = true;
    status.unusable_why = why;
    refusals_.insert_or_assign(path, Refusal{std::move(status), now_ns + kRefusalNs});
}

std::vector<StreamStatus> Hub::streams(std::int64_t now_ns) const {
    std::map<std::string, StreamPtr> all;
    std::map<std::string, StreamStatus> statuses;
    {
        const Lock lock(mutex_);
        all = streams_;
        for (const auto& [path, refusal] : refusals_) {
            if (refusal.until_ns >= now_ns) statuses.emplace(path, refusal.status);
        }
    }
    for (const auto& [path, stream] : all) {
        StreamStatus status = stream->status(now_ns);
        const auto refused = statuses.find(path);
        if (refused != statuses.end() && !status.is_live) {  // viewers wait for another one
            status.is_refused = true;
            status.unusable_why = refused->second.unusable_why;
        }
        statuses.insert_or_assign(path, std::move(status));
    }
    std::vector<StreamStatus> list;
    list.reserve(statuses.size());
    for (auto& [path, status] : statuses) list.push_back(std::move(status));
    return list;
}

std::optional<StreamStatus> Hub::status(const std::string& path) const {
    if (const StreamPtr stream = find(path)) return stream->status();  // of those who wait, too
    const Lock lock(mutex_);
    const auto refused = refusals_.find(path);
    if (refused == refusals_.end() || refused->second.until_ns < monotonic_ns()) return {};
    return refused->second.status;
}

StreamPtr Hub::find(const std::string& path) const {
    const Lock lock(mutex_);
    const auto found = streams_.find(path);
    return found == streams_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<const ViewerRecord>> Hub::viewers() const {
    std::vector<std::shared_ptr<const ViewerRecord>> records;
    {
        const Lock lock(mutex_);
        for (const auto& [id, watcher] : watchers_) records.push_back(watcher.record);
    }
    std::sort(records.begin(), records.end(),
              [](const auto& a, const auto& b) { return a->id < b->id; });
    return records;
}

std::size_t Hub::viewer_count() const {
    const Lock lock(mutex_);
    return watchers_.size();
}

std::size_t Hub::publisher_count() const {
    const Lock lock(mutex_);
    return publishers_;
}

}  // namespace st::hub
