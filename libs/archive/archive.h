#pragma once
/// What was recorded of a stream or camera, by time: the spans there are, and any of it as one MP4.
/// docs/archive.md. Reads the disk: call it from a thread that may block. Any thread.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "archive/catalogue.h"
#include "archive/held_files.h"
#include "base/buffer.h"
#include "base/fd.h"
#include "base/result.h"
#include "base/sync.h"
#include "mux/convert.h"

namespace st::archive {

/// Two files of a stream that are no further apart are one span.
constexpr std::int64_t kSeamUs = 250'000;
constexpr std::int64_t kCutUsMax = std::int64_t{12} * 3600 * 1'000'000;
constexpr std::size_t kCutFilesMax = 2'000;
/// Files that answers hold open in all, at most; and half of what the program may.
constexpr std::size_t kHeldFilesMax = 4'000;
/// Files that are looked at for one page of spans; behind them a span goes on in the next one.
constexpr std::size_t kSpanFilesMax = 5'000;

/// Any moment from `start_us` up to `end_us` can be had, and is shown `moment - start_us` after its
/// begin.
struct Span {
    std::int64_t start_us = 0;
    std::int64_t end_us = 0;
    bool is_open = false;  ///< it is being recorded, and ends later
    bool is_ready = true;  ///< false: no MP4 can be made of it
    bool operator==(const Span&) const = default;
};

struct SpanQuery {
    std::string stream;  ///< "/live/walk", "/camera/door"
    std::int64_t since_us = 0;
    std::int64_t until_us = std::int64_t{1} << 60;
    std::size_t limit = 1000;
};

struct SpanPage {
    std::vector<Span> items;           ///< the oldest first
    std::optional<std::int64_t> next;  ///< since_us of the next page
    bool is_building = false;
};

enum class Gaps : std::uint8_t {
    keep,  ///< the last picture stays until the next one
    skip,
};

struct CutRequest {
    std::string stream;
    std::int64_t start_us = 0;
    std::int64_t duration_us = 0;
    Gaps gaps = Gaps::keep;
    bool operator==(const CutRequest&) const = default;
};

/// One MP4: its head, and the bytes of files that follow it.
struct MovieFile {
    struct Piece {
        std::shared_ptr<const Fd> file;
        std::uint64_t at = 0;
        std::uint64_t bytes = 0;
    };
    SharedBuffer head;
    std::vector<Piece> pieces;
    std::string tag;            ///< another one if any byte is another one
    std::int64_t start_us = 0;  ///< wall clock of what it shows first
    std::int64_t duration_us = 0;
    std::uint64_t bytes = 0;
    std::uint64_t made_bytes = 0;  ///< on the disk, in files that were made for it
};
using MovieFilePtr = std::shared_ptr<const MovieFile>;

/// How the pictures of dumps get their times; as in mux::Job, and as their MP4s have them.
struct DumpTimes {
    mux::Timing timing = mux::Timing::automatic;
    std::chrono::milliseconds max_gap{60'000};
};

class Archive {
 public:
    /// Of dumps that are made into MP4s at a time: each reads its disk as fast as that gives.
    static constexpr int kDumpsMax = 2;

    /// `held_files_max`: as kHeldFilesMax, for all answers.
    explicit Archive(Catalogue& catalogue, DumpTimes dumps = {},
                     std::size_t held_files_max = held_files_of_this_program());
    /// Lets go of what nobody has asked for lately: its files may have been deleted. Called now and
    /// then; any thread that may block.
    void forget_old() ST_EXCLUDES(mutex_);
    /// What reads a dump gives up soon. Any thread.
    void stop() { stop_.request_stop(); }

    SpanPage spans(const SpanQuery& query);

    /// Error.code: 404 nothing is stored there, 409 no MP4 can be made of it, 413 too long, 500 a
    /// file cannot be read, 503 the catalogue is being built, or too much else is, or others hold
    /// too many files. Throws std::system_error without descriptors. `goes_on`:
    /// somebody who has got the beginning asks for more: of what grows, he gets more of that.
    /// `asker`: requested once nobody waits for it; 503 soon, then.
    Result<MovieFilePtr> movie(const CutRequest& request, bool goes_on,
                               const std::stop_token& asker = {}) ST_EXCLUDES(mutex_);

    /// A movie in memory whose first picture is the one shown at a moment: it is the one that
    /// movie() gives. Error as movie().
    Result<Fd> moment(const std::string& stream, std::int64_t at_us,
                      const std::stop_token& asker = {});

 private:
    /// Movies that were asked for lately: players ask for one in many pieces.
    static constexpr std::size_t kRememberedMax = 8;
    static constexpr std::size_t kRememberedBytesMax = std::size_t{64} << 20;  ///< of heads
    /// On the disk, of what was made of dumps; the latest is remembered whatever it takes.
    static constexpr std::uint64_t kRememberedDumpsMax = std::uint64_t{4} << 30;
    static constexpr std::chrono::minutes kRememberedFor{10};
    struct Remembered {
        CutRequest request;
        MovieFilePtr movie;
        std::chrono::steady_clock::time_point used;
    };
    MovieFilePtr remembered(const CutRequest& request) ST_EXCLUDES(mutex_);
    void remember(const CutRequest& request, const MovieFilePtr& movie) ST_EXCLUDES(mutex_);
    Result<MovieFilePtr> build(const CutRequest& request, const std::stop_token& asker)
        ST_EXCLUDES(mutex_);
    HeldFilesPtr hold(std::size_t files) ST_EXCLUDES(mutex_);
    bool forget_unread() ST_EXCLUDES(mutex_);
    static std::size_t held_files_of_this_program();

    Catalogue& catalogue_;
    const DumpTimes dump_times_;
    const std::size_t held_files_max_;
    const std::shared_ptr<std::atomic<std::size_t>> held_files_;
    std::stop_source stop_;
    std::atomic<int> dumps_{0};  ///< being read
    Mutex mutex_;
    std::list<Remembered> remembered_ ST_GUARDED_BY(mutex_);  ///< the latest first
};

}  // namespace st::archive
