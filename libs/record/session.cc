#include "record/session.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "record/mailbox.h"

namespace st::record {

Session::Session(std::uint64_t serial, SessionStart start, std::size_t budget_bytes,
                 std::shared_ptr<Mailbox> writer)
    : serial_(serial),
      start_(std::move(start)),
      budget_bytes_(budget_bytes),
      writer_(std::move(writer)) {}

void Session::count_in(MemoryBudget* memory) {
    if (memory == nullptr) return;
    const Lock lock(mutex_);
    // May be called by another session that holds its lock.
    held_ = std::make_unique<MemoryBudget::Holder>(*memory, [weak = weak_from_this()] {
        const auto session = weak.lock();
        if (session && !session->ended()) session->writer_->post(session, true);
    });
}

void Session::begin() {
    {
        const Lock lock(mutex_);
        scheduled_ = true;
    }
    writer_->post(shared_from_this(), true);
}

bool Session::account() { return !held_ || held_->set(queued_bytes()); }

bool Session::push(SharedBuffer message, std::int64_t arrival_ns, bool is_understood) {
    return enqueue({std::move(message), arrival_ns, is_understood});
}

bool Session::push_note(std::string_view json, std::int64_t arrival_ns) {
    return enqueue({std::make_shared<const Buffer>(as_bytes(json)), arrival_ns, true, true});
}

bool Session::enqueue(Item item) {
    if (failed()) return true;
    std::size_t before = 0;
    std::size_t after = 0;
    bool schedule = false;
    bool has_room = false;
    SessionPtr next;
    {
        const Lock lock(mutex_);
        next = next_;
        // The recorder may end a session from another thread, and nothing comes behind the end, for
        // which the writer would make a second folder.
        if (!next && ended()) return true;
        if (!next) {
            before = queued_bytes_.fetch_add(item.held_bytes(), std::memory_order_relaxed);
            after = before + item.held_bytes();
            has_room = account() && after <= budget_bytes_;
            if (!has_room) room_wanted_.store(true);
            queue_.push_back(std::move(item));
            schedule = !std::exchange(scheduled_, true);
        }
    }
    if (next) return next->enqueue(std::move(item));
    const std::size_t hasty = budget_bytes_ / 4;
    const bool urgent = before < hasty && after >= hasty;
    if (schedule) {
        writer_->post(shared_from_this(), urgent);
    } else if (urgent) {
        writer_->hasten();
    }
    return has_room;
}

void Session::note_ping(std::int64_t us) {
    SessionPtr next;
    {
        const Lock lock(mutex_);
        ping_us_ = std::min(us, ping_us_.value_or(us));
        next = next_;
    }
    if (next) next->note_ping(us);
}

std::optional<std::int64_t> Session::ping_us() const {
    const Lock lock(mutex_);
    return ping_us_;
}

void Session::end(SessionEnd end) {
    bool schedule = false;
    SessionPtr next;
    {
        const Lock lock(mutex_);
        next = next_;
        if (!next) {
            if (ended_.exchange(true)) return;
            end_ = End{std::move(end), wall_us()};
            schedule = !std::exchange(scheduled_, true);
        }
    }
    if (next) return next->end(std::move(end));
    if (schedule) {
        writer_->post(shared_from_this(), true);
    } else {
        writer_->hasten();
    }
}

SessionPtr Session::latest() {
    SessionPtr latest = shared_from_this();
    for (SessionPtr next = latest; next;) {
        latest = next;
        const Lock lock(latest->mutex_);
        next = latest->next_;
    }
    return latest;
}

void Session::hand_over(const SessionPtr& next, std::vector<Item> unwritten,
                        std::optional<End> end) {
    std::size_t bytes = 0;
    {
        const Lock lock(mutex_);
        for (Item& item : queue_) unwritten.push_back(std::move(item));
        queue_.clear();
        if (end_) end = std::exchange(end_, std::nullopt);
        next_ = next;
        ended_.store(true);
        for (const Item& item : unwritten) bytes += item.held_bytes();
        queued_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
        account();
        // Nobody can push to it before this lock is free: what is queued here comes first.
        const Lock its(next->mutex_);
        next->queued_bytes_.store(bytes, std::memory_order_relaxed);
        if (!next->account() || bytes > next->budget_bytes_) next->room_wanted_.store(true);
        next->queue_ = std::move(unwritten);
        next->ping_us_ = ping_us_;
        // Whoever ended it meanwhile did so later.
        if (end) next->end_ = std::move(end);
        next->ended_.store(next->end_.has_value());
        next->scheduled_ = true;
    }
    next->writer_->post(next, true);
}

bool Session::has_handed_over() const {
    const Lock lock(mutex_);
    return next_ != nullptr;
}

std::string Session::id() const {
    const Lock lock(mutex_);
    return id_;
}

}  // namespace st::record
