#include "record/flv_movie.h"

#include <gtest/gtest.h>

#include "../mp4/memory_segment_file.h"
#include "flv/tag.h"
#include "media/packets.h"
#include "record/segment_output.h"

namespace st::record {
namespace {

using media::Packet;

constexpr std::int64_t kWallUs = 1'769'846'400'000'000;

media::PacketPtr frame(media::Track track, std::int64_t dts_ms, std::int32_t cts_ms = 0,
                       bool is_key = false) {
    Packet packet;
    packet.track = track;
    packet.codec = track == media::Track::video ? media::Codec::h264 : media::Codec::aac;
    packet.dts_ms = dts_ms;
    packet.cts_ms = cts_ms;
    packet.is_key = is_key;
    packet.payload = Buffer(std::size_t{30});
    std::fill_n(packet.payload.data(), 30, 0x11);
    store_be32(packet.payload.data(), static_cast<std::uint32_t>(dts_ms));
    return media::shared(std::move(packet));
}

/// Ten pictures of 40 ms with B-frames and sound beside them, from 5 s of the stream on.
mp4::MemorySegmentFile segment(bool has_sound = true) {
    mp4::MemorySegmentFile file;
    mp4::SegmentMark mark;
    mark.path = "/live/x";
    mark.first_wall_us = kWallUs;
    SegmentHeaders headers;
    headers.video = media::shared(media::video_config());
    headers.audio = media::shared(media::audio_config());
    auto output = begin_flv_segment(file, mark, headers, 100);
    for (std::int64_t i = 0; i < 10; ++i) {
        output->add(frame(media::Track::video, 5000 + i * 40,
                          i == 0       ? 40
                          : i % 2 == 1 ? 80
                                       : 0,
                          i == 0));
        for (std::int64_t k = 0; has_sound && k < 2; ++k) {
            output->add(frame(media::Track::audio, 5000 + (i * 2 + k) * 64 / 3));
        }
    }
    output->end(std::nullopt);
    return file;
}

TEST(FlvMovie, has_its_samples_where_they_lie_with_their_times) {
    mp4::MemorySegmentFile file = segment();
    const Bytes bytes(file.bytes());
    const auto movie = read_flv_movie(mp4::source_of(bytes));
    ASSERT_TRUE(movie) << movie.error().message;
    ASSERT_EQ(movie->tracks.size(), 2U);
    const mp4::MovieTrack& video = movie->tracks[0];
    ASSERT_EQ(video.samples.size(), 10U);
    ASSERT_EQ(video.descriptions.size(), 1U);
    EXPECT_EQ(as_text(video.descriptions[0]).substr(4, 4), "avc1");
    EXPECT_EQ(video.width >> 16, 320U);
    for (std::int64_t i = 0; i < 10; ++i) {
        const mp4::MovieSample& sample = video.samples[static_cast<std::size_t>(i)];
        EXPECT_EQ(load_be32(bytes.data() + sample.at), 5000 + i * 40);
        EXPECT_EQ(sample.bytes, 30U);
        EXPECT_EQ(sample.decoded, i * 3600);
        EXPECT_EQ(sample.duration, 3600U);
        EXPECT_EQ(sample.is_sync, i == 0);
        EXPECT_EQ(sample.shown_after, i == 0 ? 3600 : i % 2 == 1 ? 7200 : 0);
    }
    EXPECT_EQ(video.zero(movie->ticks_per_second), 0) << "sound is heard before the first picture";
    const mp4::MovieTrack& sound = movie->tracks[1];
    EXPECT_EQ(sound.ticks_per_second, 48'000U);
    EXPECT_EQ(as_text(sound.descriptions[0]).substr(4, 4), "mp4a");
    ASSERT_EQ(sound.samples.size(), 20U);
    for (std::size_t i = 1; i < 20; ++i) {
        EXPECT_EQ(sound.samples[i].decoded, static_cast<std::int64_t>(i) * 1024);
    }
}

TEST(FlvMovie, says_what_it_is_with_a_few_reads_whether_it_is_finished_or_not) {
    mp4::MemorySegmentFile file = segment();
    const auto growing = read_flv_head(mp4::source_of(Bytes(file.bytes())));
    ASSERT_TRUE(growing) << growing.error().message;
    EXPECT_TRUE(growing->is_growing);
    EXPECT_TRUE(growing->is_movie);
    EXPECT_EQ(growing->first_wall_us, kWallUs + 5'000'000);
    EXPECT_EQ(growing->begins_us, 0);
    EXPECT_EQ(growing->ends_us, 405'000) << "the last sound";
    ASSERT_TRUE(finish_flv_segment(file));
    const auto finished = read_flv_head(mp4::source_of(Bytes(file.bytes())));
    ASSERT_TRUE(finished);
    EXPECT_FALSE(finished->is_growing);
    EXPECT_EQ(finished->begins_us, 0);
    EXPECT_GE(finished->ends_us, 400'000);
}

TEST(FlvMovie, begins_where_its_first_picture_is_shown_if_no_sound_is_heard_before) {
    const mp4::MemorySegmentFile file = segment(false);
    const auto head = read_flv_head(mp4::source_of(Bytes(file.bytes())));
    ASSERT_TRUE(head);
    EXPECT_EQ(head->begins_us, 40'000);
    EXPECT_EQ(head->ends_us, 360'000);
    const auto movie = read_flv_movie(mp4::source_of(Bytes(file.bytes())));
    ASSERT_TRUE(movie);
    EXPECT_EQ(movie->tracks[0].zero(movie->ticks_per_second), 3600);
}

TEST(FlvMovie, cut_or_damaged_anywhere_it_is_read_up_to_there_or_refused) {
    const mp4::MemorySegmentFile file = segment();
    const Bytes all(file.bytes());
    std::size_t most = 0;
    for (std::size_t size = 0; size <= all.size(); ++size) {
        const auto movie = read_flv_movie(mp4::source_of(all.first(size)));
        (void)read_flv_head(mp4::source_of(all.first(size)));
        if (!movie) {
            EXPECT_EQ(most, 0U) << size;
            continue;
        }
        const std::size_t count = movie->tracks[0].samples.size();
        EXPECT_GE(count, most) << size;
        most = count;
    }
    EXPECT_EQ(most, 10U);
    for (std::size_t at = 0; at < all.size(); ++at) {
        std::vector<std::uint8_t> damaged(all.begin(), all.end());
        damaged[at] ^= 0xFF;
        const auto movie = read_flv_movie(mp4::source_of(Bytes(damaged)));
        (void)read_flv_head(mp4::source_of(Bytes(damaged)));
        if (!movie) continue;
        for (const mp4::MovieTrack& track : movie->tracks) {
            for (const mp4::MovieSample& sample : track.samples) {
                EXPECT_LE(sample.at + sample.bytes, all.size()) << at;
                EXPECT_LT(sample.description, track.descriptions.size()) << at;
            }
        }
    }
}

TEST(FlvMovie, of_pictures_in_another_codec_is_refused_by_its_name_and_such_sound_is_left_out) {
    mp4::MemorySegmentFile file;
    mp4::SegmentMark mark;
    mark.path = "/live/x";
    const auto foreign = [](media::Track track, std::initializer_list<std::uint8_t> body) {
        Packet packet;
        packet.track = track;
        packet.codec = media::Codec::flv;
        packet.is_key = track == media::Track::video;
        packet.payload = Buffer(Bytes(body));
        return media::shared(std::move(packet));
    };
    auto output = begin_flv_segment(file, mark, {}, 100);
    output->add(foreign(media::Track::video, {0x12, 1, 2, 3}));  // Sorenson H.263
    output->end(std::nullopt);
    const auto refused = read_flv_movie(mp4::source_of(Bytes(file.bytes())));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, 409);
    EXPECT_NE(refused.error().message.find("its video is"), std::string::npos);
    const auto head = read_flv_head(mp4::source_of(Bytes(file.bytes())));
    ASSERT_TRUE(head);
    EXPECT_FALSE(head->is_movie);

    mp4::MemorySegmentFile other;
    SegmentHeaders headers;
    headers.video = media::shared(media::video_config());
    output = begin_flv_segment(other, mark, headers, 100);
    output->add(frame(media::Track::video, 0, 0, true));
    output->add(foreign(media::Track::audio, {0x2F, 1, 2, 3}));  // MP3
    output->end(std::nullopt);
    const auto movie = read_flv_movie(mp4::source_of(Bytes(other.bytes())));
    ASSERT_TRUE(movie) << movie.error().message;
    ASSERT_EQ(movie->tracks.size(), 1U);
    EXPECT_EQ(movie->tracks[0].kind, mp4::MovieKind::video);
}

}  // namespace
}  // namespace st::record
