#include "media/said_interval.h"

#include <gtest/gtest.h>

#include <vector>

#include "media/avc_config.h"

namespace st::media {
namespace {

using Wire = std::vector<std::uint8_t>;

/// 320x180, by x264: a VUI of 25 pictures a second.
const Wire kSps = {0x67, 0x42, 0xC0, 0x0C, 0xD9, 0x01, 0x41, 0x9F, 0x9F, 0x01, 0x10, 0x00, 0x00,
                   0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xF1, 0x42, 0xA4, 0x80};
/// 176x144, no VUI.
const Wire kBareSps = {0x67, 0x42, 0xC0, 0x1E, 0xF4, 0x0B, 0x04, 0xB2};
const Wire kPps = {0x68, 0xCB, 0x83, 0xCB, 0x20};

Packet config(Codec codec, Bytes payload) {
    Packet packet;
    packet.track = codec == Codec::h264 ? Track::video : Track::audio;
    packet.codec = codec;
    packet.is_config = true;
    packet.payload = Buffer(payload);
    return packet;
}

std::optional<double> of_pictures(const Wire& sps) {
    const Bytes sps_bytes(sps);
    const Bytes pps_bytes(kPps);
    const Buffer record = encode_avc_config({&sps_bytes, 1}, {&pps_bytes, 1});
    return said_interval_ms(config(Codec::h264, record.bytes()));
}

TEST(SaidInterval, of_pictures_is_the_rate_of_their_vui) {
    ASSERT_TRUE(of_pictures(kSps));
    EXPECT_DOUBLE_EQ(*of_pictures(kSps), 40);
    EXPECT_FALSE(of_pictures(kBareSps));
}

TEST(SaidInterval, of_sound_is_what_its_samples_last) {
    const Wire low_complexity = {0x12, 0x10};        // 44.1 kHz
    const Wire with_sbr = {0x2B, 0x8A, 0x08, 0x00};  // 22.05 kHz, 44.1 kHz heard
    EXPECT_NEAR(*said_interval_ms(config(Codec::aac, low_complexity)), 23.22, 0.01);
    EXPECT_NEAR(*said_interval_ms(config(Codec::aac, with_sbr)), 46.44, 0.01);
}

Packet flv_sound(std::uint32_t codec_tag, const Wire& head, std::size_t bytes,
                 const Wire& frame = {}) {
    Wire body = head;
    body.insert(body.end(), frame.begin(), frame.end());
    body.resize(head.size() + bytes);
    Packet packet = config(Codec::flv, body);
    packet.track = Track::audio;
    packet.is_config = false;
    packet.codec_tag = codec_tag;
    return packet;
}

constexpr std::uint32_t kMp3 = 2;
constexpr std::uint32_t kMp3At8kHz = 14;
constexpr std::uint32_t kFourCcMp3 = 0x2E6D7033;

/// MPEG-1, layer III, 128 kbit/s, 44.1 kHz: 417 bytes, 418 with padding.
const Wire kMp3Head = {0xFF, 0xFB, 0x90, 0x64};
const Wire kPaddedMp3Head = {0xFF, 0xFB, 0x92, 0x64};
/// MPEG-2.5, layer III, 8 kbit/s, 8 kHz: 72 bytes.
const Wire kSlowMp3Head = {0xFF, 0xE3, 0x18, 0xC4};
/// MPEG-2, layer III, 64 kbit/s, 24 kHz: 192 bytes.
const Wire kMpeg2Head = {0xFF, 0xF3, 0x84, 0xC4};

TEST(SaidInterval, of_mp3_is_what_the_frames_in_the_tag_last) {
    EXPECT_NEAR(*said_interval_ms(flv_sound(kMp3, {0x2F}, 417, kMp3Head)), 26.12, 0.01);
    EXPECT_NEAR(*said_interval_ms(flv_sound(kMp3, {0x2F}, 418, kPaddedMp3Head)), 26.12, 0.01);
    EXPECT_NEAR(*said_interval_ms(flv_sound(kMp3At8kHz, {0xE2}, 72, kSlowMp3Head)), 72, 0.01);
    EXPECT_NEAR(*said_interval_ms(flv_sound(kMp3, {0x2F}, 192, kMpeg2Head)), 24, 0.01);
    const Wire four_cc = {0x91, '.', 'm', 'p', '3'};
    EXPECT_NEAR(*said_interval_ms(flv_sound(kFourCcMp3, four_cc, 417, kMp3Head)), 26.12, 0.01);
    Wire two = kMp3Head;
    two.resize(417);
    two.insert(two.end(), kPaddedMp3Head.begin(), kPaddedMp3Head.end());
    EXPECT_NEAR(*said_interval_ms(flv_sound(kMp3, {0x2F}, 417 + 418, two)), 52.24, 0.01);
}

TEST(SaidInterval, of_mp3_is_nothing_unless_its_frames_fill_the_tag) {
    for (const std::size_t bytes : {0U, 3U, 4U, 416U, 419U}) {
        EXPECT_FALSE(said_interval_ms(flv_sound(kMp3, {0x2F}, bytes, kMp3Head))) << bytes;
    }
    for (const Wire& head :
         {Wire{0xFE, 0xFB, 0x90, 0x64}, Wire{0xFF, 0x1B, 0x90, 0x64}, Wire{0xFF, 0xEB, 0x90, 0x64},
          Wire{0xFF, 0xFD, 0x90, 0x64}, Wire{0xFF, 0xFB, 0x00, 0x64}, Wire{0xFF, 0xFB, 0xF0, 0x64},
          Wire{0xFF, 0xFB, 0x9C, 0x64}}) {
        EXPECT_FALSE(said_interval_ms(flv_sound(kMp3, {0x2F}, 417, head)));
    }
    EXPECT_FALSE(said_interval_ms(flv_sound(kFourCcMp3, {0x91, '.', 'm'}, 0)));
    EXPECT_FALSE(said_interval_ms(flv_sound(kMp3, {}, 0)));
    Packet second = flv_sound(kMp3, {0x2F}, 417, kMp3Head);
    second.track_id = 1;
    EXPECT_FALSE(said_interval_ms(second));
}

TEST(SaidInterval, of_samples_without_frames_is_what_they_last) {
    constexpr std::uint32_t kPcm = 3;
    constexpr std::uint32_t kALaw = 7;
    const std::uint8_t stereo_44 = kPcm << 4 | 3 << 2 | 1 << 1 | 1;
    const std::uint8_t mono_bytes_11 = kPcm << 4 | 1 << 2;
    EXPECT_NEAR(*said_interval_ms(flv_sound(kPcm, {stereo_44}, 4 * 441)), 10, 0.001);
    EXPECT_NEAR(*said_interval_ms(flv_sound(kPcm, {mono_bytes_11}, 11'025)), 1000, 0.001);
    EXPECT_NEAR(*said_interval_ms(flv_sound(kALaw, {kALaw << 4 | 2}, 160)), 20, 0.001);
    EXPECT_FALSE(said_interval_ms(flv_sound(/*Speex*/ 11, {0xB2}, 100)));
}

TEST(SaidInterval, is_nothing_where_nothing_is_said) {
    EXPECT_FALSE(said_interval_ms(config(Codec::h264, {})));
    EXPECT_FALSE(said_interval_ms(config(Codec::h264, kPps)));
    EXPECT_FALSE(said_interval_ms(config(Codec::aac, {})));
    Packet other_pictures = config(Codec::flv, kSps);
    other_pictures.track = Track::video;
    EXPECT_FALSE(said_interval_ms(other_pictures));
    Packet frame = config(Codec::aac, Wire{0x12, 0x10});
    frame.is_config = false;
    EXPECT_FALSE(said_interval_ms(frame));
}

}  // namespace
}  // namespace st::media
