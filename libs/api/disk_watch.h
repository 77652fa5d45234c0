#pragma once
/// How long the disk of the recordings lasts, and the event that says so in time.
/// Control loop only.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "api/disk_room.h"
#include "base/current.h"
#include "base/event_sink.h"
#include "loop/timers.h"

namespace st::api {

struct DiskOptions {
    /// A disk that lasts no longer than this at the present rate is worth an event. 0: none is.
    std::chrono::milliseconds warn_free{600'000};
};

/// What is known of the disk at a moment.
struct DiskState {
    std::uint64_t free_bytes = 0;
    std::uint64_t bytes_per_second = 0;  ///< written to recordings
    std::uint64_t room_min = 0;          ///< with less free no recording begins
};

/// Decides when there is something to say: once when the disk runs short and once when it is full,
/// and again only after it was neither for a while. Pure.
class DiskWarning {
 public:
    /// The event's text; "" if there is nothing new. `warn_free` 0: nothing is said of a disk that
    /// runs short.
    std::string look(const DiskState& state, std::chrono::milliseconds warn_free);

 private:
    enum class Said : std::uint8_t { nothing, short_of_room, full };
    Said said_ = Said::nothing;
};

class DiskWatch {
 public:
    /// `bytes_per_second`: written to recordings now. All of it outlives this.
    DiskWatch(const Current<DiskOptions>& options, DiskRoom& room,
              std::function<std::uint64_t()> bytes_per_second, loop::Timers& timers,
              EventSink& events);
    ~DiskWatch();
    DiskWatch(const DiskWatch&) = delete;
    DiskWatch& operator=(const DiskWatch&) = delete;

 private:
    void look_later();
    void on_space(const DiskSpace& space);

    const Current<DiskOptions>& options_;
    DiskRoom& room_;
    const std::function<std::uint64_t()> bytes_per_second_;
    loop::Timers& timers_;
    EventSink& events_;
    DiskWarning warning_;
    loop::TimerId timer_ = 0;
    std::shared_ptr<const bool> here_ = std::make_shared<const bool>(true);
};

}  // namespace st::api
