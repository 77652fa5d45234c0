#include "record/session.h"

#include "base/clock.h"
#include "record/mailbox.h"

namespace st::record {

Session::Session(std::uint64_t serial, SessionStart start, std::size_t budget_bytes,
                 std::shared_ptr<Mailbox> writer)
    : serial_(serial),
      start_(std::move(start)),
      budget_bytes_(budget_bytes),
      writer_(std::move(writer)) {}

void Session::begin() {
    {
        const Lock lock(mutex_);
        scheduled_ = true;
    }
    writer_->post(shared_from_this(), true);
}

bool Session::push(Buffer message, std::int64_t arrival_ns) {
    if (failed() || ended()) return true;
    const std::size_t before = queued_bytes_.fetch_add(message.size(), std::memory_order_relaxed);
    const std::size_t after = before + message.size();
    if (after > budget_bytes_) room_wanted_.store(true);
    bool schedule = false;
    {
        const Lock lock(mutex_);
        queue_.push_back({std::move(message), arrival_ns});
        schedule = !std::exchange(scheduled_, true);
    }
    const std::size_t hasty = budget_bytes_ / 4;
    const bool urgent = before < hasty && after >= hasty;
    if (schedule) {
        writer_->post(shared_from_this(), urgent);
    } else if (urgent) {
        writer_->hasten();
    }
    return after <= budget_bytes_;
}

void Session::end(EndReason reason, std::optional<CloseCode> close, DroppedCounts dropped,
                  std::optional<std::int64_t> ping_us) {
    if (ended_.exchange(true)) return;
    bool schedule = false;
    {
        const Lock lock(mutex_);
        end_ = End{reason, std::move(close), dropped, ping_us, wall_us()};
        schedule = !std::exchange(scheduled_, true);
    }
    if (schedule) {
        writer_->post(shared_from_this(), true);
    } else {
        writer_->hasten();
    }
}

std::string Session::id() const {
    const Lock lock(mutex_);
    return id_;
}

}  // namespace st::record
