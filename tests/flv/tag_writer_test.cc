#include "bytes.h"
#include "flv/tag.h"

namespace st::flv {
namespace {

using media::Codec;
using media::Packet;
using media::Track;

Packet packet(Track track, Codec codec, const Wire& payload) {
    Packet made;
    made.track = track;
    made.codec = codec;
    made.payload = Buffer(Bytes(payload));
    return made;
}

TEST(TagWriter, writes_a_picture_as_a_tag) {
    Packet key = packet(Track::video, Codec::h264, {0x00, 0x00, 0x00, 0x01, 0x65});
    key.is_key = true;
    key.cts_ms = -40;
    key.dts_ms = 0x1'8123'4567;  // over 32 bits, which wrap
    EXPECT_EQ(wire(encode_tag(key).bytes()),
              (Wire{
                  0x09,                          // video
                  0x00, 0x00, 0x0A,              // body_bytes
                  0x23, 0x45, 0x67, 0x81,        // timestamp: low 24 bits, then the high byte
                  0x00, 0x00, 0x00,              // stream id
                  0x17, 0x01, 0xFF, 0xFF, 0xD8,  // key frame, AVC, NALU, composition time -40
                  0x00, 0x00, 0x00, 0x01, 0x65,  // NAL unit behind its length
                  0x00, 0x00, 0x00, 0x15,        // PreviousTagSize
              }));
}

TEST(TagWriter, writes_each_kind_of_body) {
    const auto body = [](const Packet& it) {
        const Buffer tag = encode_tag(it);
        EXPECT_EQ(tag.size(), tag_bytes(it));
        return wire(tag.bytes().subspan(kTagHeaderBytes, body_bytes(it)));
    };
    Packet inter = packet(Track::video, Codec::h264, {0xAA});
    EXPECT_EQ(body(inter), (Wire{0x27, 0x01, 0x00, 0x00, 0x00, 0xAA}));
    inter.is_config = true;
    EXPECT_EQ(body(inter), (Wire{0x17, 0x00, 0x00, 0x00, 0x00, 0xAA}));
    Packet sound = packet(Track::audio, Codec::aac, {0x21});
    EXPECT_EQ(body(sound), (Wire{0xAF, 0x01, 0x21}));
    EXPECT_EQ(encode_tag(sound).data()[0], 8);
    sound.is_config = true;
    EXPECT_EQ(body(sound), (Wire{0xAF, 0x00, 0x21}));
    EXPECT_EQ(body(packet(Track::audio, Codec::flv, {0x2F, 0xFF})), (Wire{0x2F, 0xFF}));
    EXPECT_EQ(body(packet(Track::metadata, Codec::metadata, {0x02})), (Wire{0x02}));
    EXPECT_EQ(encode_tag(packet(Track::metadata, Codec::metadata, {0x02})).data()[0], 18);
}

TEST(TagWriter, leaves_room_for_a_prefix) {
    const Packet sound = packet(Track::audio, Codec::aac, {0x21, 0x10});
    const Buffer bare = encode_tag(sound);
    const Buffer roomy = encode_tag(sound, 4);
    EXPECT_EQ(roomy.size(), bare.size() + 4);
    EXPECT_EQ(wire(roomy.bytes().subspan(4)), wire(bare.bytes()));
    EXPECT_EQ(roomy.capacity(), roomy.size());
}

TEST(TagWriter, writes_timestamps_around_2_24_and_2_32) {
    const std::pair<std::int64_t, Wire> cases[] = {
        {0xFF'FFFF, {0xFF, 0xFF, 0xFF, 0x00}},
        {0x100'0000, {0x00, 0x00, 0x00, 0x01}},
        {0xFFFF'FFFF, {0xFF, 0xFF, 0xFF, 0xFF}},
        {0x1'0000'0000, {0x00, 0x00, 0x00, 0x00}},
    };
    for (const auto& [dts_ms, expected] : cases) {
        Packet sound = packet(Track::audio, Codec::aac, {0x21});
        sound.dts_ms = dts_ms;
        EXPECT_EQ(wire(encode_tag(sound).bytes().subspan(4, 4)), expected) << dts_ms;
    }
}

TEST(TagWriter, gives_nothing_for_what_no_tag_can_carry) {
    Packet huge;
    huge.payload = Buffer(kBodyBytesMax - kHeadBytesMax);
    std::fill_n(huge.payload.data(), huge.payload.size(), std::uint8_t{0});
    EXPECT_EQ(encode_tag(huge).size(), kBodyBytesMax + 15);
    huge.payload = Buffer(kBodyBytesMax - kHeadBytesMax + 1);
    EXPECT_EQ(tag_bytes(huge), 0U);
    EXPECT_TRUE(encode_tag(huge).empty());
}

TEST(TagWriter, writes_a_header_that_says_what_is_there) {
    EXPECT_EQ(wire(encode_header(true, true)), (Wire{'F', 'L', 'V', 1, 5, 0, 0, 0, 9, 0, 0, 0, 0}));
    EXPECT_EQ(encode_header(true, false)[4], 4);
    EXPECT_EQ(encode_header(false, true)[4], 1);
    EXPECT_EQ(encode_header(false, false)[4], 0);
}

TEST(TagWriter, writes_what_the_reader_reads) {
    for (const std::size_t size : {0U, 1U, 5U, 65'535U, 65'536U, 300'000U}) {
        Packet picture;
        picture.is_key = true;
        picture.cts_ms = 8'388'607;
        picture.dts_ms = 16'770'000;
        picture.payload = Buffer(size);
        for (std::size_t i = 0; i < size; ++i) {
            picture.payload.data()[i] = static_cast<std::uint8_t>(i * 7);
        }
        const Buffer tag = encode_tag(picture);
        TagReader reader;
        const auto header = encode_header(true, true);
        reader.feed(header);
        ASSERT_FALSE(*reader.next());
        reader.feed(tag.bytes());
        auto read = reader.next();
        ASSERT_TRUE(read && *read);
        EXPECT_EQ((*read)->timestamp_ms, 16'770'000U);
        EXPECT_EQ((*read)->body.head_bytes, 5U);
        EXPECT_EQ(wire((*read)->body.payload.bytes()), wire(picture.payload.bytes()));
        ASSERT_FALSE(*reader.next());
        EXPECT_EQ(reader.wrong_previous_sizes(), 0U);
    }
}

}  // namespace
}  // namespace st::flv
