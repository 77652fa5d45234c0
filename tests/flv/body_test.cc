#include "flv/body.h"

#include "bytes.h"
#include "flv/amf.h"

namespace st::flv {
namespace {

using media::Codec;
using media::Packet;
using media::Track;

Packet made(TagType type, const Wire& body, std::uint32_t timestamp_ms = 40) {
    auto packet = to_packet(type, timestamp_ms, Bytes(body));
    EXPECT_TRUE(packet) << packet.error().message;
    if (!packet) return {};
    EXPECT_TRUE(*packet) << "nothing came of it";
    return *packet ? **std::move(packet) : Packet{};
}

bool is_nothing(TagType type, const Wire& body) {
    const auto packet = to_packet(type, 0, Bytes(body));
    EXPECT_TRUE(packet) << packet.error().message;
    return packet && !*packet;
}

std::string error(TagType type, const Wire& body) {
    const auto packet = to_packet(type, 0, Bytes(body));
    return packet ? "" : packet.error().message;
}

const Wire kIdr = {0x00, 0x00, 0x00, 0x02, 0x65, 0x88};
const Wire kSlice = {0x00, 0x00, 0x00, 0x02, 0x41, 0x9A};

TEST(ToPacket, takes_an_avc_picture_with_its_signed_composition_time) {
    // Key frame, AVC, NALU, composition time -2.
    const Packet key = made(TagType::video, Wire{0x17, 0x01, 0xFF, 0xFF, 0xFE} + kIdr, 0xFFFF'FFFF);
    EXPECT_EQ(key.track, Track::video);
    EXPECT_EQ(key.codec, Codec::h264);
    EXPECT_TRUE(key.is_key);
    EXPECT_FALSE(key.is_config);
    EXPECT_EQ(key.cts_ms, -2);
    EXPECT_EQ(key.dts_ms, 0xFFFF'FFFF);
    EXPECT_EQ(wire(key.payload.bytes()), kIdr);
    // Inter frame, composition time 0x7FFFFF.
    const Packet inter = made(TagType::video, Wire{0x27, 0x01, 0x7F, 0xFF, 0xFF} + kSlice);
    EXPECT_FALSE(inter.is_key);
    EXPECT_EQ(inter.cts_ms, 0x7F'FFFF);
    EXPECT_FALSE(made(TagType::video, Wire{0x37, 0x01, 0, 0, 0} + kSlice).is_key) << "disposable";
    EXPECT_TRUE(made(TagType::video, Wire{0x47, 0x01, 0, 0, 0} + kSlice).is_key) << "generated key";
    EXPECT_EQ(made(TagType::video, Wire{0x27, 0x01, 0x80, 0x00, 0x00} + kSlice).cts_ms, -0x80'0000);
}

TEST(ToPacket, sees_an_idr_slice_that_its_head_denies) {
    const Wire delimiter = {0x00, 0x00, 0x00, 0x02, 0x09, 0xF0};
    EXPECT_TRUE(made(TagType::video, Wire{0x27, 1, 0, 0, 0} + delimiter + kIdr).is_key);
    EXPECT_FALSE(made(TagType::video, Wire{0x27, 1, 0, 0, 0} + delimiter + kSlice).is_key);
    Wire damaged = Wire{0x27, 1, 0, 0, 0} + kIdr + kSlice;
    damaged.pop_back();
    EXPECT_FALSE(made(TagType::video, damaged).is_key) << "lengths that do not add up say nothing";
}

TEST(ToPacket, takes_an_avc_configuration_as_it_is) {
    for (const Wire& odd : {Wire{0x01}, Wire{0, 0, 0, 1} + kSps, kSps + kPps}) {
        const Packet config = made(TagType::video, Wire{0x17, 0, 0, 0, 0} + odd);
        EXPECT_TRUE(config.is_config);
        EXPECT_EQ(wire(config.payload.bytes()), odd);
    }

    const Packet config = made(TagType::video, Wire{0x17, 0x00, 0x00, 0x00, 0x28} + kAvcConfig);
    EXPECT_TRUE(config.is_config);
    EXPECT_FALSE(config.is_key);
    EXPECT_EQ(config.cts_ms, 0);
    EXPECT_EQ(wire(config.payload.bytes()), kAvcConfig);
}

TEST(ToPacket, makes_nothing_of_what_carries_nothing) {
    const std::pair<const char*, Wire> cases[] = {
        {"an empty body", {}},
        {"half an AVC head", {0x17, 0x01, 0x00}},
        {"an empty AVC configuration", {0x17, 0x00, 0x00, 0x00, 0x00}},
        {"a picture without NAL units", {0x27, 0x01, 0x00, 0x00, 0x00}},
        {"AVC end of sequence", {0x17, 0x02, 0x00, 0x00, 0x00}},
        {"an AVC packet type that is not defined", {0x17, 0x03, 0x00, 0x00, 0x00, 0x01}},
        {"a video command", {0x57, 0x00, 0x00, 0x00, 0x00, 0x00}},
        {"a video command of another codec", {0x52, 0x00}},
        {"a video head alone", {0x22}},
        {"FourCC end of sequence", {0x92, 'h', 'v', 'c', '1'}},
        {"a FourCC video command", {0xD1, 'h', 'v', 'c', '1', 0x00}},
    };
    for (const auto& [what, body] : cases) EXPECT_TRUE(is_nothing(TagType::video, body)) << what;
    EXPECT_TRUE(is_nothing(TagType::audio, {}));
    EXPECT_TRUE(is_nothing(TagType::audio, {0xAF}));
    EXPECT_TRUE(is_nothing(TagType::audio, {0xAF, 0x00})) << "an empty configuration";
    EXPECT_TRUE(is_nothing(TagType::audio, {0xAF, 0x01})) << "an empty frame";
    EXPECT_TRUE(is_nothing(TagType::audio, {0xAF, 0x02, 0x11}));
    EXPECT_TRUE(is_nothing(TagType::audio, {0x2F})) << "an MP3 head alone";
    EXPECT_TRUE(is_nothing(TagType::script, {}));
}

TEST(ToPacket, puts_annex_b_into_lengths) {
    const Wire annex_b = {
        0x00, 0x00, 0x00, 0x01, 0x09, 0xF0,  // delimiter
        0x00, 0x00, 0x01, 0x65, 0x88, 0x84,  // IDR slice behind a start code of 3 bytes
    };
    const Packet packet = made(TagType::video, Wire{0x27, 1, 0, 0, 0} + annex_b);
    EXPECT_EQ(wire(packet.payload.bytes()),
              (Wire{0, 0, 0, 2, 0x09, 0xF0, 0, 0, 0, 3, 0x65, 0x88, 0x84}));
    EXPECT_TRUE(packet.is_key);
    EXPECT_TRUE(is_nothing(TagType::video, {0x27, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1}));
}

TEST(ToPacket, leaves_lengths_alone_that_look_like_start_codes) {
    const Wire one_byte_unit = {0x00, 0x00, 0x00, 0x01, 0x0A};
    EXPECT_EQ(
        wire(made(TagType::video, Wire{0x27, 1, 0, 0, 0} + one_byte_unit + kSlice).payload.bytes()),
        one_byte_unit + kSlice);
    const Wire of_258_bytes = Wire{0x00, 0x00, 0x01, 0x02} + Wire(258, 0x41);
    EXPECT_EQ(wire(made(TagType::video, Wire{0x27, 1, 0, 0, 0} + of_258_bytes).payload.bytes()),
              of_258_bytes);
    // Also where the picture is cut short: what follows the unit is a length, or no start code
    // stands before a unit.
    for (const std::uint8_t low : {std::uint8_t{0x02}, std::uint8_t{0xD0}}) {
        const Wire cut = Wire{0, 0, 1, low} + Wire(256U + low, 0x41) + Wire{0, 0, 0, 9, 0x41, 0x42};
        EXPECT_EQ(wire(made(TagType::video, Wire{0x27, 1, 0, 0, 0} + cut).payload.bytes()), cut)
            << int{low};
    }
    // One unit behind a start code of 3 bytes is no length, however long it is.
    const Wire unit(700, 0x41);
    EXPECT_EQ(wire(made(TagType::video, Wire{0x27, 1, 0, 0, 0, 0, 0, 1} + unit).payload.bytes()),
              (Wire{0, 0, 0x02, 0xBC} + unit));
}

TEST(ToPacket, takes_aac) {
    const Packet config = made(TagType::audio, {0xAF, 0x00, 0x12, 0x10});
    EXPECT_EQ(config.track, Track::audio);
    EXPECT_EQ(config.codec, Codec::aac);
    EXPECT_TRUE(config.is_config);
    EXPECT_EQ(wire(config.payload.bytes()), (Wire{0x12, 0x10}));
    const Packet frame = made(TagType::audio, {0xA2, 0x01, 0x21, 0x10}, 7);
    EXPECT_FALSE(frame.is_config);
    EXPECT_EQ(frame.dts_ms, 7);
    EXPECT_EQ(wire(frame.payload.bytes()), (Wire{0x21, 0x10}));
    EXPECT_EQ(error(TagType::audio, {0xAF, 0x00, 0x12}),
              "AudioSpecificConfig: cut short at 1 bytes");
}

TEST(ToPacket, passes_other_codecs_through_whole) {
    struct Case {
        const char* what;
        TagType type;
        Wire body;
        bool is_config;
        bool is_key;
    };
    const Case cases[] = {
        {"H.263 key", TagType::video, {0x12, 0x00, 0x01}, false, true},
        {"H.263 inter", TagType::video, {0x22, 0x00, 0x01}, false, false},
        {"VP8 by the number of a browser's publisher", TagType::video, {0x1E, 0x01}, false, true},
        {"HEVC by number, configuration", TagType::video, {0x1C, 0, 0, 0, 0, 1}, true, false},
        {"HEVC by number, key", TagType::video, {0x1C, 1, 0, 0, 0, 1}, false, true},
        {"HEVC configuration", TagType::video, {0x90, 'h', 'v', 'c', '1', 1}, true, false},
        {"HEVC key", TagType::video, {0x91, 'h', 'v', 'c', '1', 0, 0, 0, 1}, false, true},
        {"HEVC inter", TagType::video, {0xA3, 'h', 'v', 'c', '1', 1}, false, false},
        {"AV1 key", TagType::video, {0x93, 'a', 'v', '0', '1', 1}, false, true},
        {"colour metadata", TagType::video, {0x94, 'h', 'v', 'c', '1', 2}, true, false},
        {"MPEG-2 configuration", TagType::video, {0x95, 'a', 'v', '0', '1', 2}, true, false},
        {"one of several tracks", TagType::video, {0x96, 0x01, 'a', 'v', '0', '1', 0}, false, true},
        {"their configuration", TagType::video, {0x96, 0x00, 'a', 'v', '0', '1', 0}, true, false},
        {"a modifier before it",
         TagType::video,
         {0x97, 0x02, 1, 2, 3, 0x01, 'h', 'v', 'c', '1', 9},
         false,
         true},
        {"MP3", TagType::audio, {0x2F, 0xFF, 0xFB}, false, false},
        {"Speex", TagType::audio, {0xB6, 0x01}, false, false},
        {"Opus as a browser's publisher writes it", TagType::audio, {0x9F, 0, 1}, false, false},
        {"Opus configuration", TagType::audio, {0x90, 'O', 'p', 'u', 's', 1}, true, false},
        {"Opus", TagType::audio, {0x91, 'O', 'p', 'u', 's', 1}, false, false},
        {"several audio tracks", TagType::audio, {0x95, 0x01, 'O', 'p', 'u', 's', 0}, false, false},
    };
    for (const Case& it : cases) {
        SCOPED_TRACE(it.what);
        const Packet packet = made(it.type, it.body);
        EXPECT_EQ(packet.codec, Codec::flv);
        EXPECT_EQ(packet.track, it.type == TagType::video ? Track::video : Track::audio);
        EXPECT_EQ(packet.is_config, it.is_config);
        EXPECT_EQ(packet.is_key, it.is_key);
        EXPECT_EQ(packet.track_id, 0);
        EXPECT_EQ(wire(packet.payload.bytes()), it.body);
    }
}

TEST(ToPacket, tells_further_tracks_from_the_stream_s_own) {
    // AvMultitrackType 0 (one track), the track's number behind the FourCC.
    const Wire aac = {0x95, 0x00, 'm', 'p', '4', 'a', 1, 0x12, 0x10};
    const Packet audio = made(TagType::audio, aac);
    EXPECT_EQ(audio.codec, Codec::flv) << "whole, for it is not the stream's AAC";
    EXPECT_EQ(audio.track_id, 1);
    EXPECT_TRUE(audio.is_config);
    EXPECT_EQ(wire(audio.payload.bytes()), aac);
    const Packet video = made(TagType::video, {0x96, 0x01, 'a', 'v', 'c', '1', 2, 0, 0, 0, 1});
    EXPECT_EQ(video.codec, Codec::flv);
    EXPECT_EQ(video.track_id, 2);
    EXPECT_FALSE(video.is_key) << "nobody begins with it";
    const auto cut = to_packet(TagType::video, 0, Bytes(Wire{0x96, 0x01, 'a', 'v', 'c', '1'}));
    EXPECT_FALSE(cut);
}

TEST(ToPacket, takes_h264_and_aac_from_their_four_cc_form) {
    const Packet config = made(TagType::video, Wire{0x90, 'a', 'v', 'c', '1'} + kAvcConfig);
    EXPECT_EQ(config.codec, Codec::h264);
    EXPECT_TRUE(config.is_config);
    EXPECT_EQ(wire(config.payload.bytes()), kAvcConfig);
    const Packet timed =
        made(TagType::video, Wire{0xA1, 'a', 'v', 'c', '1', 0xFF, 0xFF, 0xFF} + kSlice);
    EXPECT_EQ(timed.codec, Codec::h264);
    EXPECT_EQ(timed.cts_ms, -1);
    EXPECT_EQ(wire(timed.payload.bytes()), kSlice);
    const Packet untimed = made(TagType::video, Wire{0x93, 'a', 'v', 'c', '1'} + kIdr);
    EXPECT_TRUE(untimed.is_key);
    EXPECT_EQ(wire(untimed.payload.bytes()), kIdr);
    EXPECT_TRUE(is_nothing(TagType::video, {0x91, 'a', 'v', 'c', '1', 0, 0}));
    const Packet aac = made(TagType::audio, {0x90, 'm', 'p', '4', 'a', 0x12, 0x10});
    EXPECT_EQ(aac.codec, Codec::aac);
    EXPECT_TRUE(aac.is_config);
    EXPECT_EQ(wire(made(TagType::audio, {0x91, 'm', 'p', '4', 'a', 0x21}).payload.bytes()),
              Wire{0x21});
}

TEST(ToPacket, knows_what_is_passed_through) {
    EXPECT_EQ(made(TagType::video, {0x91, 'h', 'v', 'c', '1', 0, 0, 0, 1}).codec_tag, 0x68766331U);
    EXPECT_EQ(made(TagType::video, {0x22, 1, 2}).codec_tag, 2U);
    EXPECT_EQ(made(TagType::audio, {0x91, 'O', 'p', 'u', 's', 1}).codec_tag, 0x4F707573U);
    EXPECT_EQ(made(TagType::audio, {0x2F, 1}).codec_tag, 2U);
}

TEST(ToPacket, takes_colours_for_a_header_of_their_own) {
    for (const char* codec : {"hvc1", "avc1"}) {
        Wire body{0xD4};
        body.insert(body.end(), codec, codec + 4);
        body = body + Wire{0x02, 0, 9, 'c', 'o', 'l', 'o', 'r', 'I', 'n', 'f', 'o'};
        const Packet colours = made(TagType::video, body);
        EXPECT_TRUE(colours.is_colour);
        EXPECT_TRUE(colours.is_config);
        EXPECT_EQ(colours.codec, Codec::flv);
        EXPECT_EQ(wire(colours.payload.bytes()), body);
    }
    EXPECT_FALSE(made(TagType::video, {0x90, 'h', 'v', 'c', '1', 1}).is_colour);
}

TEST(ToPacket, refuses_configurations_that_are_none_by_their_size) {
    const Wire filler(kConfigBytesMax, 0x55);
    const auto four_cc = [&](std::uint8_t first, const char* name) {
        Wire body{first};
        body.insert(body.end(), name, name + 4);
        return body;
    };
    const std::pair<TagType, Wire> heads[] = {
        {TagType::video, {0x17, 0, 0, 0, 0}},
        {TagType::video, {0x1C, 0, 0, 0, 0}},  // HEVC without a FourCC
        {TagType::video, four_cc(0x90, "avc1")},
        {TagType::video, four_cc(0x90, "hvc1")},
        {TagType::video, four_cc(0xD4, "hvc1")},                // colours
        {TagType::video, {0x96, 0x00, 'h', 'v', 'c', '1', 1}},  // a further track
        {TagType::audio, four_cc(0x90, "Opus")},
        {TagType::audio, {0xAF, 0, 0x12, 0x10}},
    };
    for (const auto& [type, head] : heads) {
        EXPECT_EQ(error(type, head + filler + Wire(8)).substr(0, 35),
                  "flv: a decoder configuration of 655")
            << int{head[0]};
        EXPECT_EQ(error(type, head + Wire(400, 0x55)), "") << int{head[0]};
    }
    EXPECT_NE(error(TagType::audio, Wire{0xAF, 0, 0x12, 0x10} + Wire(kAacConfigBytesMax)), "");
    EXPECT_EQ(error(TagType::video, Wire{0x17, 1, 0, 0, 0} + kIdr + filler), "") << "a picture";
}

TEST(ToPacket, refuses_four_cc_heads_that_are_cut_short) {
    const Wire video[] = {
        Wire{0x91, 'h', 'v', 'c'},
        Wire{0x97},
        Wire{0x97, 0x02, 1, 2, 3},
        Wire{0x97, 0xFF, 0x00},
        Wire{0x97, 0xFF, 0xFF, 0xFF, 0x00},
        Wire{0x97, 0x00, 0x00, 0x07},
        Wire{0x96},
    };
    for (const Wire& body : video) {
        EXPECT_EQ(error(TagType::video, body), "flv: FourCC video head is cut short at " +
                                                   std::to_string(body.size()) + " bytes");
    }
    EXPECT_EQ(error(TagType::audio, {0x91, 'O'}), "flv: FourCC audio head is cut short at 2 bytes");
}

template <class... Values>
Wire script(const Values&... values) {
    return wire(encode_amf0(values...).bytes());
}

AmfObject sample_metadata() {
    AmfObject object;
    object.kind = AmfObject::Kind::ecma_array;
    object.add("width", 1280.0);
    object.add("videocodecid", "avc1");
    object.add("unknown to us", AmfArray{{AmfValue(1.0), AmfValue("two")}});
    return object;
}

TEST(ToPacket, keeps_metadata_and_takes_its_instruction_off) {
    const Wire bare = script("onMetaData", sample_metadata());
    const Packet plain = made(TagType::script, bare, 5);
    EXPECT_EQ(plain.track, Track::metadata);
    EXPECT_EQ(plain.codec, Codec::metadata);
    EXPECT_EQ(plain.dts_ms, 5);
    EXPECT_EQ(wire(plain.payload.bytes()), bare);
    const Wire instructed = wire(encode_amf0("@setDataFrame").bytes()) + bare;
    EXPECT_EQ(wire(made(TagType::script, instructed).payload.bytes()), bare);
    EXPECT_EQ(wire(made(TagType::script, instructed + Wire{0x05}).payload.bytes()), bare)
        << "what stands behind it";
}

TEST(ToPacket, notes_which_tracks_metadata_promises) {
    const auto promised = [](std::initializer_list<std::pair<const char*, AmfValue>> members) {
        AmfObject object;
        for (const auto& [name, value] : members) object.add(name, value);
        const Packet packet = made(TagType::script, script("onMetaData", object));
        return std::string(packet.promises_video ? "v" : "") + (packet.promises_audio ? "a" : "");
    };
    EXPECT_EQ(promised({}), "");
    EXPECT_EQ(promised({{"videocodecid", 7.0}, {"audiocodecid", 10.0}}), "va");
    EXPECT_EQ(promised({{"videocodecid", "avc1"}, {"audiocodecid", AmfNull{}}}), "v");
    EXPECT_EQ(promised({{"videocodecid", 0.0}, {"audiocodecid", ""}}), "") << "none, for some";
    EXPECT_EQ(promised({{"hasVideo", true}, {"hasAudio", true}}), "va");
    EXPECT_EQ(promised({{"videocodecid", 7.0}, {"audiocodecid", 10.0}, {"hasAudio", false}}), "v");
    EXPECT_FALSE(made(TagType::video, Wire{0x17, 1, 0, 0, 0} + kIdr).promises_video);
}

TEST(ToPacket, mends_metadata_without_its_end_marker) {
    const Wire whole = script("onMetaData", sample_metadata());
    const Wire cut(whole.begin(), whole.end() - 3);
    EXPECT_EQ(wire(made(TagType::script, cut).payload.bytes()), whole);
}

TEST(ToPacket, passes_other_data_messages_with_their_values_as_they_are) {
    const Wire amf3 = {0x11, 0x0A, 0x0B, 0x01};  // an object in AMF3, which is not looked at
    for (const char* name : {"onTextData", "onCuePoint", "onFI", "whatever"}) {
        for (const Wire& values : {Wire{}, wire(encode_amf0(sample_metadata()).bytes()), amf3}) {
            const Packet packet = made(TagType::script, script(name) + values, 70);
            EXPECT_TRUE(packet.is_passing) << name;
            EXPECT_EQ(packet.track, Track::metadata);
            EXPECT_EQ(packet.dts_ms, 70);
            EXPECT_EQ(wire(packet.payload.bytes()), script(name) + values);
        }
    }
    const Packet set = made(TagType::script, script("@setDataFrame", "onCuePoint", 7.0));
    EXPECT_EQ(wire(set.payload.bytes()), script("onCuePoint", 7.0));
    EXPECT_FALSE(made(TagType::script, script("onMetaData", sample_metadata())).is_passing);
}

TEST(ToPacket, leaves_out_script_data_that_is_meant_for_the_server) {
    EXPECT_TRUE(is_nothing(TagType::script, script("@clearDataFrame", "onMetaData")));
    EXPECT_TRUE(is_nothing(TagType::script, script("|RtmpSampleAccess", true, true)));
    EXPECT_TRUE(is_nothing(TagType::script, script("onStatus", sample_metadata())));
    EXPECT_TRUE(is_nothing(TagType::script, script("@setDataFrame", "onMetaData")));
    EXPECT_TRUE(is_nothing(TagType::script, script(7.0, sample_metadata())));
    EXPECT_TRUE(is_nothing(TagType::script, wire(encode_amf0("@setDataFrame").bytes())));
    EXPECT_TRUE(is_nothing(TagType::script, wire(encode_amf0("onMetaData").bytes())));
    EXPECT_EQ(error(TagType::script, script("onMetaData", "text")),
              "flv: onMetaData holds neither an object nor an ECMA array");
    EXPECT_EQ(error(TagType::script, {0x02, 0x00, 0x05, 'o'}),
              "amf: byte 3: a string is cut short");
}

TEST(WriteBody, gives_back_every_body_it_can_be_made_from) {
    const std::pair<TagType, Wire> cases[] = {
        {TagType::video, Wire{0x17, 0x00, 0x00, 0x00, 0x00} + kAvcConfig},
        {TagType::video, Wire{0x17, 0x01, 0xFF, 0x00, 0x01} + kIdr},
        {TagType::video, Wire{0x27, 0x01, 0x00, 0x00, 0x50} + kSlice},
        {TagType::video, Wire{0x91, 'h', 'v', 'c', '1', 0, 0, 0, 1}},
        {TagType::audio, Wire{0xAF, 0x00, 0x12, 0x10}},
        {TagType::audio, Wire{0xAF, 0x01, 0x21}},
        {TagType::audio, Wire{0x2F, 0xFF, 0xFB}},
        {TagType::script, script("onMetaData", sample_metadata())},
    };
    for (const auto& [type, body] : cases) {
        const Packet packet = made(type, body);
        EXPECT_EQ(tag_type(packet), type);
        ASSERT_EQ(body_bytes(packet), body.size());
        Wire written(body.size());
        EXPECT_EQ(write_body(packet, written.data()), written.data() + written.size());
        EXPECT_EQ(written, body);
        const BodyHead head = body_head(packet);
        EXPECT_EQ(wire(Bytes(head.bytes).first(head.size)) + wire(packet.payload.bytes()), body);
    }
}

}  // namespace
}  // namespace st::flv
