#include "server/retention_rounds.h"

#include <chrono>
#include <exception>
#include <string>
#include <utility>

namespace st::server {
namespace {

/// A server that is started again and again deletes as well.
constexpr std::chrono::seconds kFirst{1};
constexpr std::chrono::seconds kInterval{10};

}  // namespace

RetentionRounds::RetentionRounds(std::function<void()> look, loop::Timers& timers,
                                 loop::BlockingWork& pool, Log log)
    : look_(std::move(look)), timers_(timers), pool_(pool), log_(std::move(log)) {
    look_later(kFirst);
}

void RetentionRounds::look_later(std::chrono::seconds after) {
    timer_ = timers_.after(after, [this] {
        look_later(kInterval);
        look();
    });
}

void RetentionRounds::look() {
    if (is_looking_.exchange(true)) return;
    pool_.post(loop::Effort::slow, [this] {
        try {
            look_();
        } catch (const std::exception& e) {  // C3: a thread of the pool
            log_.error(std::string("retention: ") + e.what());
        }
        is_looking_ = false;
    });
}

}  // namespace st::server
