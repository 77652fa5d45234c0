#include "av/relay.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <vector>

#include "flv/tag.h"

namespace st::av {
namespace {

using media::Packet;
using media::Track;

/// Everything that relay() writes, as packets; what it threw, if it did.
struct Relayed {
    std::vector<Packet> packets;
    std::string failure;
};

Relayed relay_all(const std::string& url) {
    Relayed result;
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    std::thread writer([&] {
        try {
            relay(parse_source_url(url), ends[1]);
        } catch (const Error& error) {
            result.failure = error.what();
        }
        ::close(ends[1]);
    });
    flv::TagReader reader;
    std::array<std::uint8_t, 4096> bytes{};
    for (ssize_t got = 0; (got = ::read(ends[0], bytes.data(), bytes.size())) > 0;) {
        reader.feed(Bytes(bytes).first(static_cast<std::size_t>(got)));
        for (;;) {
            auto tag = reader.next();
            EXPECT_TRUE(tag) << tag.error().message;
            if (!tag || !*tag) break;
            auto packet =
                flv::to_packet((*tag)->type, (*tag)->timestamp_ms, std::move((*tag)->body));
            EXPECT_TRUE(packet) << packet.error().message;
            if (packet && *packet) result.packets.push_back(std::move(**packet));
        }
    }
    writer.join();
    ::close(ends[0]);
    return result;
}

std::vector<const Packet*> of(const Relayed& relayed, Track track, bool is_config) {
    std::vector<const Packet*> found;
    for (const Packet& packet : relayed.packets) {
        if (packet.track == track && packet.is_config == is_config) found.push_back(&packet);
    }
    return found;
}

TEST(ParseSourceUrl, knows_devices_by_name_and_leaves_urls_alone) {
    const auto expect = [](const char* text, const char* device, const char* url) {
        const SourceUrl source = parse_source_url(text);
        EXPECT_EQ(source.device, device) << text;
        EXPECT_EQ(source.url, url) << text;
    };
    expect("lavfi:testsrc2=size=640x360:rate=30", "lavfi", "testsrc2=size=640x360:rate=30");
    expect("v4l2:/dev/video0", "v4l2", "/dev/video0");
    expect("x11grab::0", "x11grab", ":0");
    expect("rtsp://192.0.2.1/a:b", "", "rtsp://192.0.2.1/a:b");
    expect("file:clip.mp4", "", "file:clip.mp4");
    expect("clip.mp4", "", "clip.mp4");
    expect("/tmp/a:b.mp4", "", "/tmp/a:b.mp4");
}

TEST(Relay, encodes_raw_video_and_sound_and_plays_them_in_real_time) {
    const auto before = std::chrono::steady_clock::now();
    const Relayed relayed = relay_all(
        "lavfi:testsrc2=size=160x120:rate=25:duration=1[out0];sine=frequency=440:duration=1[out1]");
    const auto took = std::chrono::steady_clock::now() - before;
    EXPECT_EQ(relayed.failure, "");
    EXPECT_GE(took, std::chrono::milliseconds(900)) << "25 pictures span 960 ms";
    ASSERT_EQ(of(relayed, Track::video, true).size(), 1U);
    ASSERT_EQ(of(relayed, Track::audio, true).size(), 1U);
    const auto pictures = of(relayed, Track::video, false);
    ASSERT_EQ(pictures.size(), 25U);
    EXPECT_TRUE(pictures[0]->is_key);
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        EXPECT_EQ(pictures[i]->codec, media::Codec::h264);
        EXPECT_EQ(pictures[i]->dts_ms - pictures[0]->dts_ms, static_cast<std::int64_t>(40 * i));
        EXPECT_EQ(pictures[i]->cts_ms, 0);
    }
    // 44,100 samples are 43.1 frames of 1024, and the encoder adds one in front.
    const auto sound = of(relayed, Track::audio, false);
    EXPECT_GE(sound.size(), 42U);
    EXPECT_LE(sound.size(), 45U);
}

TEST(Relay, gives_a_key_frame_each_second_though_pictures_come_less_often_than_the_input_says) {
    const Relayed relayed =
        relay_all("lavfi:testsrc2=size=160x120:rate=25:duration=0.6,setpts=4*PTS");
    EXPECT_EQ(relayed.failure, "");
    const auto pictures = of(relayed, Track::video, false);
    ASSERT_EQ(pictures.size(), 15U);
    std::vector<std::int64_t> keys_ms;
    for (const Packet* picture : pictures) {
        if (picture->is_key) keys_ms.push_back(picture->dts_ms - pictures[0]->dts_ms);
    }
    EXPECT_EQ(keys_ms, (std::vector<std::int64_t>{0, 1120, 2240})) << "160 ms between pictures";
}

TEST(Relay, encodes_pictures_of_odd_size) {
    const Relayed relayed = relay_all("lavfi:testsrc2=size=161x121:rate=25:duration=0.2");
    EXPECT_EQ(relayed.failure, "");
    EXPECT_EQ(of(relayed, Track::video, false).size(), 5U);
}

const char kBareFile[] = ST_SOURCE_DIR "/tests/record/data/tiny.h264";

TEST(Relay, times_the_pictures_of_a_bare_stream_by_their_arrival) {
    std::FILE* const file = std::fopen(kBareFile, "rb");
    ASSERT_NE(file, nullptr);
    std::vector<std::uint8_t> bytes(1 << 20);
    bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
    std::fclose(file);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    std::jthread camera([&] {
        const std::size_t piece = bytes.size() / 40 + 1;
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            const std::size_t size = std::min(piece, bytes.size() - at);
            EXPECT_EQ(::write(ends[1], bytes.data() + at, size), static_cast<ssize_t>(size));
            std::this_thread::sleep_for(std::chrono::milliseconds(25));
        }
        ::close(ends[1]);
    });
    const Relayed relayed = relay_all("pipe:" + std::to_string(ends[0]));
    EXPECT_EQ(relayed.failure, "");
    const auto pictures = of(relayed, Track::video, false);
    ASSERT_EQ(pictures.size(), 60U);
    const std::int64_t span_ms = pictures.back()->dts_ms - pictures.front()->dts_ms;
    EXPECT_GE(span_ms, 400) << "but for those that were looked at first";
    for (std::size_t i = 1; i < pictures.size(); ++i) {
        EXPECT_GE(pictures[i]->dts_ms, pictures[i - 1]->dts_ms);
    }
    ::close(ends[0]);
}

TEST(Relay, plays_a_bare_file_at_its_rate) {
    const Relayed relayed = relay_all(kBareFile);
    EXPECT_EQ(relayed.failure, "");
    const auto pictures = of(relayed, Track::video, false);
    ASSERT_EQ(pictures.size(), 60U);
    const std::int64_t interval_ms = pictures[1]->dts_ms - pictures[0]->dts_ms;
    EXPECT_GE(interval_ms, 16);
    EXPECT_LE(interval_ms, 41);
    EXPECT_NEAR(static_cast<double>(pictures[59]->dts_ms - pictures[0]->dts_ms),
                59.0 * static_cast<double>(interval_ms), 60);
}

TEST(Relay, says_what_cannot_be_opened) {
    EXPECT_EQ(relay_all("/nonexistent/clip.mp4").failure,
              "open /nonexistent/clip.mp4: No such file or directory");
    EXPECT_EQ(relay_all(ST_SOURCE_DIR "/README.md").failure,
              "open " ST_SOURCE_DIR "/README.md: Invalid data found when processing input");
}

}  // namespace
}  // namespace st::av
