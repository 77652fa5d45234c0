#include "av/slots.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "base/fd.h"
#include "raw_film.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

namespace st::av {
namespace {

/// One white picture of that size.
Fd film(std::uint8_t width, std::uint8_t height) {
    mp4::CopiedTrack track = raw_track(width, height);
    const std::vector<std::uint8_t> media(std::size_t{width} * height * 3, 0xFF);
    track.samples.push_back({0, 0, 0, static_cast<std::uint32_t>(media.size()), 0, true});
    track.last_duration = 40;
    track.edits.push_back({40 * 90, 0});
    return film_of(track, 40, media);
}

/// The brightness of each picture of an H.264 file, at its middle and at two points beside that.
struct Seen {
    int width;
    int height;
    bool middle;
    bool left;
    bool top;
};
std::vector<Seen> look_at(const Fd& file) {
    const std::string path = "/proc/self/fd/" + std::to_string(file.get());
    AVFormatContext* input = nullptr;
    EXPECT_GE(avformat_open_input(&input, path.c_str(), av_find_input_format("h264"), nullptr), 0);
    EXPECT_GE(avformat_find_stream_info(input, nullptr), 0);
    AVCodecContext* decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
    avcodec_parameters_to_context(decoder, input->streams[0]->codecpar);
    EXPECT_GE(avcodec_open2(decoder, nullptr, nullptr), 0);
    AVPacket* packet = av_packet_alloc();
    AVFrame* frame = av_frame_alloc();
    std::vector<Seen> seen;
    const auto take = [&] {
        while (avcodec_receive_frame(decoder, frame) >= 0) {
            const auto is_bright = [&](int x, int y) {
                return frame->data[0][std::ptrdiff_t{y} * frame->linesize[0] + x] > 128;
            };
            seen.push_back({frame->width, frame->height,
                            is_bright(frame->width / 2, frame->height / 2),
                            is_bright(2, frame->height / 2), is_bright(frame->width / 2, 2)});
        }
    };
    while (av_read_frame(input, packet) >= 0) {
        avcodec_send_packet(decoder, packet);
        av_packet_unref(packet);
        take();
    }
    avcodec_send_packet(decoder, nullptr);
    take();
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    avformat_close_input(&input);
    return seen;
}

TEST(Slots, keep_the_shape_of_pictures_of_another_size) {
    const Fd wide = film(64, 32);
    const Fd tall = film(32, 64);
    const std::vector<std::int32_t> plan{0, media::kNoPicture, 1};
    const Fd slots(::memfd_create("plan", MFD_CLOEXEC));
    const auto plan_bytes = static_cast<ssize_t>(plan.size() * sizeof plan[0]);
    ASSERT_EQ(::write(slots.get(), plan.data(), plan.size() * sizeof plan[0]), plan_bytes);
    ::lseek(slots.get(), 0, SEEK_SET);
    const Fd out(::memfd_create("out", MFD_CLOEXEC));
    const std::array<int, 4> fds{wide.get(), tall.get(), slots.get(), out.get()};
    encode_slots({64 * 64, 2, plan.size(), 25, 16}, fds);
    ::lseek(out.get(), 0, SEEK_SET);
    const auto seen = look_at(out);
    ASSERT_EQ(seen.size(), 3U);
    for (const Seen& one : seen) {
        EXPECT_EQ(one.width, 64);
        EXPECT_EQ(one.height, 32);
    }
    EXPECT_TRUE(seen[0].middle && seen[0].left && seen[0].top);
    EXPECT_FALSE(seen[1].middle || seen[1].left || seen[1].top) << "black";
    EXPECT_TRUE(seen[2].middle && seen[2].top);
    EXPECT_FALSE(seen[2].left) << "black beside it";
}

}  // namespace
}  // namespace st::av
