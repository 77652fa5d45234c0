#include "api/disk_watch.h"

#include <utility>

#include "base/rough_time.h"
#include "base/units.h"
#include "control/status.h"
#include "record/room.h"

namespace st::api {
namespace {

constexpr std::chrono::seconds kLookEvery{5};

}  // namespace

std::string DiskWarning::look(const DiskState& state, std::chrono::milliseconds warn_free) {
    const auto warn_s = static_cast<std::uint64_t>(warn_free.count()) / 1000;
    const std::uint64_t seconds =
        control::disk_seconds_left(state.free_bytes, state.bytes_per_second).value_or(UINT64_MAX);
    const bool is_full = state.free_bytes < state.room_min;
    const bool is_short = warn_s > 0 && seconds <= warn_s;
    if (!is_full && !is_short) {
        // Not at each change of the rate around the limit.
        const bool has_room = state.free_bytes > state.room_min + state.room_min / 2;
        if (seconds > warn_s + warn_s / 2 && has_room) said_ = Said::nothing;
        return {};
    }
    const Said now = is_full ? Said::full : Said::short_of_room;
    if (said_ >= now) return {};
    said_ = now;
    const std::string free = human_bytes(state.free_bytes) + " free";
    if (is_full) return free + ": no new recording begins";
    return free + ", about " + rough_time(std::chrono::seconds(seconds)) + " at the present rate";
}

DiskWatch::DiskWatch(const Current<DiskOptions>& options, DiskRoom& room,
                     std::function<std::uint64_t()> bytes_per_second, loop::Timers& timers,
                     EventSink& events)
    : options_(options),
      room_(room),
      bytes_per_second_(std::move(bytes_per_second)),
      timers_(timers),
      events_(events) {
    look_later();
}

DiskWatch::~DiskWatch() { timers_.cancel(timer_); }

void DiskWatch::look_later() {
    timer_ = timers_.after(kLookEvery, [this] {
        look_later();
        room_.ask([this, weak = std::weak_ptr<const bool>(here_)](const auto& space) {
            if (space && !weak.expired()) on_space(*space);
        });
    });
}

void DiskWatch::on_space(const DiskSpace& space) {
    const DiskState state{space.free_bytes, bytes_per_second_(),
                          record::room_to_begin(space.size_bytes)};
    const std::string text = warning_.look(state, options_->warn_free);
    if (text.empty()) return;
    events_.add("server.disk",
                {{"warning", text},
                 {"free_bytes", state.free_bytes},
                 {"bytes_per_second", state.bytes_per_second}},
                LogLevel::warning);
}

}  // namespace st::api
