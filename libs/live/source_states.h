#pragma once
/// When the process of an on-demand source runs. Pure: the time is an argument, what is to be done
/// is the answer. All times in nanoseconds of one monotonic clock.
///
///     idle --viewer--> starting --media--> running --last viewer left, shutdown_timeout-->
///     stopping
///       ^                 |                   |                                               |
///       |                 +---- it ended -----+            idle, or a viewer's: starting <-- gone
///       |                          |
///       +--nobody watches-- backing_off --time--> starting
///                                  |
///                        crash_threshold within crash_window: failed --viewer after
///                        crash_window-->
///
/// A source that ends without being told to is not there yet, or not any more: it is tried again
/// for as long as somebody watches. Only a crash counts towards `failed`: an end by a signal that
/// was not ours, or a program that cannot be executed.
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

namespace st::live {

enum class SourceState : std::uint8_t { idle, starting, running, stopping, backing_off, failed };
std::string_view to_string(SourceState state);

/// What the owner of the process is to do.
enum class SourceAction : std::uint8_t { none, start, terminate, kill };

struct SourceRunOptions {
    std::chrono::milliseconds shutdown_timeout{30'000};  ///< after the last viewer left
    unsigned crash_threshold = 3;
    std::chrono::milliseconds crash_window{60'000};
    /// A process that gives nothing for so long is dead, whatever its input's connection says.
    std::chrono::milliseconds silence{30'000};
};

class SourceStates {
 public:
    /// Between SIGTERM and SIGKILL.
    static constexpr std::chrono::seconds kKillAfter{5};
    /// Before the first restart; each further end doubles it.
    static constexpr std::chrono::seconds kBackOffFirst{1};
    /// Having run for so long, a source begins with the first wait again.
    static constexpr std::chrono::seconds kSteady{10};
    static constexpr std::chrono::seconds kBackOffMax{30};

    explicit SourceStates(SourceRunOptions options) : options_(options) {}

    /// So many watch now. `has_joined`: a viewer came, whatever the number says.
    SourceAction viewers(std::size_t count, bool has_joined, std::int64_t now_ns);
    /// The process gave its first packet.
    void media(std::int64_t now_ns);
    /// The process is gone, or could not be started. `is_crash`: see above.
    SourceAction exited(std::int64_t now_ns, bool is_crash);
    /// An operator's: crashes are forgotten, and what runs begins anew.
    SourceAction restart(std::int64_t now_ns);
    /// Time has passed: call at due(), earlier calls do nothing.
    SourceAction tick(std::int64_t now_ns);
    std::optional<std::int64_t> due_ns() const { return due_ns_; }

    SourceState state() const { return state_; }
    std::size_t viewer_count() const { return viewers_; }
    /// Starts after an end that nobody asked for, in all.
    std::uint64_t restarts() const { return restarts_; }
    /// Within the window, as of the last one.
    std::size_t crashes() const { return crashes_ns_.size(); }

 private:
    SourceAction start();
    SourceAction begin(std::int64_t now_ns);
    SourceAction stop(std::int64_t now_ns);
    void enter(SourceState state, std::optional<std::int64_t> due_ns = std::nullopt);

    const SourceRunOptions options_;
    SourceState state_ = SourceState::idle;
    std::optional<std::int64_t> due_ns_;  ///< of the one thing each state may wait for
    std::size_t viewers_ = 0;
    bool has_ended_ = false;  ///< by itself, and not been started since
    unsigned ends_ = 0;       ///< by itself, one after the other
    std::int64_t runs_since_ns_ = 0;
    std::int64_t not_before_ns_ = 0;  ///< the next start; a viewer who comes again skips no wait
    std::int64_t failed_until_ns_ = 0;
    std::deque<std::int64_t> crashes_ns_;  ///< at most crash_threshold
    std::uint64_t restarts_ = 0;
};

}  // namespace st::live
