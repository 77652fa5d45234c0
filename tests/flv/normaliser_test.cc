#include "flv/normaliser.h"

#include <gtest/gtest.h>

#include "flv/bytes.h"

namespace st::flv {
namespace {

using media::Packet;

const Wire kIdr = {0x65, 0x88, 0x84, 0x11};        // macroblock 0, type I
const Wire kIdrSlice2 = {0x65, 0x42, 0x21, 0x22};  // macroblock 1 of the same picture
const Wire kInter = {0x41, 0x9A, 0x22, 0x33};      // macroblock 0, type P, frame_num 1
const Wire kRecoveryPoint = {0x06, 0x06, 0x01, 0xC4, 0x80};

Wire unit(const Wire& bytes) {
    return Wire{0, 0, 0, static_cast<std::uint8_t>(bytes.size())} + bytes;
}

Packet picture(std::int64_t dts_ms, const Wire& payload, bool is_key = false) {
    Packet packet;
    packet.is_key = is_key;
    packet.dts_ms = dts_ms;
    packet.payload = Buffer(Bytes(payload));
    return packet;
}

Packet config(Wire payload) {
    Packet packet = picture(0, payload);
    packet.is_config = true;
    return packet;
}

Packet sound(const Wire& payload, bool is_config = false) {
    Packet packet = picture(0, payload);
    packet.track = media::Track::audio;
    packet.codec = media::Codec::aac;
    packet.is_config = is_config;
    return packet;
}

/// A publisher whose every picture is one packet, and known to be.
struct Publishing {
    explicit Publishing(const Wire& its_config = kAvcConfig, bool is_known = true) {
        feed(config(its_config));
        if (!is_known) return;
        for (int i = 0; i < 4; ++i) feed(picture(i, unit(kIdr), true));
        out.clear();
    }
    void feed(Packet packet) { normaliser.feed(std::move(packet), out); }
    std::vector<Packet> take() { return std::exchange(out, {}); }

    Normaliser normaliser;
    std::vector<Packet> out;
};

TEST(Normaliser, leaves_whole_pictures_as_they_are_and_holds_none_of_them) {
    Publishing publishing;
    publishing.feed(picture(40, unit(kIdr) + unit(kIdrSlice2), true));
    publishing.feed(picture(80, unit(kInter)));
    const auto out = publishing.take();
    ASSERT_EQ(out.size(), 2U);
    EXPECT_EQ(wire(out[0].payload.bytes()), unit(kIdr) + unit(kIdrSlice2));
    EXPECT_TRUE(out[0].is_key);
    EXPECT_EQ(wire(out[1].payload.bytes()), unit(kInter));
    EXPECT_FALSE(publishing.normaliser.is_holding());
}

TEST(Normaliser, joins_the_slices_of_a_picture_from_the_first_one_on) {
    Publishing publishing(kAvcConfig, false);
    publishing.take();
    publishing.feed(picture(0, unit(kIdr), true));
    EXPECT_TRUE(publishing.take().empty());
    publishing.feed(picture(0, unit(kIdrSlice2), true));
    EXPECT_TRUE(publishing.take().empty());
    publishing.feed(picture(40, unit(kInter)));
    const auto out = publishing.take();
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(wire(out[0].payload.bytes()), unit(kIdr) + unit(kIdrSlice2));
    EXPECT_TRUE(publishing.normaliser.joins_slices());
    publishing.normaliser.flush(publishing.out);
    EXPECT_EQ(wire(publishing.take().at(0).payload.bytes()), unit(kInter));
}

TEST(Normaliser, puts_units_before_a_picture_to_it) {
    Publishing publishing;
    publishing.feed(picture(40, unit(kSps) + unit(kPps)));
    EXPECT_TRUE(publishing.take().empty());
    publishing.feed(picture(40, unit(kIdr), true));
    const auto out = publishing.take();
    ASSERT_FALSE(out.empty());
    EXPECT_EQ(wire(out.back().payload.bytes()), unit(kSps) + unit(kPps) + unit(kIdr));
}

TEST(Normaliser, takes_the_bitstream_s_word_for_key_and_not_the_flag) {
    Publishing publishing;
    publishing.feed(picture(40, unit(kInter), true));
    publishing.feed(picture(80, unit(kIdr), false));
    publishing.feed(picture(120, unit(kRecoveryPoint) + unit(kInter), false));
    const auto out = publishing.take();
    ASSERT_EQ(out.size(), 3U);
    EXPECT_FALSE(out[0].is_key);
    EXPECT_TRUE(out[1].is_key);
    EXPECT_TRUE(out[2].is_key) << "a recovery point";
}

TEST(Normaliser, leaves_out_empty_units_wherever_they_stand) {
    const Wire empty = {0, 0, 0, 0};
    for (const Wire& odd :
         {empty + unit(kIdr) + unit(kIdrSlice2), unit(kIdr) + empty + unit(kIdrSlice2),
          unit(kIdr) + unit(kIdrSlice2) + empty + empty}) {
        Publishing publishing;
        publishing.feed(picture(40, odd, true));
        const auto out = publishing.take();
        ASSERT_EQ(out.size(), 1U);
        EXPECT_EQ(wire(out[0].payload.bytes()), unit(kIdr) + unit(kIdrSlice2));
    }
}

TEST(Normaliser, divides_a_unit_at_start_codes) {
    Publishing publishing;
    publishing.feed(picture(40, unit(kIdr + Wire{0, 0, 1} + kIdrSlice2), true));
    publishing.feed(picture(80, unit(Wire{0, 0, 0, 1} + kIdr), true));
    const auto out = publishing.take();
    ASSERT_EQ(out.size(), 2U);
    EXPECT_EQ(wire(out[0].payload.bytes()), unit(kIdr) + unit(kIdrSlice2));
    EXPECT_EQ(wire(out[1].payload.bytes()), unit(kIdr));
}

TEST(Normaliser, leaves_out_a_unit_that_is_cut_short) {
    Publishing publishing;
    publishing.feed(picture(40, unit(kIdr) + Wire{0, 0, 0, 9, 0x65, 0x42}, true));
    publishing.feed(picture(80, Wire{0, 0, 0, 9, 0x65}, true));
    const auto out = publishing.take();
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(wire(out[0].payload.bytes()), unit(kIdr));
    EXPECT_EQ(publishing.normaliser.unusable(), 1U);
}

TEST(Normaliser, makes_lengths_of_any_size_four_bytes) {
    for (const unsigned bytes : {1U, 2U, 3U}) {
        Wire odd = kAvcConfig;
        odd[4] = static_cast<std::uint8_t>(0xFC | (bytes - 1));
        Publishing publishing(odd, false);
        EXPECT_EQ(wire(publishing.take().at(0).payload.bytes()), kAvcConfig);
        Wire length(bytes - 1, 0);
        length.push_back(static_cast<std::uint8_t>(kIdr.size()));
        publishing.feed(picture(0, length + kIdr, true));
        publishing.normaliser.flush(publishing.out);
        const auto out = publishing.take();
        ASSERT_EQ(out.size(), 1U) << bytes;
        EXPECT_EQ(wire(out[0].payload.bytes()), unit(kIdr));
        EXPECT_TRUE(out[0].is_key);
    }
}

TEST(Normaliser, makes_the_configuration_of_adts_headers) {
    // AAC-LC, 44100 Hz, stereo, 9 bytes with the header.
    const Wire adts = {0xFF, 0xF1, 0x50, 0x80, 0x01, 0x3F, 0xFC, 0x21, 0x10};
    Publishing publishing;
    publishing.feed(sound(adts));
    publishing.feed(sound(adts));
    const auto out = publishing.take();
    ASSERT_EQ(out.size(), 3U);
    EXPECT_TRUE(out[0].is_config);
    EXPECT_EQ(wire(out[0].payload.bytes()), (Wire{0x12, 0x10}));
    EXPECT_EQ(wire(out[1].payload.bytes()), (Wire{0x21, 0x10}));
    EXPECT_FALSE(out[2].is_config) << "once";
}

TEST(Normaliser, leaves_out_sound_that_no_decoder_could_be_set_up_for) {
    Publishing publishing;
    publishing.feed(sound({0x21, 0x10}));
    EXPECT_TRUE(publishing.take().empty());
    EXPECT_EQ(publishing.normaliser.last_unusable(), "AAC: sound without a decoder configuration");
    publishing.feed(sound({0x12, 0x10}, true));
    publishing.feed(sound({0x21, 0x10}));
    EXPECT_EQ(publishing.take().size(), 2U);
    EXPECT_EQ(publishing.normaliser.unusable(), 1U);
}

}  // namespace
}  // namespace st::flv
