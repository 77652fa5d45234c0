#pragma once
/// What cameras and their recordings are counted by. Any thread.
#include <atomic>
#include <cstdint>

namespace st::capture {

struct Counters {
    std::atomic<std::int64_t> cameras{0};
    std::atomic<std::int64_t> cameras_recording{0};
    std::atomic<std::uint64_t> frames_total{0};
    std::atomic<std::uint64_t> frame_bytes_total{0};
    std::atomic<std::uint64_t> frames_bad_total{0};
    std::atomic<std::uint64_t> stalls_total{0};
    std::atomic<std::uint64_t> sessions_opened_total{0};
    std::atomic<std::uint64_t> sessions_finished_total{0};
    std::atomic<std::uint64_t> sessions_failed_total{0};
};

}  // namespace st::capture
