#include "rtmp/chunk_writer.h"

#include "bytes.h"

namespace st::rtmp {
namespace {

media::Packet picture(const Wire& payload, std::int64_t dts_ms) {
    media::Packet packet;
    packet.is_key = true;
    packet.cts_ms = 80;
    packet.dts_ms = dts_ms;
    packet.payload = Buffer(Bytes(payload));
    return packet;
}

TEST(ChunkWriter, writes_a_picture_in_one_chunk) {
    EXPECT_EQ(wire(encode_packet(picture({0x00, 0x00, 0x00, 0x01, 0x65}, 0x1234))),
              (Wire{
                  0x06,                          // form 0, csid 6
                  0x00, 0x12, 0x34,              // timestamp
                  0x00, 0x00, 0x0A,              // length
                  0x09,                          // video
                  0x01, 0x00, 0x00, 0x00,        // message stream 1, little-endian
                  0x17, 0x01, 0x00, 0x00, 0x50,  // key frame, AVC, NALU, composition time 80
                  0x00, 0x00, 0x00, 0x01, 0x65,  // NAL unit behind its length
              }));
}

TEST(ChunkWriter, repeats_the_extended_timestamp_in_every_chunk) {
    // 5 + 7 bytes in chunks of 4, at 2^24 ms.
    EXPECT_EQ(wire(encode_packet(picture(counting(7, 1), 0x0100'0000), 4)),
              (Wire{
                  0x06,                          // form 0, csid 6
                  0xFF, 0xFF, 0xFF,              // see below
                  0x00, 0x00, 0x0C,              // length
                  0x09,                          // video
                  0x01, 0x00, 0x00, 0x00,        // message stream
                  0x01, 0x00, 0x00, 0x00,        // extended timestamp
                  0x17, 0x01, 0x00, 0x00,        // 4 bytes
                  0xC6, 0x01, 0x00, 0x00, 0x00,  // form 3, again
                  0x50, 0x01, 0x02, 0x03,        // 4 bytes
                  0xC6, 0x01, 0x00, 0x00, 0x00,  // form 3, again
                  0x04, 0x05, 0x06, 0x07,        // 4 bytes
              }));
}

TEST(ChunkWriter, uses_the_field_from_2_24_minus_1_on) {
    EXPECT_EQ(wire(encode_packet(picture({1}, 0xFF'FFFE)).bytes().subspan(1, 3)),
              (Wire{0xFF, 0xFF, 0xFE}));
    EXPECT_EQ(encode_packet(picture({1}, 0xFF'FFFE)).size(), 12U + 6);
    EXPECT_EQ(encode_packet(picture({1}, 0xFF'FFFF)).size(), 12U + 4 + 6);
    EXPECT_EQ(wire(encode_packet(picture({1}, 0x1'0000'0001)).bytes().subspan(1, 3)),
              (Wire{0x00, 0x00, 0x01}))
        << "wraps at 2^32";
}

TEST(ChunkWriter, writes_what_the_reader_reads) {
    for (const std::int64_t dts_ms : {0LL, 0xFF'FFFELL, 0xFF'FFFFLL, 0x100'0000LL, 0xFFFF'FFFFLL}) {
        for (const std::size_t size : {1U, 123U, 124U, 251U, 5'000U}) {
            for (const std::uint32_t chunk_bytes : {1U, 128U, 4'096U, 60'000U}) {
                ChunkReader reader;
                const Wire set = Wire{0x02, 0, 0, 0, 0, 0, 4, 0x01, 0, 0, 0, 0} + be32(chunk_bytes);
                decode(reader, set, 100);
                const Wire payload = counting(size, 3);
                const Wire encoded = wire(encode_packet(picture(payload, dts_ms), chunk_bytes, 7));
                // Twice, since viewers may leave out what is between.
                const Decoded decoded = decode(reader, encoded + encoded, 997);
                ASSERT_EQ(decoded.messages.size(), 2U) << decoded.error;
                for (const Message& message : decoded.messages) {
                    EXPECT_EQ(message.timestamp_ms, dts_ms);
                    EXPECT_EQ(message.type, MessageType::video);
                    EXPECT_EQ(message.stream_id, 7U);
                    EXPECT_EQ(wire(message.body.payload), payload);
                }
            }
        }
    }
}

TEST(ChunkWriter, puts_each_kind_on_its_own_chunk_stream) {
    media::Packet packet;
    packet.payload = Buffer(Bytes(Wire{1}));
    packet.track = media::Track::audio;
    packet.codec = media::Codec::aac;
    EXPECT_EQ(wire(encode_packet(packet)),
              (Wire{0x04, 0, 0, 0, 0, 0, 3, 0x08, 1, 0, 0, 0, 0xAF, 0x01, 0x01}));
    packet.track = media::Track::metadata;
    packet.codec = media::Codec::metadata;
    EXPECT_EQ(wire(encode_packet(packet)), (Wire{0x05, 0, 0, 0, 0, 0, 1, 0x12, 1, 0, 0, 0, 0x01}));
}

TEST(ChunkWriter, takes_one_allocation) {
    const Buffer encoded = encode_packet(picture(counting(200), 0x0100'0000), 100);
    EXPECT_EQ(encoded.capacity(), encoded.size());
}

TEST(ChunkWriter, gives_nothing_for_what_no_message_can_carry) {
    media::Packet packet;
    packet.payload = Buffer(flv::kBodyBytesMax);
    EXPECT_TRUE(encode_packet(packet).empty());
}

TEST(ChunkWriter, readdresses_a_copy) {
    const Buffer encoded = encode_packet(picture(counting(200), 0x0100'0000), 100, 1);
    EXPECT_EQ(wire(readdress(encoded.bytes(), 0x0102)),
              wire(encode_packet(picture(counting(200), 0x0100'0000), 100, 0x0102)));
}

TEST(ChunkWriter, appends_messages) {
    Buffer out(Bytes(Wire{0xAA}));
    append_message(out, MessageType::command, 3, 0, 0, {}, 128);
    EXPECT_EQ(wire(out), (Wire{0xAA, 0x03, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace st::rtmp
