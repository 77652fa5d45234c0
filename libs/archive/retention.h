#pragma once
/// Deletes what is too old or too much, the oldest first, and says of each why. Never what is being
/// written, is kept, or belongs to a take of which something is kept. Does nothing unless it is
/// configured. Reads and changes the disk: call look() from a thread that may block.
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "archive/catalogue.h"
#include "archive/oldest.h"
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

    /// `free_bytes`: of the disk, now. `on_deleted`: told of each, on the thread of look().
    /// `looked_at_max`: of what may go or stays, in one look; the next one goes on behind it.
    Retention(const Current<RetentionOptions>& options, Catalogue& catalogue,
              std::function<std::uint64_t()> free_bytes,
              std::function<void(const Deleted&)> on_deleted, Log log,
              std::size_t looked_at_max = kLookedAtMax);

    /// One look. Nothing happens while the catalogue is being built.
    void look(std::int64_t now_us);

 private:
    /// What was deleted is given back by the disk within that time, or not at all for now: somebody
    /// reads it, or its file system takes its time.
    static constexpr std::int64_t kOwedForUs = 600'000'000;
    struct Owed {
        std::int64_t since_us;
        std::uint64_t bytes;
    };

    struct Look;

    const RetentionRule* rule_of(const RetentionOptions& options, const std::string& stream) const;
    std::string reason_for(const Look& look, const OldestItem& item) const;
    bool remove(const OldestItem& item);
    std::uint64_t owed_bytes(std::int64_t now_us);
    void note_owed(std::int64_t now_us, std::uint64_t bytes);

    const Current<RetentionOptions>& options_;
    Catalogue& catalogue_;
    const std::function<std::uint64_t()> free_bytes_;
    const std::function<void(const Deleted&)> on_deleted_;
    const Log log_;
    const std::size_t looked_at_max_;
    OldestPlace from_;        ///< where the next look begins
    std::vector<Owed> owed_;  ///< by the disk, the oldest first
};

}  // namespace st::archive
