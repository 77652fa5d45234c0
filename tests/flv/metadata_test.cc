#include "flv/metadata.h"

#include "bytes.h"

namespace st::flv {
namespace {

TEST(Metadata, is_built_of_what_is_known) {
    StreamFacts facts;
    facts.has_video = true;
    facts.has_audio = false;
    facts.width = 1280;
    facts.height = 720;
    facts.is_h264 = true;
    const Buffer payload = build_metadata(facts);
    EXPECT_EQ(wire(payload.bytes().first(18)), (Wire{
                                                   0x02,        // string
                                                   0x00, 0x0A,  // its length
                                                   'o', 'n', 'M', 'e', 't', 'a', 'D', 'a', 't', 'a',
                                                   0x08,                    // ECMA array
                                                   0x00, 0x00, 0x00, 0x05,  // members
                                               }));
    const auto object = parse_metadata(payload.bytes());
    ASSERT_TRUE(object);
    EXPECT_EQ(object->members.size(), 5U);
    EXPECT_TRUE(*object->find("hasVideo")->boolean());
    EXPECT_FALSE(*object->find("hasAudio")->boolean());
    EXPECT_EQ(*object->find("width")->number(), 1280);
    EXPECT_EQ(*object->find("height")->number(), 720);
    EXPECT_EQ(*object->find("videocodecid")->number(), 7);
}

TEST(Metadata, says_everything_it_is_told) {
    StreamFacts facts;
    facts.fps = 29.97;
    facts.is_aac = true;
    facts.audio_sample_rate = 44'100;
    facts.audio_channels = 1;
    facts.encoder = "a phone";
    const auto object = parse_metadata(build_metadata(facts).bytes());
    ASSERT_TRUE(object);
    EXPECT_EQ(*object->find("framerate")->number(), 29.97);
    EXPECT_EQ(*object->find("audiocodecid")->number(), 10);
    EXPECT_EQ(*object->find("audiosamplerate")->number(), 44'100);
    EXPECT_EQ(*object->find("audiosamplesize")->number(), 16);
    EXPECT_FALSE(*object->find("stereo")->boolean());
    EXPECT_EQ(*object->find("encoder")->string(), "a phone");
    EXPECT_EQ(object->find("width"), nullptr);
    EXPECT_EQ(object->find("hasVideo"), nullptr);
}

TEST(Metadata, for_live_viewers_keeps_all_but_a_files_length_and_promises) {
    AmfObject theirs;
    theirs.add("hasAudio", true);
    theirs.add("hasVideo", true);
    theirs.add("duration", 12.5);
    theirs.add("width", 640.0);
    theirs.add("custom", "kept");
    const Buffer live = metadata_for_live(encode_amf0("onMetaData", theirs));
    const auto object = parse_metadata(live.bytes());
    ASSERT_TRUE(object);
    EXPECT_EQ(object->kind, AmfObject::Kind::object);
    ASSERT_EQ(object->members.size(), 2U);
    EXPECT_EQ(*object->find("width")->number(), 640);
    EXPECT_EQ(*object->find("custom")->string(), "kept");
}

TEST(Metadata, for_live_viewers_leaves_alone_what_it_cannot_read) {
    const std::string_view odd = "\x02\x00\x0AonMetaData\x07";
    EXPECT_EQ(as_text(metadata_for_live(Buffer(as_bytes(odd))).bytes()), odd);
    EXPECT_TRUE(metadata_for_live({}).empty());
}

TEST(Metadata, that_is_none_is_refused) {
    EXPECT_EQ(parse_metadata(encode_amf0("onCuePoint", AmfObject()).bytes()).error().message,
              "flv: metadata does not begin with onMetaData");
    EXPECT_EQ(parse_metadata(encode_amf0("onMetaData", 1.0).bytes()).error().message,
              "flv: onMetaData holds neither an object nor an ECMA array");
    EXPECT_FALSE(parse_metadata(encode_amf0("onMetaData").bytes()));
    EXPECT_FALSE(parse_metadata({}));
}

}  // namespace
}  // namespace st::flv
