#include "server/retention_rounds.h"

#include <chrono>
#include <exception>
#include <string>

#include "base/clock.h"

namespace st::server {
namespace {

/// A server that is started again and again deletes as well.
constexpr std::chrono::seconds kFirst{1};
constexpr std::chrono::seconds kInterval{10};

}  // namespace

RetentionRounds::RetentionRounds(archive::Retention& retention, loop::Timers& timers,
                                 loop::BlockingWork& pool, Log log)
    : retention_(retention), timers_(timers), pool_(pool), log_(std::move(log)) {
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
            retention_.look(wall_us());
        } catch (const std::exception& e) {  // C3: a thread of the pool
            log_.error(std::string("retention: ") + e.what());
        }
        is_looking_ = false;
    });
}

}  // namespace st::server
