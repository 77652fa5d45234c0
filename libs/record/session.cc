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
    std::size_t before = 0;
    std::size_t after = 0;
    bool schedule = false;
    {
        const Lock lock(mutex_);
        // Again: the recorder may end a session from another thread, and nothing comes behind the
        // end, for which the writer would make a second folder.
        if (ended()) return true;
        before = queued_bytes_.fetch_add(message.size(), std::memory_order_relaxed);
        after = before + message.size();
        if (after > budget_bytes_) room_wanted_.store(true);
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

void Session::end(SessionEnd end) {
    bool schedule = false;
    {
        const Lock lock(mutex_);
        if (ended_.exchange(true)) return;
        end_ = End{std::move(end), wall_us()};
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
