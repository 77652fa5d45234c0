#pragma once
/// Tells a stream that began with a burst from one that is sent faster than its time.
///
/// Who connects to another server is first given what that one keeps for its viewers, seconds of
/// it at once: its pictures were taken before they came, and from then on the stream runs ahead of
/// the clock by so much. A file that is pushed fast gets further ahead all the time. Pure; one
/// thread. Private to libs/record.
#include <cstdint>
#include <optional>

namespace st::record {

class BurstWatch {
 public:
    /// A line of time begins with a packet of that time, which came then.
    void begin(std::int64_t ms, std::int64_t arrived_ns);
    /// It is too late to move anything.
    void end() { is_watching_ = false; }
    /// The next packet. By how many microseconds the stream is ahead of its first packet, once that
    /// has stayed the same for kSettledNs; one time a line.
    std::optional<std::int64_t> look(std::int64_t ms, std::int64_t arrived_ns);

    static constexpr std::int64_t kSettledNs = 3'000'000'000;
    /// Less is what any network does.
    static constexpr std::int64_t kLeastUs = 200'000;

 private:
    bool is_watching_ = false;
    std::int64_t first_ms_ = 0;
    std::int64_t first_ns_ = 0;
    std::int64_t ahead_us_ = 0;  ///< the most so far
    std::int64_t since_ns_ = 0;  ///< since when it is no more, and not much less
};

}  // namespace st::record
