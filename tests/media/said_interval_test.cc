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

TEST(SaidInterval, is_nothing_where_nothing_is_said) {
    EXPECT_FALSE(said_interval_ms(config(Codec::h264, {})));
    EXPECT_FALSE(said_interval_ms(config(Codec::h264, kPps)));
    EXPECT_FALSE(said_interval_ms(config(Codec::aac, {})));
    EXPECT_FALSE(said_interval_ms(config(Codec::flv, kSps)));
    Packet frame = config(Codec::aac, Wire{0x12, 0x10});
    frame.is_config = false;
    EXPECT_FALSE(said_interval_ms(frame));
}

}  // namespace
}  // namespace st::media
