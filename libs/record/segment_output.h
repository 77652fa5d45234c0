#pragma once
/// What a segment is written to, and its two forms. Private to libs/record. One thread.
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "hub/unit.h"
#include "media/packet.h"
#include "mp4/segment_file.h"
#include "mp4/segment_finish.h"
#include "mp4/segment_mark.h"
#include "mp4/sound_clock.h"
#include "record/segment_options.h"

namespace st::record {

/// Calls that write throw std::system_error; nothing may be added afterwards.
class SegmentOutput {
 public:
    virtual ~SegmentOutput() = default;
    virtual void add(const media::PacketPtr& packet) = 0;
    /// The last ones. `next_picture_ms`: where another segment begins.
    virtual void end(std::optional<std::int64_t> next_picture_ms) = 0;
    /// What is whole: nothing came for a while.
    virtual void flush() = 0;
    /// The wall clock of the stream's time 0 is later by so much than the mark said.
    virtual void move_wall(std::int64_t by_us) = 0;
    /// The file takes no more, or shall not: what can go on in another one. The last call.
    struct Rest {
        /// The file ends here, before the entry point that `packets` begins with; nullopt: it is
        /// left as it is.
        std::optional<std::uint64_t> keep_bytes;
        std::vector<media::PacketPtr> packets;  ///< that were added, and are not in the file then
    };
    virtual Rest take_back() = 0;
    /// Packets that were added and are not in the file.
    virtual std::size_t unwritten() const = 0;
    /// Whether take_back() would give keep_bytes.
    virtual bool can_take_back() const = 0;
};

/// What is in force where a segment begins.
struct SegmentHeaders {
    media::PacketPtr video;
    media::PacketPtr audio;
    media::PacketPtr colour;
    media::PacketPtr metadata;
    std::vector<media::PacketPtr> further;
};

/// An Error is about the stream: it has nothing that the form can hold. `mark.first_wall_us` is the
/// wall clock of the stream's time 0. `sound`: see mp4::SoundClock; outlives the output.
Result<std::unique_ptr<SegmentOutput>> begin_mp4_segment(mp4::SegmentFile& file,
                                                         mp4::SegmentMark mark,
                                                         const SegmentHeaders& headers,
                                                         mp4::SoundClock* sound,
                                                         std::int64_t fragment_ms);
std::unique_ptr<SegmentOutput> begin_flv_segment(mp4::SegmentFile& file, mp4::SegmentMark mark,
                                                 const SegmentHeaders& headers,
                                                 std::int64_t fragment_ms);

/// What an FLV segment says of itself in its onMetaData. `begin`: kFlvMarkBytesMax of the file.
constexpr std::size_t kFlvMarkBytesMax = 64 * 1024;
struct FlvMark {
    mp4::SegmentMark mark;
    double duration_s = 0;  ///< 0: it is not finished
    std::uint64_t duration_at = 0;
    std::uint64_t tags_at = 0;  ///< behind it
};
Result<FlvMark> read_flv_mark(Bytes begin);
/// Cuts a torn tail off and writes the duration. As mp4::finish_segment().
Result<std::optional<mp4::SegmentFacts>> finish_flv_segment(mp4::SegmentFile& file);

}  // namespace st::record
