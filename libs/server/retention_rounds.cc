#include "server/retention_rounds.h"

#include <chrono>
#include <exception>
#include <string>

#include "base/clock.h"

namespace st::server {
namespace {

constexpr std::chrono::seconds kInterval{10};

}  // namespace

void RetentionRounds::look_later() {
    timer_ = timers_.after(kInterval, [this] {
        look_later();
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
