#include "flv/normaliser.h"

#include <gtest/gtest.h>

#include "flv/bytes.h"
#include "flv/metadata.h"
#include "media/avc_config.h"

namespace st::flv {
namespace {

using media::Packet;

const Wire kIdr = {0x65, 0x88, 0x84, 0x11};                // macroblock 0, type I
const Wire kIdrSlice2 = {0x65, 0x42, 0x21, 0x22};          // macroblock 1 of the same picture
const Wire kInter = {0x41, 0x9A, 0x22, 0x33};              // macroblock 0, type P, frame_num 1
const Wire kInterSlice2 = {0x41, 0x46, 0x88, 0x8C, 0xC0};  // macroblock 1 of the same picture
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

TEST(Normaliser, joins_slices_with_filler_or_svc_prefixes_between_them) {
    for (const Wire& between : {Wire{0x0C, 0xFF, 0x80}, Wire{0x6E, 0x40, 0x80, 0x07}}) {
        Publishing publishing(kAvcConfig, false);
        publishing.take();
        publishing.feed(picture(0, unit(kIdr), true));
        publishing.feed(picture(0, unit(between), true));
        publishing.feed(picture(0, unit(kIdrSlice2), true));
        EXPECT_TRUE(publishing.take().empty());
        publishing.normaliser.flush(publishing.out);
        EXPECT_EQ(wire(publishing.take().at(0).payload.bytes()),
                  unit(kIdr) + unit(between) + unit(kIdrSlice2));
    }
}

TEST(Normaliser, joins_slices_that_come_in_any_order) {
    Publishing publishing(kAvcConfig, false);
    publishing.take();
    Wire any_order = kSps;  // baseline without constraint_set1
    any_order[2] = 0x80;
    publishing.feed(picture(0, unit(any_order) + unit(kPps)));
    publishing.feed(picture(0, unit(kIdrSlice2), true));
    publishing.feed(picture(0, unit(kIdr), true));
    publishing.normaliser.flush(publishing.out);
    const auto out = publishing.take();
    ASSERT_EQ(out.size(), 2U) << "its configuration, and one picture";
    EXPECT_EQ(wire(out[1].payload.bytes()),
              unit(any_order) + unit(kPps) + unit(kIdrSlice2) + unit(kIdr));
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
    Publishing publishing;
    publishing.feed(picture(40, empty + empty, true));
    EXPECT_TRUE(publishing.take().empty());
    EXPECT_EQ(publishing.normaliser.unusable(), 0U) << "nothing is lost";
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

const Wire kUnreferred = {0x01, 0x9A, 0x44, 0x33};  // like kInter, but nothing refers to it
const Wire kCutIdr = {0, 0, 0, 9, 0x65, 0x88, 0x84};
const Wire kCutInter = {0, 0, 0, 9, 0x41, 0x9A, 0x22};

/// The times of the pictures that a publisher's tags make.
std::vector<std::int64_t> times_of(const std::vector<std::pair<std::int64_t, Wire>>& tags,
                                   bool is_known = true) {
    Publishing publishing(kAvcConfig, is_known);
    for (const auto& [ms, payload] : tags) publishing.feed(picture(ms, payload));
    publishing.normaliser.flush(publishing.out);
    std::vector<std::int64_t> times;
    for (const Packet& packet : publishing.take()) {
        if (!packet.is_config) times.push_back(packet.dts_ms);
    }
    return times;
}

TEST(Normaliser, leaves_out_a_picture_of_which_a_slice_is_cut_short) {
    for (const bool is_known : {false, true}) {
        Publishing publishing(kAvcConfig, is_known);
        publishing.take();
        publishing.feed(picture(40, unit(kIdr) + Wire{0, 0, 0, 9, 0x65, 0x42}, true));
        publishing.feed(picture(80, kCutIdr, true));
        publishing.feed(picture(120, Wire{0, 0, 0, 9}, true));
        publishing.feed(picture(160, Wire{0, 0}, true));
        publishing.normaliser.flush(publishing.out);
        EXPECT_TRUE(publishing.take().empty());
        EXPECT_EQ(publishing.normaliser.unusable(), 4U);
        EXPECT_EQ(publishing.normaliser.last_unusable(), "H.264: a NAL unit is cut short");
    }
}

TEST(Normaliser, leaves_out_what_may_refer_to_a_lost_picture_until_decoding_may_begin) {
    using Times = std::vector<std::int64_t>;
    for (const bool is_known : {false, true}) {
        EXPECT_EQ(times_of({{10, unit(kIdr)},
                            {20, unit(kInter)},
                            {30, kCutInter},
                            {40, unit(kInter)},
                            {50, unit(kRecoveryPoint) + unit(kInter)},
                            {60, unit(kInter)},
                            {70, kCutIdr},
                            {80, unit(kInter)},
                            {90, unit(kIdr)},
                            {100, unit(kInter)}},
                           is_known),
                  (Times{10, 20, 50, 60, 90, 100}));
    }
    const Wire cut_before_slices = unit(kSps) + Wire{0, 0, 0, 9, 0x68, 0xCE};
    EXPECT_EQ(
        times_of({{10, unit(kIdr)}, {20, cut_before_slices}, {30, unit(kInter)}, {40, unit(kIdr)}}),
        (Times{10, 40}));
    const Wire cut_unreferred = {0, 0, 0, 9, 0x01, 0x9A};
    EXPECT_EQ(times_of({{10, unit(kIdr)}, {20, cut_unreferred}, {30, unit(kInter)}}),
              (Times{10, 30}))
        << "nothing refers to it";
    EXPECT_EQ(times_of({{10, unit(kIdr)},
                        {20, kCutInter},
                        {5'000, unit(kInter)},
                        {10'021, unit(kInter)},
                        {10'061, unit(kInter)}}),
              (Times{10, 10'021, 10'061}))
        << "a picture with faults is better than none for so long";
}

TEST(Normaliser, leaves_out_every_slice_of_a_picture_that_is_not_whole) {
    const Wire cut_slice_2 = {0, 0, 0, 9, 0x41, 0x46, 0x88};
    const auto slices = [&](const Wire& third, const Wire& fourth) {
        return times_of({{10, unit(kIdr)},
                         {10, unit(kIdrSlice2)},
                         {20, third},
                         {20, fourth},
                         {30, unit(kInter)},
                         {30, unit(kInterSlice2)},
                         {40, unit(kIdr)},
                         {40, unit(kIdrSlice2)},
                         {50, unit(kUnreferred)}},
                        false);
    };
    EXPECT_EQ(slices(unit(kInter), unit(kInterSlice2)),
              (std::vector<std::int64_t>{10, 20, 30, 40, 50}));
    EXPECT_EQ(slices(unit(kInter), cut_slice_2), (std::vector<std::int64_t>{10, 40, 50}));
    EXPECT_EQ(slices(kCutInter, unit(kInterSlice2)), (std::vector<std::int64_t>{10, 40, 50}));
}

TEST(Normaliser, goes_on_joining_where_only_large_pictures_have_several_slices) {
    Publishing publishing(kAvcConfig, false);
    for (std::int64_t n = 0; n < 200; ++n) {
        const bool is_key = n % 50 == 0;
        publishing.feed(picture(n * 40, unit(is_key ? kIdr : kInter), is_key));
        if (is_key) publishing.feed(picture(n * 40, unit(kIdrSlice2), is_key));
    }
    publishing.normaliser.flush(publishing.out);
    const auto out = publishing.take();
    EXPECT_EQ(publishing.normaliser.unusable(), 0U);
    ASSERT_EQ(out.size(), 201U) << "with the configuration";
    for (std::size_t n = 0; n < 200; n += 50) {
        EXPECT_EQ(wire(out[n + 1].payload.bytes()), unit(kIdr) + unit(kIdrSlice2)) << n;
    }
}

TEST(Normaliser, a_publisher_that_begins_to_slice_loses_no_other_picture) {
    // Little moves at first: pictures of one slice, each in a packet.
    Publishing publishing;
    publishing.feed(picture(0, unit(kIdr), true));
    publishing.feed(picture(40, unit(kInter)));
    publishing.take();
    for (std::int64_t n = 2; n < 12; ++n) {
        const bool is_key = n == 6;
        publishing.feed(picture(n * 40, unit(is_key ? kIdr : kInter), is_key));
        publishing.feed(picture(n * 40, unit(is_key ? kIdrSlice2 : kInterSlice2), is_key));
    }
    publishing.normaliser.flush(publishing.out);
    const auto out = publishing.take();
    ASSERT_EQ(out.size(), 10U);
    EXPECT_EQ(wire(out[0].payload.bytes()), unit(kInter)) << "went on at once, as those before it";
    for (std::size_t n = 1; n < 10; ++n) {
        EXPECT_EQ(out[n].dts_ms, static_cast<std::int64_t>(n + 2) * 40);
        EXPECT_EQ(wire(out[n].payload.bytes()),
                  n == 4 ? unit(kIdr) + unit(kIdrSlice2) : unit(kInter) + unit(kInterSlice2));
    }
    EXPECT_EQ(publishing.normaliser.unusable(), 1U);
}

TEST(Normaliser, holds_no_pictures_for_good_because_of_one_stray_slice) {
    Publishing publishing;
    publishing.feed(picture(0, unit(kIdr), true));
    publishing.feed(picture(0, unit(kIdrSlice2), true));
    for (std::int64_t n = 1; n < 40; ++n) publishing.feed(picture(n * 40, unit(kIdr), true));
    EXPECT_FALSE(publishing.normaliser.is_holding());
}

TEST(Normaliser, keeps_a_picture_that_has_only_something_stray_behind_it) {
    for (const Wire& stray :
         {Wire{1}, Wire{0, 0, 1}, Wire{0, 0, 0, 9}, Wire{0, 0, 0, 9, 0x06, 0x05},
          Wire{0x77, 0x12, 0x34, 0x56, 0xE1, 0x23}}) {
        Publishing publishing;
        publishing.feed(picture(40, unit(kIdr) + stray, true));
        publishing.feed(picture(80, unit(kInter)));
        const auto out = publishing.take();
        ASSERT_EQ(out.size(), 2U) << stray.size();
        EXPECT_EQ(wire(out[0].payload.bytes()), unit(kIdr));
    }
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

TEST(Normaliser, gives_up_a_publisher_of_sound_alone_that_no_decoder_could_be_set_up_for) {
    for (const bool has_video : {false, true}) {
        Normaliser normaliser;
        std::vector<Packet> out;
        if (has_video) normaliser.feed(config(kAvcConfig), out);
        for (std::int64_t ms = 0; ms <= 6'000; ms += 500) {
            Packet packet = sound({0x21, 0x10});
            packet.dts_ms = ms;
            normaliser.feed(std::move(packet), out);
            EXPECT_EQ(normaliser.hopeless().empty(), has_video || ms <= 5'000) << ms;
        }
    }
}

TEST(Normaliser, splits_several_adts_frames_in_one_packet) {
    const Wire adts = {0xFF, 0xF1, 0x50, 0x80, 0x01, 0x3F, 0xFC, 0x21, 0x10};
    Publishing publishing;
    Packet three = sound(adts + adts + adts);
    three.dts_ms = 500;
    publishing.feed(std::move(three));
    const auto out = publishing.take();
    ASSERT_EQ(out.size(), 4U);
    for (std::size_t n = 1; n < 4; ++n) {
        EXPECT_EQ(wire(out[n].payload.bytes()), (Wire{0x21, 0x10}));
        EXPECT_EQ(out[n].dts_ms, 500 + static_cast<std::int64_t>(n - 1) * 1024 * 1000 / 44'100);
    }
}

TEST(Normaliser, keeps_the_publishers_configuration_of_frames_with_adts_headers) {
    const Wire adts = {0xFF, 0xF1, 0x50, 0x80, 0x01, 0x3F, 0xFC, 0x21, 0x10};
    Publishing publishing;
    publishing.feed(sound({0x12, 0x10, 0x56, 0xE5, 0x00}, true));
    publishing.feed(sound(adts));
    const auto out = publishing.take();
    ASSERT_EQ(out.size(), 2U);
    EXPECT_EQ(wire(out[1].payload.bytes()), (Wire{0x21, 0x10}));
}

TEST(Normaliser, takes_adts_frames_that_are_called_configurations_for_sound) {
    const Wire adts = {0xFF, 0xF1, 0x50, 0x80, 0x01, 0x3F, 0xFC, 0x21, 0x10};
    Publishing publishing;
    publishing.feed(sound(adts, true));
    publishing.feed(sound(adts, true));
    const auto out = publishing.take();
    ASSERT_EQ(out.size(), 3U);
    EXPECT_EQ(wire(out[0].payload.bytes()), (Wire{0x12, 0x10}));
    for (const std::size_t n : {1U, 2U}) {
        EXPECT_FALSE(out[n].is_config);
        EXPECT_EQ(wire(out[n].payload.bytes()), (Wire{0x21, 0x10}));
    }
}

TEST(Normaliser, makes_the_configuration_of_an_adts_header_in_its_place) {
    Publishing publishing;
    publishing.feed(sound({0xFF, 0xF1, 0x50, 0x80, 0x00, 0xFF, 0xFC}, true));
    publishing.feed(sound({0x21, 0x10}));
    const auto out = publishing.take();
    ASSERT_EQ(out.size(), 2U);
    EXPECT_EQ(wire(out[0].payload.bytes()), (Wire{0x12, 0x10}));
}

/// The configurations among what came out, by their first SPS.
std::vector<Wire> sps_of(const std::vector<Packet>& out) {
    std::vector<Wire> list;
    for (const Packet& packet : out) {
        if (!packet.is_config) continue;
        list.push_back(wire(media::parse_avc_config(packet.payload.bytes())->sps.at(0)));
    }
    return list;
}

/// What comes out of a publisher that gives `record` and then two groups of pictures, each
/// beginning with `key`.
struct Outcome {
    std::vector<Wire> configs;
    std::size_t pictures = 0;
    std::string hopeless;
};
Outcome outcome_of(const Wire& record, const Wire& key) {
    Publishing publishing(record, false);
    for (std::int64_t n = 0; n < 60; ++n) {
        const bool is_key = n % 30 == 0;
        publishing.feed(picture(n * 33, is_key ? key : unit(kInter), is_key));
    }
    publishing.normaliser.flush(publishing.out);
    Outcome outcome;
    for (const Packet& packet : publishing.take()) {
        if (packet.is_config) {
            outcome.configs.push_back(wire(packet.payload.bytes()));
        } else {
            ++outcome.pictures;
        }
    }
    outcome.hopeless = publishing.normaliser.hopeless();
    return outcome;
}

TEST(Normaliser, takes_the_sets_among_the_pictures_where_the_configuration_has_none) {
    const Wire five(kAvcConfig.begin(), kAvcConfig.begin() + 5);
    for (const Wire& record : {five, five + Wire{0xE0, 0}, Wire{}, Wire(19, 0x77)}) {
        const Outcome outcome = outcome_of(record, unit(kSps) + unit(kPps) + unit(kIdr));
        EXPECT_EQ(outcome.configs, std::vector<Wire>{kAvcConfig});
        EXPECT_EQ(outcome.pictures, 60U);
        EXPECT_EQ(outcome.hopeless, "");
    }
}

TEST(Normaliser, gives_up_a_publisher_whose_pictures_nobody_can_decode) {
    const Wire five(kAvcConfig.begin(), kAvcConfig.begin() + 5);
    const std::pair<Wire, std::string> cases[] = {
        {five,
         "H.264: a decoder configuration of 5 bytes without SPS and PPS, and none with the "
         "pictures"},
        {five + Wire{0xE0, 1, 0, 5} + kPps,
         "H.264: a decoder configuration of 14 bytes without an SPS, and none with the pictures"},
        {Wire(40, 0x55),
         "H.264: a decoder configuration of 40 bytes without SPS and PPS, and none "
         "with the pictures"},
    };
    for (const auto& [record, why] : cases) {
        const Outcome outcome = outcome_of(record, unit(kIdr));
        EXPECT_EQ(outcome.pictures, 0U);
        EXPECT_TRUE(outcome.configs.empty());
        EXPECT_EQ(outcome.hopeless, why);
    }
}

TEST(Normaliser, waits_for_sets_that_come_with_a_later_key_frame) {
    Normaliser normaliser;
    std::vector<Packet> out;
    for (std::int64_t n = 0; n < 30; ++n)
        normaliser.feed(picture(n * 33, unit(n % 10 == 0 ? kIdr : kInter), n % 10 == 0), out);
    EXPECT_EQ(normaliser.hopeless(), "");
    EXPECT_EQ(normaliser.last_unusable(), "H.264: pictures without SPS and PPS");
    EXPECT_TRUE(sps_of(out).empty());
    normaliser.feed(picture(990, unit(kSps) + unit(kPps) + unit(kIdr), true), out);
    normaliser.flush(out);
    EXPECT_EQ(sps_of(out), std::vector<Wire>{kSps});
    EXPECT_EQ(out.size(), 2U) << "nothing of what nobody could decode";

    Normaliser without;
    for (std::int64_t ms = 0; ms <= 6'000; ms += 500) {
        EXPECT_EQ(without.hopeless(), "") << ms;
        without.feed(picture(ms, unit(ms == 0 ? kIdr : kInter), ms == 0), out);
        if (ms > 5'000) break;
    }
    EXPECT_EQ(without.hopeless(), "H.264: pictures without SPS and PPS");
}

TEST(Normaliser, gives_up_a_publisher_that_sends_no_units_at_all) {
    Publishing publishing(kAvcConfig, false);
    for (std::int64_t ms = 0; ms <= 6'000; ms += 500)
        publishing.feed(picture(ms, {0x12, 0x34, 0x56, 0x78, 0x9A}));
    EXPECT_EQ(publishing.normaliser.hopeless(), "H.264: a picture without a whole NAL unit");
}

Wire other_sps() {  // the same pictures by another level: as many bytes
    Wire sps = kSps;
    sps[3] = 0x15;
    return sps;
}

TEST(Normaliser, takes_changed_sets_of_the_same_size_for_a_new_configuration) {
    Publishing publishing;
    const Wire first = unit(kSps) + unit(kPps) + unit(kIdr);
    const Wire second = unit(other_sps()) + unit(kPps) + unit(kIdr);
    publishing.feed(picture(40, first, true));
    EXPECT_EQ(sps_of(publishing.take()), std::vector<Wire>{}) << "as the configuration has them";
    publishing.feed(picture(80, second, true));
    auto out = publishing.take();
    ASSERT_EQ(out.size(), 2U);
    EXPECT_EQ(sps_of(out), std::vector<Wire>{other_sps()});
    EXPECT_FALSE(out[1].is_config) << "before the picture";
    publishing.feed(picture(120, second, true));
    EXPECT_EQ(sps_of(publishing.take()), std::vector<Wire>{}) << "once";
    publishing.feed(picture(160, first, true));
    EXPECT_EQ(sps_of(publishing.take()), std::vector<Wire>{kSps}) << "and back";
    publishing.feed(picture(200, unit(kHighSps) + unit(kHighPps), true));
    publishing.feed(picture(200, unit(kIdr), true));
    EXPECT_EQ(sps_of(publishing.take()), std::vector<Wire>{kHighSps}) << "in a packet of their own";
}

TEST(Normaliser, gives_the_configuration_of_changed_sets_with_the_key_frame_that_has_them_first) {
    Publishing publishing;
    const Wire other = unit(other_sps()) + unit(kPps);
    publishing.feed(picture(40, unit(kIdr), true));
    publishing.feed(picture(80, other + unit(kInter)));
    EXPECT_EQ(sps_of(publishing.take()), std::vector<Wire>{}) << "no key frame";
    publishing.feed(picture(120, unit(kIdr), true));
    EXPECT_EQ(sps_of(publishing.take()), std::vector<Wire>{other_sps()});
    Wire config_of_other = kAvcConfig;
    std::ranges::copy(other_sps(), config_of_other.begin() + 8);
    publishing.feed(config(kAvcConfig));  // as they were, then as they are: the next picture's
    publishing.feed(config(config_of_other));
    publishing.feed(picture(160, unit(kInter)));
    EXPECT_EQ(sps_of(publishing.take()).size(), 1U) << "said again";
}

TEST(Normaliser, counts_and_bounds_what_it_keeps_of_parameter_sets) {
    Publishing publishing;
    for (std::uint32_t id = 0; id < 256; ++id) {
        Wire pps = kPps;
        pps.resize(200, static_cast<std::uint8_t>(id | 1));
        publishing.feed(picture(40, Wire{0, 0, 0, 200} + pps));
    }
    for (int n = 0; n < 1'000; ++n) publishing.feed(picture(80 + n, unit(kIdr), true));
    EXPECT_LE(publishing.take().size(), 1'003U) << "the configuration once, and pictures";
    EXPECT_GT(publishing.normaliser.held_bytes(), kSps.size());
    EXPECT_LT(publishing.normaliser.held_bytes(), 400'000U);
}

TEST(Normaliser, refuses_metadata_that_is_no_stream_s) {
    Publishing publishing;
    AmfObject facts;
    facts.add("width", 320.0);
    facts.add("filler", std::string(100'000, 'x'));
    Packet packet;
    packet.track = media::Track::metadata;
    packet.codec = media::Codec::metadata;
    packet.payload = encode_amf0(std::string("onMetaData"), facts);
    publishing.feed(std::move(packet));
    EXPECT_TRUE(publishing.take().empty());
    EXPECT_EQ(publishing.normaliser.unusable(), 1U);
}

TEST(Normaliser, gives_no_other_configuration_while_the_pictures_keep_theirs) {
    Publishing publishing;
    Wire other = kAvcConfig;
    other[11] = 0x15;  // the level within its SPS
    const Wire key = unit(kSps) + unit(kPps) + unit(kIdr);
    for (int n = 0; n < 3; ++n) {  // another spelling before each key frame
        publishing.feed(config(other));
        publishing.feed(picture(n * 40, key, true));
    }
    EXPECT_EQ(sps_of(publishing.take()), std::vector<Wire>{});
    publishing.feed(config(other));
    publishing.feed(picture(200, unit(kIdr), true));
    EXPECT_EQ(sps_of(publishing.take()).size(), 1U) << "this picture uses it";
}

TEST(Normaliser, passes_on_a_configuration_that_comes_again) {
    Publishing publishing;
    publishing.feed(config(kAvcConfig));
    const auto out = publishing.take();
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(wire(out[0].payload.bytes()), kAvcConfig);
}

TEST(Normaliser, says_a_configuration_again_as_it_was_said_first) {
    Publishing publishing;
    Wire spelled = kAvcConfig;
    spelled[7] += 1;  // a zero behind the SPS
    spelled.insert(spelled.begin() + 8 + static_cast<std::ptrdiff_t>(kSps.size()), 0);
    publishing.feed(config(spelled));
    const auto out = publishing.take();
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(wire(out[0].payload.bytes()), kAvcConfig);
}

TEST(Normaliser, takes_lengths_for_what_they_are) {
    Wire says_two = kAvcConfig;
    says_two[4] = 0xFD;
    Publishing publishing(says_two, false);
    publishing.take();
    publishing.feed(picture(0, unit(kIdr), true));
    publishing.normaliser.flush(publishing.out);
    const auto out = publishing.take();
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(wire(out[0].payload.bytes()), unit(kIdr));
}

TEST(Normaliser, does_not_break_a_picture_in_slices_for_what_comes_between) {
    Publishing publishing(kAvcConfig, false);
    publishing.take();
    publishing.feed(picture(0, unit(kIdr), true));
    Packet text = picture(0, wire(encode_amf0("onTextData").bytes()));
    text.track = media::Track::metadata;
    text.codec = media::Codec::metadata;
    text.is_passing = true;
    publishing.feed(std::move(text));
    Packet mp3 = sound({0x2F, 0xFF});
    mp3.codec = media::Codec::flv;
    publishing.feed(std::move(mp3));
    publishing.feed(picture(0, unit(kIdrSlice2), true));
    publishing.normaliser.flush(publishing.out);
    const auto out = publishing.take();
    EXPECT_EQ(wire(out.back().payload.bytes()), unit(kIdr) + unit(kIdrSlice2));
}

Packet metadata(const Wire& payload, bool promises_audio) {
    Packet packet = picture(0, payload);
    packet.track = media::Track::metadata;
    packet.codec = media::Codec::metadata;
    packet.promises_video = true;
    packet.promises_audio = promises_audio;
    return packet;
}

TEST(Normaliser, tells_of_sound_that_comes_late) {
    AmfObject about;
    about.add("width", 320.0);
    about.add("videocodecid", 7.0);
    const Wire payload = wire(encode_amf0("onMetaData", about).bytes());
    for (const bool has_metadata : {false, true}) {
        Publishing publishing;
        if (has_metadata) publishing.feed(metadata(payload, false));
        publishing.feed(picture(200, unit(kIdr), true));
        publishing.take();
        Packet late = sound({0x12, 0x10}, true);
        late.dts_ms = 5'000;
        publishing.feed(std::move(late));
        publishing.feed(sound({0x21, 0x10}));
        const auto out = publishing.take();
        ASSERT_EQ(out.size(), 3U);
        EXPECT_EQ(out[0].track, media::Track::metadata);
        EXPECT_TRUE(out[0].promises_video && out[0].promises_audio);
        const auto told = parse_metadata(out[0].payload.bytes());
        ASSERT_TRUE(told);
        ASSERT_NE(told->find("audiocodecid"), nullptr);
        EXPECT_EQ(*told->find("audiosamplerate")->number(), 44'100.0);
        EXPECT_EQ(told->find("width") != nullptr, has_metadata);
        EXPECT_TRUE(out[1].is_config);
    }
}

TEST(Normaliser, tells_nothing_of_sound_that_was_announced_or_came_in_time) {
    Publishing announced;
    announced.feed(metadata(wire(encode_amf0("onMetaData", AmfObject{}).bytes()), true));
    announced.take();
    Packet late = sound({0x12, 0x10}, true);
    late.dts_ms = 5'000;
    announced.feed(std::move(late));
    EXPECT_EQ(announced.take().size(), 1U);
    Publishing in_time(kAvcConfig, false);
    in_time.feed(sound({0x12, 0x10}, true));
    in_time.feed(picture(0, unit(kIdr), true));
    in_time.feed(sound({0x21, 0x10}));
    in_time.normaliser.flush(in_time.out);
    for (const Packet& packet : in_time.take()) EXPECT_NE(packet.track, media::Track::metadata);
}

}  // namespace
}  // namespace st::flv
