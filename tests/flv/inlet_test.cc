#include "flv/inlet.h"

#include <gtest/gtest.h>

#include "flv/bytes.h"
#include "flv/codec_config.h"
#include "flv/metadata.h"
#include "media/avc_config.h"

namespace st::flv {
namespace {

using media::Packet;

const Wire kSlice = {0x65, 0x88, 0x84};

Wire unit(const Wire& bytes) {
    return Wire{0, 0, 0, static_cast<std::uint8_t>(bytes.size())} + bytes;
}

Packet picture(const Wire& payload, bool is_key = true) {
    Packet packet;
    packet.is_key = is_key;
    packet.dts_ms = 40;
    packet.payload = Buffer(Bytes(payload));
    return packet;
}

Packet config(const Wire& payload) {
    Packet packet = picture(payload, false);
    packet.is_config = true;
    return packet;
}

TEST(Inlet, makes_a_configuration_of_parameter_sets_among_the_pictures) {
    Inlet inlet;
    Packet bare = picture(unit(kSlice));
    EXPECT_FALSE(inlet.admit(bare)) << "there are none yet";
    Packet key = picture(unit(kSps) + unit(kPps) + unit(kSlice));
    const auto made = inlet.admit(key);
    ASSERT_TRUE(made);
    EXPECT_TRUE(made->is_config);
    EXPECT_EQ(made->dts_ms, 40);
    EXPECT_EQ(wire(made->payload.bytes()), kAvcConfig);
    EXPECT_EQ(wire(key.payload.bytes()), unit(kSps) + unit(kPps) + unit(kSlice)) << "as it was";
    EXPECT_FALSE(inlet.admit(key)) << "once";
}

TEST(Inlet, leaves_the_publisher_s_own_configuration_alone) {
    Inlet inlet;
    Packet given = config(kAvcConfig);
    EXPECT_FALSE(inlet.admit(given));
    Packet key = picture(unit(kHighSps) + unit(kHighPps) + unit(kSlice));
    EXPECT_FALSE(inlet.admit(key));
    Packet empty = config({1, 0x42, 0xC0, 0x0C, 0xFF, 0xE0, 0});
    EXPECT_FALSE(inlet.admit(empty));
    EXPECT_TRUE(inlet.admit(key)) << "one without sets says that they are with the pictures";
}

TEST(Inlet, makes_another_one_when_the_sets_change) {
    Inlet inlet;
    Packet first = picture(unit(kSps) + unit(kPps) + unit(kSlice));
    ASSERT_TRUE(inlet.admit(first));
    Packet other = picture(unit(kHighSps) + unit(kHighPps) + unit(kSlice));
    const auto made = inlet.admit(other);
    ASSERT_TRUE(made);
    const auto config = media::parse_avc_config(made->payload.bytes());
    ASSERT_TRUE(config);
    EXPECT_EQ(wire(config->sps.at(0)), kHighSps);
    EXPECT_FALSE(inlet.admit(other)) << "once";
    EXPECT_TRUE(inlet.admit(first)) << "and back";
}

TEST(Inlet, believes_a_configuration_until_the_sets_beside_it_change) {
    Inlet inlet;
    Packet given = config(kAvcConfig);
    EXPECT_FALSE(inlet.admit(given));
    Wire spelt = kSps;
    spelt[2] ^= 0x20;  // a constraint flag more: the same pictures
    Packet same = picture(unit(spelt) + unit(kPps) + unit(kSlice));
    EXPECT_FALSE(inlet.admit(same));
    EXPECT_FALSE(inlet.admit(same));
    Packet other = picture(unit(kHighSps) + unit(kHighPps) + unit(kSlice));
    EXPECT_TRUE(inlet.admit(other));
    EXPECT_FALSE(inlet.admit(given));
    EXPECT_FALSE(inlet.admit(same)) << "its own again";
}

TEST(Inlet, makes_nothing_of_half_a_pair_or_of_broken_lengths) {
    Inlet inlet;
    for (const Wire& payload :
         {unit(kSps) + unit(kSlice), unit(kPps), unit({0x67}) + unit(kPps), Wire{0, 0, 9, 9, 0x67},
          unit(kSps) + Wire{0, 0, 1, 0, 0x68}, Wire{}}) {
        Packet packet = picture(payload);
        EXPECT_FALSE(inlet.admit(packet));
    }
    Packet inter = picture(unit(kSps) + unit(kPps), false);
    EXPECT_FALSE(inlet.admit(inter)) << "no picture to begin with";
}

}  // namespace
}  // namespace st::flv
