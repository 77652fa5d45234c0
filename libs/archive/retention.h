#pragma once
/// Deletes what is too old or too much, the oldest first, and says of each why. Never what is being
/// written, is kept, or belongs to a take of which something is kept. Does nothing unless it is
/// configured. Reads and changes the disk: call look() from a thread that may block.
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "archive/catalogue.h"
#include "archive/clock_guard.h"
#include "archive/oldest.h"
#include "archive/undeletable.h"
#include "base/current.h"
#include "base/log.h"

namespace st::archive {

/// Of all, or of what one pattern means. 0: no limit.
struct RetentionLimits {
    std::chrono::milliseconds max_age{0};  ///< since it ended
    std::uint64_t max_bytes = 0;
    bool is_set() const { return max_age.count() > 0 || max_bytes > 0; }
};

struct RetentionRule {
    std::string match;  ///< pattern of control/glob.h over "live/walk", "camera/door"
    RetentionLimits limits;
};

struct RetentionOptions {
    RetentionLimits all;
    std::uint64_t keep_free = 0;       ///< bytes of the disk
    std::vector<RetentionRule> rules;  ///< the first that matches; beside what holds for all
    bool is_set() const;
};

struct Deleted {
    std::string recording;  ///< id; "": a segment
    std::string file;       ///< of a segment: below the recordings folder
    std::string stream;     ///< "/camera/door", "/live/walk"
    std::string reason;     ///< "age", "bytes", "free"
    std::uint64_t bytes = 0;
};

class Retention {
 public:
    static constexpr std::size_t kLookedAtMax = 100'000;

    /// Both on the thread of look().
    struct Tell {
        std::function<void(const Deleted&)> deleted;
        /// Why nothing is deleted by age for now; may be empty.
        std::function<void(const std::string& why)> doubts_clock;
    };

    /// `free_bytes`: of the disk, now. `looked_at_max`: of what may go or stays, in one look; the
    /// next one goes on behind it.
    Retention(const Current<RetentionOptions>& options, Catalogue& catalogue,
              std::function<std::uint64_t()> free_bytes, Tell tell, Log log,
              std::size_t looked_at_max = kLookedAtMax);

    /// One look, at that time of the wall clock and of CLOCK_BOOTTIME. Nothing happens while the
    /// catalogue is built for the first time.
    void look(std::int64_t now_us, std::int64_t boot_us);
    /// Nothing more is deleted. Any thread.
    void stop() { stop_.request_stop(); }

 private:
    /// What was deleted is given back by the disk within that time, or not at all for now: somebody
    /// reads it.
    static constexpr std::int64_t kOwedForUs = 600'000'000;
    struct Owed {
        std::int64_t since_us;
        std::uint64_t bytes;
    };

    /// When the disk was asked last: what was free, and how much was stored.
    struct Seen {
        std::uint64_t free_bytes;
        std::uint64_t stored_bytes;
    };
    enum class Removal : std::uint8_t { done, was_gone, refused, all_refused };
    struct Look;

    const RetentionRule* rule_of(const RetentionOptions& options, const std::string& stream) const;
    std::string reason_for(const Look& look, const OldestItem& item) const;
    bool believes_clock(const RetentionOptions& options, std::int64_t now_us, std::int64_t boot_us);
    void look_at_room(Look& look);
    bool delete_due(Look& look, Oldest& oldest);
    Removal remove(const OldestItem& item);
    std::uint64_t owed_bytes(std::int64_t now_us);
    void note_owed(std::int64_t now_us, std::uint64_t bytes);
    void note_given(std::uint64_t bytes);

    const Current<RetentionOptions>& options_;
    Catalogue& catalogue_;
    const std::function<std::uint64_t()> free_bytes_;
    const Tell tell_;
    const Log log_;
    const std::size_t looked_at_max_;
    std::stop_source stop_;
    OldestPlace from_;        ///< where the next look begins
    std::vector<Owed> owed_;  ///< by the disk, the oldest first
    std::optional<Seen> seen_;
    ClockGuard clock_;
    std::string doubt_;  ///< of the clock, that was told
    Undeletable undeletable_;
};

}  // namespace st::archive
