#pragma once
/// Writes a segment of a live stream while it comes in: a fragmented MP4 that can be read at any
/// moment up to its last fragment (segment_mark.h shows its form). finish_segment() makes a plain
/// MP4 of it. One thread.
#include <cstdint>
#include <optional>
#include <vector>

#include "media/packet.h"
#include "mp4/segment_file.h"
#include "mp4/segment_mark.h"
#include "mp4/segment_movie.h"
#include "mp4/sound_clock.h"

namespace st::mp4 {

/// What is in a segment. A track that is null is not in it.
struct SegmentTracks {
    media::PacketPtr video;       ///< its configuration, H.264
    media::PacketPtr audio;       ///< its configuration, AAC
    SoundClock* sound = nullptr;  ///< goes on from segment to segment; outlives the writer
    unsigned audio_channels = 2;
};

class SegmentWriter {
 public:
    /// A fragment is written before it holds more, whatever its time; but one sample is always
    /// taken.
    static constexpr std::size_t kFragmentBytesMax = std::size_t{4} << 20;
    static constexpr std::size_t kFragmentSamplesMax = 4096;

    /// `file` is empty and outlives this. `mark.first_wall_us` is the wall clock of the stream's
    /// time 0 here; what is written is that of the file's. Codecs are filled in.
    /// Error: the configuration of a track cannot be read.
    static Result<SegmentWriter> begin(SegmentFile& file, SegmentMark mark,
                                       const SegmentTracks& tracks, std::int64_t fragment_ms);

    /// The next picture or sound, with the stream's times; of a track that is in the segment.
    /// The first picture is what is shown first. Throws std::system_error: the fragment is not
    /// written, wholly or in part; nothing may be added any more, and unwritten() is what is
    /// missing.
    void add(media::PacketPtr packet);
    /// All that was added: the segment may end here, or go on. `next_picture_ms`: decoding time of
    /// the picture that comes next. Throws like add().
    void end(std::optional<std::int64_t> next_picture_ms);

    /// Writes what is whole, if there is any: called when nothing came for a while. Throws like
    /// add().
    void flush();

    /// The wall clock of the stream's time 0 is later by so much than was said. Throws
    /// std::system_error.
    void move_wall(std::int64_t by_us);

    /// In order of their arrival.
    std::vector<media::PacketPtr> unwritten() const;
    /// The stream's time of the file's time 0, in microseconds; nullopt: nothing is written yet.
    std::optional<std::int64_t> zero_us() const { return zero_us_; }
    std::uint64_t samples() const { return samples_; }

 private:
    struct Sample {
        media::PacketPtr packet;
        std::int64_t ticks;  ///< decoding time, of the stream
        std::int64_t shown;  ///< display time, likewise
        std::uint64_t serial;
    };
    struct Writing {
        SegmentTrack track;
        std::vector<Sample> samples;  ///< not written yet
        std::int64_t usual_ticks = 0;
        std::int64_t last_ticks = 0;  ///< of the newest sample ever
        bool has_any = false;
    };

    SegmentWriter(SegmentFile& file, SegmentMark mark, const SegmentTracks& tracks,
                  std::int64_t fragment_ms)
        : file_(file), mark_(std::move(mark)), sound_(tracks.sound), fragment_ms_(fragment_ms) {}

    void write(bool is_last);
    void place_zero();
    std::vector<std::uint8_t> encode_head();
    std::size_t count_to_write(const Writing& one, bool is_last) const;
    std::int64_t media_ticks(const Writing& one, std::int64_t ticks) const;
    void write_traf(Boxes& out, const Writing& one, std::size_t count, std::uint64_t& offset_at);

    SegmentFile& file_;
    SegmentMark mark_;
    SoundClock* sound_;
    std::int64_t fragment_ms_;
    std::vector<Writing> tracks_;
    std::optional<std::int64_t> zero_us_;
    std::optional<std::int64_t> fragment_from_ms_;
    std::int64_t newest_ms_ = 0;
    std::size_t pending_bytes_ = 0;
    std::size_t pending_ = 0;
    std::uint64_t samples_ = 0;
    std::uint32_t sequence_ = 0;
};

}  // namespace st::mp4
