#pragma once
/// Parts of movie files, joined to one: which samples, and when each is shown. Nothing is decoded
/// or encoded: a part that begins between two key frames has the pictures from the key frame on,
/// and an edit list that hides those before. Pure.
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "mp4/copied_movie.h"
#include "mp4/movie.h"

namespace st::archive {

/// Of all tracks of a cut; some 40 bytes of memory each.
constexpr std::size_t kCutSamplesMax = 4'000'000;

/// Where a file's bytes go: one piece behind the other.
struct CutPiece {
    std::size_t source = 0;  ///< as given to add()
    std::uint64_t at = 0;
    std::uint64_t bytes = 0;
};

class Cut {
 public:
    /// What of a movie is wanted. The cut has a time of its own, in which anything may be negative;
    /// it begins when what is shown first does.
    struct Part {
        std::size_t source = 0;
        std::int64_t at_us = 0;  ///< of the cut: when the movie's 0 is shown
        /// Of the movie; 0 or less: from its beginning on.
        std::int64_t pictures_from_us = 0;
        std::int64_t sounds_from_us = 0;
        std::int64_t to_us = 0;  ///< of the movie
    };
    struct Added {
        bool pictures = false;
        bool sounds = false;
    };
    /// The first pictures begin with the one that is shown at `pictures_from_us`, or, if that
    /// needs what is not in the movie, with the movie's first key frame, also if that is shown at
    /// `to_us` or later. Those behind others begin with the next key frame, which is shown when it
    /// shall be. Error: what cannot be joined.
    Result<Added> add(const mp4::Movie& movie, const Part& whole);

    bool empty() const { return video_.samples.empty() && sound_.samples.empty(); }

    /// When what is shown first begins, in the cut's time; not empty().
    std::int64_t begin_us() const;

    struct Made {
        std::vector<std::uint8_t> head;
        std::vector<CutPiece> pieces;  ///< what follows the head
    };
    /// `end_us`: where the cut ends. Once; not empty().
    Made finish(std::int64_t end_us, std::uint64_t created);

 private:
    struct Range {
        std::size_t first = 0;
        std::size_t end = 0;
        std::size_t size() const { return end - first; }
    };
    /// `zero`: the composition time that is shown at the movie's 0. `begin`: that of the picture
    /// which is shown first.
    Range pictures_of(const mp4::MovieTrack& video, std::int64_t zero, const Part& part,
                      std::int64_t& begin) const;
    Range sounds_of(const mp4::MovieTrack& sound, std::int64_t zero, const Part& part) const;
    void add_piece(std::size_t source, const mp4::MovieTrack* video, Range pictures,
                   const mp4::MovieTrack* sound, Range sounds);
    Result<void> add_track(const mp4::MovieTrack& track, Range range, std::int64_t zero,
                           const Part& part, std::uint64_t piece_at, mp4::CopiedTrack& to);
    Result<std::uint16_t> description(const std::vector<std::uint8_t>& entry,
                                      mp4::CopiedTrack& to) const;

    mp4::CopiedTrack video_;
    mp4::CopiedTrack sound_;
    std::int64_t pictures_begin_us_ = 0;
    std::int64_t sounds_begin_us_ = 0;
    std::vector<CutPiece> pieces_;
    std::uint64_t media_bytes_ = 0;
};

}  // namespace st::archive
