#include "record/mailbox.h"

namespace st::record {

void Mailbox::post(SessionPtr session, bool urgent) {
    const Lock lock(mutex_);
    posted_.push_back(std::move(session));
    urgent_ = urgent_ || urgent;
    if (idle_ || urgent) changed_.notify_one();
    idle_ = false;
}

void Mailbox::hasten() {
    const Lock lock(mutex_);
    if (urgent_) return;
    urgent_ = true;
    changed_.notify_one();
}

void Mailbox::stop() {
    const Lock lock(mutex_);
    stopped_ = true;
    changed_.notify_one();
}

bool Mailbox::wait(std::vector<SessionPtr>& work) {
    Lock lock(mutex_);
    while (posted_.empty() && !stopped_) {
        idle_ = true;
        changed_.wait(lock.native());
    }
    idle_ = false;
    const auto until = std::chrono::steady_clock::now() + kCollectFor;
    while (!urgent_ && !stopped_) {
        if (changed_.wait_until(lock.native(), until) == std::cv_status::timeout) break;
    }
    urgent_ = false;
    work.swap(posted_);
    return !work.empty() || !stopped_;
}

}  // namespace st::record
