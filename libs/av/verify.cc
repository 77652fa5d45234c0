#include "av/verify.h"

#include <algorithm>

#include "av/error.h"
#include "av/handles.h"
#include "base/bytes.h"

namespace st::av {
namespace {

constexpr int kReorderMax = 16;
constexpr int kTailMax = 200;

/// Every sample is a row of { u32 length, NAL unit }.
void check_nal_lengths(const AVPacket& packet) {
    const auto size = static_cast<std::size_t>(packet.size);
    std::size_t at = 0;
    while (at < size) {
        if (size - at < 4 || load_be32(packet.data + at) > size - at - 4) {
            throw Error("a sample at " + std::to_string(packet.pos) +
                        " is not made of whole NAL units");
        }
        at += 4 + load_be32(packet.data + at);
    }
}

}  // namespace

media::MovieFacts read_indexed(int fd) {
    MovieFile file(fd);
    AVFormatContext& input = file.format();
    AVStream& stream = file.video_stream();
    const AVCodecParameters& codec = *stream.codecpar;
    const bool is_jpeg = codec.codec_id == AV_CODEC_ID_MJPEG;
    if (!is_jpeg && (codec.codec_id != AV_CODEC_ID_H264 || codec.extradata_size < 7 ||
                     codec.extradata[0] != 1)) {
        throw Error("no H.264 track with its parameter sets, and none of JPEG pictures");
    }
    media::MovieFacts facts;
    facts.width = static_cast<std::uint32_t>(codec.width);
    facts.height = static_cast<std::uint32_t>(codec.height);
    facts.ticks_per_second = stream.time_base.den / std::max(stream.time_base.num, 1);
    const int count = avformat_index_get_entries_count(&stream);
    facts.pictures = static_cast<std::uint64_t>(count);
    if (count <= 0) throw Error("no samples");
    media::IndexCrc crc;
    const std::int64_t first_dts = avformat_index_get_entry(&stream, 0)->timestamp;
    for (int i = 0; i < count; ++i) {
        const AVIndexEntry& entry = *avformat_index_get_entry(&stream, i);
        facts.bytes += static_cast<std::uint64_t>(entry.size);
        if ((entry.flags & AVINDEX_KEYFRAME) != 0) ++facts.key_frames;
        if ((entry.flags & AVINDEX_DISCARD_FRAME) != 0)
            throw Error("a picture is outside the edit list");
        crc.add(static_cast<std::uint32_t>(entry.size), entry.timestamp - first_dts);
    }
    facts.index_crc = crc.value();

    const PacketPtr packet(av_packet_alloc());
    const auto scan = [&](int most, auto&& take) {
        for (int i = 0; i < most; ++i) {
            const int code = av_read_frame(&input, packet.get());
            if (code == AVERROR_EOF) break;
            if (code < 0) raise("read", code);
            if (!is_jpeg) check_nal_lengths(*packet);
            take(packet->pts);
            av_packet_unref(packet.get());
        }
    };
    facts.first_ticks = INT64_MAX;
    scan(kReorderMax + 1,
         [&](std::int64_t pts) { facts.first_ticks = std::min(facts.first_ticks, pts); });
    const int tail = std::max(0, count - kReorderMax - 1);
    const std::int64_t from = avformat_index_get_entry(&stream, tail)->timestamp;
    const int code =
        av_seek_frame(&input, stream.index, from, AVSEEK_FLAG_ANY | AVSEEK_FLAG_BACKWARD);
    if (code < 0) raise("seek", code);
    facts.last_ticks = INT64_MIN;
    // A seek may land earlier than asked for: on to the end, but not through a whole file.
    scan(kTailMax, [&](std::int64_t pts) { facts.last_ticks = std::max(facts.last_ticks, pts); });
    return facts;
}

media::MovieFacts read_pictures(int fd) {
    MovieFile file(fd);
    AVFormatContext& input = file.format();
    input.flags |= AVFMT_FLAG_NOPARSE;
    const PacketPtr packet(av_packet_alloc());
    media::MovieFacts facts;
    facts.ticks_per_second = 1000;
    facts.first_ticks = INT64_MAX;
    facts.last_ticks = INT64_MIN;
    for (;;) {
        const int code = av_read_frame(&input, packet.get());
        if (code == AVERROR_EOF) break;
        if (code < 0) raise("read", code);
        const AVStream& stream = *input.streams[packet->stream_index];
        const AVCodecID codec = stream.codecpar->codec_id;
        if (codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_MJPEG) {
            if (codec == AV_CODEC_ID_H264) check_nal_lengths(*packet);
            ++facts.pictures;
            facts.bytes += static_cast<std::uint64_t>(packet->size);
            if ((packet->flags & AV_PKT_FLAG_KEY) != 0) ++facts.key_frames;
            const std::int64_t ms = av_rescale_q(packet->pts, stream.time_base, {1, 1000});
            facts.first_ticks = std::min(facts.first_ticks, ms);
            facts.last_ticks = std::max(facts.last_ticks, ms);
        }
        av_packet_unref(packet.get());
    }
    if (facts.pictures == 0) throw Error("no pictures");
    return facts;
}

}  // namespace st::av
