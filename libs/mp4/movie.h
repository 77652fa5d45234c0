#pragma once
/// Movie files read back (ISO/IEC 14496-12): one with an index (moov, 8.5 to 8.7), and one of
/// fragments (moof, 8.8) that may still grow. What they say of their samples is checked against the
/// file's size; the samples themselves are not looked at. Pure; any thread.
#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace st::mp4 {

constexpr std::uint64_t kMoovBytesMax = std::uint64_t{96} << 20;
constexpr std::size_t kMoofBytesMax = std::size_t{4} << 20;
/// Kept in memory, of all tracks: 32 bytes each.
constexpr std::size_t kMovieSamplesMax = 4'000'000;
/// Looked through, of a track with an index, of which a part is kept: two days at 100 a second.
constexpr std::size_t kTrackSamplesMax = 20'000'000;
constexpr std::size_t kMovieTracksMax = 8;
constexpr std::size_t kMovieEditsMax = 64;       ///< of a track
constexpr std::size_t kDescriptionsMax = 64;     ///< sample entries of a track
constexpr std::size_t kTopBoxesMax = 1'000'000;  ///< 6 h of fragments of 100 ms have 432,000
constexpr std::int64_t kMovieTicksMax = std::int64_t{1} << 56;  ///< of any time

/// A file by its bytes.
struct MovieSource {
    std::uint64_t bytes = 0;
    /// All of `into`, from `at` on; false: cannot be read. Asked only within `bytes`.
    std::function<bool(std::uint64_t at, std::span<std::uint8_t> into)> read;
};
/// Borrows it.
MovieSource source_of(Bytes file);

/// Times in ticks of the track.
struct MovieSample {
    std::uint64_t at = 0;  ///< in the file
    std::int64_t decoded = 0;
    std::int32_t shown_after = 0;  ///< its composition time, counted from `decoded`
    std::uint32_t duration = 0;    ///< to the next one in decoding order
    std::uint32_t bytes = 0;
    std::uint16_t description = 0;  ///< place in MovieTrack::descriptions
    bool is_sync = false;

    std::int64_t shown() const { return decoded + shown_after; }
};

struct MovieEdit {
    std::uint64_t duration = 0;  ///< in the movie's ticks; 0: to the end
    std::int64_t media = 0;      ///< where it begins, in the track's ticks; -1: nothing is shown
};

enum class MovieKind : std::uint8_t { video, sound, other };

struct MovieTrack {
    MovieKind kind = MovieKind::other;
    std::uint32_t id = 0;
    std::uint32_t ticks_per_second = 0;
    std::array<std::uint8_t, 36> matrix{};  ///< as in tkhd
    std::uint32_t width = 0;                ///< as in tkhd: 16.16
    std::uint32_t height = 0;
    std::vector<std::vector<std::uint8_t>> descriptions;  ///< sample entries, whole boxes of stsd
    std::vector<MovieEdit> edits;
    std::vector<MovieSample> samples;  ///< in decoding order; decoded never goes back
    /// When what the track shows begins and is over, as composition times, where `samples` are only
    /// a part of it.
    struct Extent {
        std::int64_t from = 0;
        std::int64_t until = 0;
    };
    std::optional<Extent> whole;

    /// The composition time that is shown at the movie's zero, by the edits: those of ours name one
    /// piece of the media, perhaps behind an empty one. Negative: the track begins later.
    std::int64_t zero(std::uint32_t movie_ticks_per_second) const;
    /// When what is shown first begins, as a composition time. There are samples.
    std::int64_t shown_from() const;
    /// When what is shown last is over, as a composition time. A duration is the distance in
    /// decoding order: of pictures that are shown in another one only that of the last says how
    /// long something is shown. There are samples.
    std::int64_t shown_until() const;
};

struct Movie {
    std::uint32_t ticks_per_second = 0;
    bool is_growing = false;  ///< made of fragments: it was not finished, and may grow
    std::vector<MovieTrack> tracks;

    /// Of the track shown longest, from the movie's zero.
    std::int64_t duration_us() const;
};

/// What of a movie is wanted: what is shown in between, microseconds after its 0.
struct MovieSpan {
    static constexpr std::int64_t kBegin = std::numeric_limits<std::int64_t>::min();
    static constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();
    std::int64_t from_us = kBegin;
    std::int64_t to_us = kEnd;
    bool is_all() const { return from_us == kBegin && to_us == kEnd; }
};

/// Error.code of a movie of which more samples are wanted than are read.
constexpr int kTooManySamples = 413;

/// Of one of fragments, those that are whole. Of one with an index at least what `span` needs: from
/// the key frame before on, and if none is shown before it, with the first one. Error: what is
/// wrong, and where.
Result<Movie> read_movie(const MovieSource& file, const MovieSpan& span = {});

/// The same without samples, for who wants to know what a file is and how long: of a file with an
/// index a few reads. `duration_us` as said by the file; of one of fragments counted.
struct MovieHead {
    bool is_growing = false;
    std::int64_t duration_us = 0;
};
Result<MovieHead> read_movie_head(const MovieSource& file);

}  // namespace st::mp4
