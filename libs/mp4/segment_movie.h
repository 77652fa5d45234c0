#pragma once
/// The moov of a segment: before its fragments, and behind them once it is finished. Pure.
/// ISO/IEC 14496-12.
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "mp4/boxes.h"
#include "mp4/table_boxes.h"

namespace st::mp4 {

/// The ticks of a movie, and of its pictures: times of live streams are whole milliseconds.
constexpr std::uint32_t kMovieTicks = 90'000;
constexpr std::uint32_t kVideoTrackId = 1;
constexpr std::uint32_t kAudioTrackId = 2;

struct SegmentTrack {
    std::uint32_t id = kVideoTrackId;
    std::uint32_t ticks_per_second = kMovieTicks;
    std::vector<std::uint8_t> description;  ///< the whole stsd
    std::uint32_t width = 0;                ///< as shown, 16.16; of video
    std::uint32_t height = 0;
    std::int64_t empty_ticks = 0;  ///< of the movie: nothing of this track is shown before
    std::int64_t start_ticks = 0;  ///< of the track's own time: what is shown first

    bool is_video() const { return id == kVideoTrackId; }
};

/// One sample of a finished segment.
struct SegmentSample {
    std::uint32_t bytes = 0;
    std::uint32_t ticks = 0;  ///< how long it lasts in decoding time
    std::int32_t offset = 0;  ///< display time minus decoding time
    bool is_sync = true;
};

struct SegmentTables {
    std::vector<SegmentSample> samples;
    std::vector<Chunk> chunks;  ///< places in the file

    std::uint64_t media_ticks() const;  ///< all of them together
};

struct SegmentMovie {
    std::uint64_t created = 0;  ///< seconds since 1904
    std::vector<SegmentTrack> tracks;
};

/// stsd of sound: `config` is an AudioSpecificConfig.
std::vector<std::uint8_t> aac_description(Bytes config, std::uint32_t sample_rate,
                                          unsigned channels);
/// stsd of H.264: `record` is an AVCDecoderConfigurationRecord with an SPS that can be read. Sets
/// what else of `track` depends on it.
Result<void> describe_avc(SegmentTrack& track, Bytes record);

/// Of the whole movie, in its ticks. `tables`: of each track, in order.
std::uint64_t duration_ticks(const SegmentMovie& movie, std::span<const SegmentTables> tables);

/// `tables`: as above; empty: the samples come in fragments.
void write_segment_moov(Boxes& out, const SegmentMovie& movie,
                        std::span<const SegmentTables> tables);

/// The body of a moov that write_segment_moov() wrote, without its tables.
Result<SegmentMovie> parse_segment_moov(Bytes body);

}  // namespace st::mp4
