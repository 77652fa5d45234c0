#include "hub/delivery_queue.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/clock.h"
#include "hub/subscriber.h"

namespace st::hub {
namespace {

/// Subscribers keep account of metadata, which the short way through them does not.
bool has_metadata(const std::vector<UnitPtr>& units) {
    return std::any_of(units.begin(), units.end(), [](const UnitPtr& unit) {
        return unit->packet->track == media::Track::metadata;
    });
}

void prefetch(const Subscriber& subscriber) {
    constexpr std::size_t kCacheLine = 64;
    const auto* at = reinterpret_cast<const char*>(&subscriber);
    for (std::size_t i = 0; i < sizeof(Subscriber); i += kCacheLine) __builtin_prefetch(at + i);
}

/// Serves everybody although one fails, and passes the first failure on afterwards: what one
/// viewer's connection throws must not cost the others a packet.
class Failures {
 public:
    template <class Call>
    void guard(Call&& call) {
        try {
            call();
        } catch (...) {
            if (!first_) first_ = std::current_exception();
        }
    }
    /// The same for a viewer, which is ended if it fails: what it missed cannot be sent again.
    template <class Call>
    void guard(Subscriber& subscriber, Call&& call) {
        try {
            call();
        } catch (...) {
            if (!first_) first_ = std::current_exception();
            guard([&] { subscriber.end(EndReason::stuck, true); });
        }
    }
    void rethrow() const {
        if (first_) std::rethrow_exception(first_);
    }

 private:
    std::exception_ptr first_;
};

}  // namespace

const char* to_text(EndReason reason) {
    switch (reason) {
        case EndReason::ended:
            return "stream ended";
        case EndReason::stuck:
            return "the viewer has stopped reading";
        case EndReason::kicked:
            return "kicked";
    }
    return "";
}

std::string kicked_text(const std::string& by) { return by.empty() ? "kicked" : "kicked by " + by; }

void Group::add(std::shared_ptr<Subscriber> subscriber) {
    subscribers_.push_back(std::move(subscriber));
}

void Group::remove(const Subscriber& subscriber) {
    for (std::size_t i = 0; i < subscribers_.size(); ++i) {
        if (subscribers_[i].get() != &subscriber) continue;
        if (walking_ > 0) {
            subscribers_[i].reset();
            ++holes_;
        } else {
            subscribers_[i] = std::move(subscribers_.back());
            subscribers_.pop_back();
        }
        return;
    }
}

void Group::close_holes() noexcept {
    if (--walking_ > 0 || holes_ == 0) return;
    std::erase(subscribers_, nullptr);
    holes_ = 0;
}

/// While one is there, viewers that leave become holes; the last one to end closes them.
class Group::Walk {
 public:
    explicit Walk(Group& group) : group_(group) { ++group_.walking_; }
    ~Walk() { group_.close_holes(); }
    Walk(const Walk&) = delete;
    Walk& operator=(const Walk&) = delete;

 private:
    Group& group_;
};

bool Group::take(UnitPtr unit) {
    pending_bytes_ += unit->wire(form_).size();
    pending_.push_back(std::move(unit));
    if (batch_.count() == 0 || pending_.size() >= kUnitsMax || pending_bytes_ >= kBytesMax) {
        return true;
    }
    if (!timer_runs_) {
        timer_runs_ = true;
        executor_.after(batch_ - std::min(walk_time_, batch_ / 4), [weak = weak_from_this()] {
            const GroupPtr group = weak.lock();
            if (!group) return;
            group->timer_runs_ = false;
            group->flush();
        });
    }
    return false;
}

void Group::flush() {
    if (pending_.empty()) return;
    // What may find no memory comes first: the batch then waits for the next flush.
    wires_.clear();
    wires_.reserve(pending_.size());
    others_.reserve(subscribers_.size());
    std::vector<UnitPtr> units;
    units.swap(pending_);
    const std::size_t bytes = std::exchange(pending_bytes_, 0);
    for (const UnitPtr& unit : units) wires_.push_back(unit->forms[form_]);
    const std::int64_t now_ns = executor_.now_ns();
    const bool is_plain = !has_metadata(units);
    const std::int64_t begin_ns = batch_.count() == 0 ? 0 : executor_.read_clock_ns();
    std::vector<std::shared_ptr<Subscriber>> others = std::move(others_);
    Failures failures;
    {
        const Walk walk(*this);
        // By index: a viewer may join while we walk.
        for (std::size_t i = 0; i < subscribers_.size(); ++i) {
            if (i + 2 < subscribers_.size() && subscribers_[i + 2]) prefetch(*subscribers_[i + 2]);
            if (i + 1 < subscribers_.size() && subscribers_[i + 1]) subscribers_[i + 1]->prefetch();
            if (!subscribers_[i]) continue;
            if (is_plain && subscribers_[i]->keeps_up(units.front()->serial)) {
                failures.guard(*subscribers_[i], [&] { subscribers_[i]->pass_on(wires_, bytes); });
            } else {
                failures.guard([&] { others.push_back(subscribers_[i]); });
            }
        }
        // Those who wait already: cutting them takes time, which those who keep up do not wait for.
        for (const std::shared_ptr<Subscriber>& subscriber : others) {
            failures.guard(*subscriber, [&] { subscriber->take(units, now_ns); });
        }
        others.clear();
        others_ = std::move(others);
        if (begin_ns != 0) walk_time_ = Nanoseconds(executor_.read_clock_ns() - begin_ns);
    }
    units.clear();
    if (pending_.empty()) pending_.swap(units);  // keeps the memory
    failures.rethrow();
}

void Group::end(std::uint64_t serial, EndReason reason, bool is_hopeless) {
    Failures failures;
    failures.guard([&] { flush(); });
    {
        const Walk walk(*this);
        for (std::size_t i = 0; i < subscribers_.size(); ++i) {
            const std::shared_ptr<Subscriber> subscriber = subscribers_[i];
            if (!subscriber || subscriber->joined_serial() >= serial) continue;
            failures.guard([&] { subscriber->end(reason, is_hopeless); });
        }
    }
    failures.rethrow();
}

void Group::tell_publisher_changed() {
    Failures failures;
    {
        const Walk walk(*this);
        for (std::size_t i = 0; i < subscribers_.size(); ++i) {
            const std::shared_ptr<Subscriber> subscriber = subscribers_[i];
            if (subscriber)
                failures.guard(*subscriber, [&] { subscriber->tell_publisher_changed(); });
        }
    }
    failures.rethrow();
}

void Group::check(std::int64_t now_ns) {
    Failures failures;
    {
        const Walk walk(*this);
        for (std::size_t i = 0; i < subscribers_.size(); ++i) {
            if (!subscribers_[i] || subscribers_[i]->is_idle()) continue;
            const std::shared_ptr<Subscriber> subscriber = subscribers_[i];
            failures.guard(*subscriber, [&] { subscriber->check(now_ns); });
        }
    }
    failures.rethrow();
}

void DeliveryQueue::add(Delivery delivery) {
    {
        const Lock lock(mutex_);
        deliveries_.push_back(std::move(delivery));
        if (std::exchange(is_posted_, true)) return;
    }
    try {
        executor_.post([this] { run(); });
    } catch (...) {
        const Lock lock(mutex_);
        is_posted_ = false;  // the next delivery takes this one along
        throw;
    }
}

void DeliveryQueue::hand_over(const GroupPtr& group, UnitPtr unit) {
    add({group, std::move(unit)});
}

void DeliveryQueue::hand_over_end(const GroupPtr& group, std::uint64_t serial, EndReason reason,
                                  bool is_hopeless) {
    add({group, nullptr, serial, reason, is_hopeless});
}

void DeliveryQueue::run() {
    {
        const Lock lock(mutex_);
        is_posted_ = false;
        running_.swap(deliveries_);
    }
    Failures failures;
    for (Delivery& delivery : running_) {
        failures.guard([&] {
            if (!delivery.unit) {
                delivery.group->end(delivery.serial, delivery.reason, delivery.is_hopeless);
            } else if (delivery.group->take(std::move(delivery.unit))) {
                if (due_.empty() || due_.back() != delivery.group) due_.push_back(delivery.group);
            }
        });
    }
    for (const GroupPtr& group : due_) failures.guard([&] { group->flush(); });
    due_.clear();
    running_.clear();
    failures.rethrow();
}

void DeliveryQueue::watch(const GroupPtr& group) {
    if (std::find(watched_.begin(), watched_.end(), group) != watched_.end()) return;
    watched_.push_back(group);
    if (watched_.size() == 1) {
        executor_.after(std::chrono::seconds(1), [this] { check_all(); });
    }
}

void DeliveryQueue::check_all() {
    const std::vector<GroupPtr> groups = watched_;
    const std::int64_t now_ns = executor_.now_ns();
    Failures failures;
    for (const GroupPtr& group : groups) failures.guard([&] { group->check(now_ns); });
    std::erase_if(watched_, [](const GroupPtr& group) { return group->empty(); });
    if (!watched_.empty()) executor_.after(std::chrono::seconds(1), [this] { check_all(); });
    failures.rethrow();
}

}  // namespace st::hub
