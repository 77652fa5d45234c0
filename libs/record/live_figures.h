#pragma once
/// What is known of a recording while it is made.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace st::record {

/// count(): one thread, the camera's loop. The figures: any thread.
class LiveFigures {
 public:
    /// A message of the camera. `seq`: its number; `is_picture`: a picture begins in it.
    void count(std::uint32_t seq, std::size_t payload_bytes, bool is_picture,
               std::int64_t arrival_ns) {
        add(messages, 1);
        add(bytes, payload_bytes);
        add(pictures, is_picture ? 1 : 0);
        if (!last_seq_) first_ns_ = arrival_ns;
        const auto step = static_cast<std::int32_t>(seq - last_seq_.value_or(seq - 1));
        if (step > 1) {
            add(gaps, 1);
            add(missing, static_cast<std::uint64_t>(step) - 1);
        }
        // A repeated or late message leaves the newest number where it is.
        if (step > 0) last_seq_ = seq;
        duration_ns.store(arrival_ns - first_ns_, std::memory_order_relaxed);
    }

    std::atomic<std::uint64_t> messages{0};
    std::atomic<std::uint64_t> pictures{0};
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> gaps{0};        ///< in the numbers
    std::atomic<std::uint64_t> missing{0};     ///< messages, in all gaps
    std::atomic<std::int64_t> duration_ns{0};  ///< from the first arrival to the latest

 private:
    static void add(std::atomic<std::uint64_t>& to, std::uint64_t count) {
        to.store(to.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    }

    std::optional<std::uint32_t> last_seq_;
    std::int64_t first_ns_ = 0;
};

}  // namespace st::record
