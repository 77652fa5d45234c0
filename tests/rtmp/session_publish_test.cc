/// The command sequences of encoders, and what they are answered.
#include "client.h"

namespace st::rtmp {
namespace {

using flv::AmfNull;

const Wire kKey = {0x17, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x65, 0x88};
const Wire kSound = {0xAF, 0x01, 0x21, 0x10};

std::vector<std::uint32_t> times(const std::vector<Event>& events) {
    std::vector<std::uint32_t> all;
    for (const Event& event : events) {
        const auto* media = std::get_if<Media>(&event);
        if (media != nullptr) all.push_back(static_cast<std::uint32_t>(media->packet.dts_ms));
    }
    return all;
}

TEST(SessionPublish, answers_connect_in_the_order_that_encoders_want) {
    Client client;
    client.handshake();
    client.command(0, "connect", 1.0, Client::connect_object("live", "rtmp://h/live"));
    client.flush();
    ASSERT_EQ(client.events.size(), 1U) << client.error;
    const auto& connect = std::get<Connect>(client.events[0]);
    EXPECT_EQ(connect.target.app, "live");
    EXPECT_EQ(connect.target.tc_url, "rtmp://h/live");
    EXPECT_EQ(connect.flash_version, "FMLE/3.0 (compatible; test)");
    EXPECT_FALSE(connect.offers_four_cc);
    EXPECT_TRUE(client.answers.empty()) << "before the decision";
    client.session.accept_connect();
    client.read_answers();
    EXPECT_EQ(client.answers,
              (Lines{"0 type 5 0 38 37 160",    // window acknowledgement size 2,500,000
                     "0 type 6 0 38 37 160 2",  // peer bandwidth, dynamic
                     "0 command \"_result\" 1 {..} {NetConnection.Connect.Success: connection "
                     "accepted}"}));
    EXPECT_EQ(client.answer_chunk_bytes(), kOutChunkBytes);
}

TEST(SessionPublish, takes_the_sequence_of_ffmpeg_and_obs_however_it_is_split) {
    for (const std::size_t step : {1U, 100U, 1'000'000U}) {
        SCOPED_TRACE(step);
        Client client;
        client.connect();
        client.command(0, "releaseStream", 2.0, AmfNull{}, "cam");
        client.command(0, "FCPublish", 3.0, AmfNull{}, "cam");
        client.command(0, "createStream", 4.0, AmfNull{});
        client.command(1, "publish", 5.0, AmfNull{}, "cam", "live");
        client.flush(step);
        ASSERT_EQ(client.events.size(), 1U) << client.error;
        const auto& publish = std::get<Publish>(client.events[0]);
        EXPECT_EQ(publish.stream_id, 1U);
        EXPECT_EQ(publish.target.path, "/live/cam");
        EXPECT_EQ(client.answers,
                  (Lines{"0 command \"_result\" 2 null undefined",
                         "0 command \"_result\" 3 null undefined",
                         "0 command \"onFCPublish\" 0 null {NetStream.Publish.Start: cam}",
                         "0 command \"_result\" 4 null 1"}));
        client.answers.clear();
        client.session.accept_publish(1);
        client.read_answers();
        EXPECT_EQ(client.answers,
                  (Lines{"0 type 4 0 0 0 0 0 1",  // StreamBegin
                         "1 command \"onStatus\" 0 null {NetStream.Publish.Start: publication "
                         "accepted}"}))
            << "on the created message stream, else GStreamer waits for ever";
        EXPECT_TRUE(client.session.is_publishing(1));
        client.events.clear();
        client.send(MessageType::data, 1,
                    wire(flv::encode_amf0("@setDataFrame", "onMetaData", flv::AmfObject())));
        client.send(MessageType::video, 1, kKey, 40);
        client.send(MessageType::audio, 1, kSound, 41);
        client.flush(step);
        EXPECT_EQ(times(client.events), (std::vector<std::uint32_t>{0, 40, 41}));
        EXPECT_EQ(std::get<Media>(client.events[0]).packet.track, media::Track::metadata);
        EXPECT_TRUE(std::get<Media>(client.events[1]).packet.is_key);
    }
}

TEST(SessionPublish, takes_other_orders) {
    // Haivision: createStream, FCPublish, publish; Flash: createStream, publish.
    Client client;
    client.connect();
    client.command(0, "createStream", 2.0, AmfNull{});
    client.command(0, "FCPublish", 3.0, AmfNull{}, "cam");
    client.command(1, "publish", 0.0, AmfNull{}, "cam?key=1");
    client.flush();
    ASSERT_EQ(client.events.size(), 1U);
    EXPECT_EQ(std::get<Publish>(client.events[0]).target.query, "key=1");
    // FMLE asks for courtesies after it began, too.
    client.session.accept_publish(1);
    client.command(0, "releaseStream", 6.0, AmfNull{}, "cam");
    client.command(0, "FCPublish", 7.0, AmfNull{}, "cam");
    client.flush();
    EXPECT_EQ(client.error, "");
    EXPECT_TRUE(client.session.is_publishing(1));
}

TEST(SessionPublish, takes_connect_with_only_tc_url) {
    Client client;
    client.handshake();
    flv::AmfObject object;
    object.add("tcUrl", "rtmp://h/live?k=1");
    client.command(0, "connect", 1.0, object);
    client.flush();
    client.session.accept_connect();
    client.command(0, "createStream", 2.0, AmfNull{});
    client.command(1, "publish", 3.0, AmfNull{}, "cam");
    client.flush();
    ASSERT_EQ(client.events.size(), 2U);
    EXPECT_EQ(std::get<Publish>(client.events[1]).target.path, "/live/cam");
    EXPECT_EQ(std::get<Publish>(client.events[1]).target.query, "k=1");
}

TEST(SessionPublish, takes_the_amf3_form) {
    Client client;
    client.handshake();
    flv::AmfObject object = Client::connect_object("live", "");
    object.add("objectEncoding", 3.0);
    object.add("capsEx", 3.0);
    client.command(0, "connect", 1.0, object);
    client.flush();
    EXPECT_TRUE(std::get<Connect>(client.events[0]).offers_four_cc);
    client.session.accept_connect();
    client.send(MessageType::amf3_command, 0,
                Wire{0x00} + wire(flv::encode_amf0("createStream", 2.0, AmfNull{})));
    // The name in AMF3 inside AMF0, and no byte in front.
    client.send(
        MessageType::amf3_command, 1,
        wire(flv::encode_amf0("publish", 3.0, AmfNull{})) + Wire{0x11, 0x06, 0x07, 'c', 'a', 'm'});
    client.flush();
    ASSERT_EQ(client.events.size(), 2U) << client.error;
    EXPECT_EQ(std::get<Publish>(client.events[1]).target.path, "/live/cam");
    client.session.accept_publish(1);
    client.events.clear();
    client.send(MessageType::amf3_data, 1,
                Wire{0x00} + wire(flv::encode_amf0("onMetaData", flv::AmfObject())));
    client.flush();
    ASSERT_EQ(client.events.size(), 1U);
    EXPECT_EQ(std::get<Media>(client.events[0]).packet.track, media::Track::metadata);
}

TEST(SessionPublish, says_why_it_refuses) {
    Client client;
    client.connect();
    client.command(0, "createStream", 2.0, AmfNull{});
    client.command(1, "publish", 3.0, AmfNull{}, "cam");
    client.flush();
    client.answers.clear();
    client.session.refuse_publish(1, "NetStream.Publish.BadName", "somebody publishes there");
    client.read_answers();
    EXPECT_EQ(client.answers, (Lines{"1 command \"onStatus\" 0 null {NetStream.Publish.BadName: "
                                     "somebody publishes there}"}));
    client.send(MessageType::video, 1, kKey);
    client.flush();
    EXPECT_TRUE(times(client.events).empty());
    client.session.accept_publish(1);
    EXPECT_FALSE(client.session.is_publishing(1)) << "the decision has been taken";
}

TEST(SessionPublish, refuses_a_connection_in_chunks_of_128_bytes) {
    Client client;
    client.handshake();
    client.command(0, "connect", 7.0, Client::connect_object("api", ""));
    client.flush();
    const std::string why(200, 'w');
    client.session.refuse_connect(why);
    client.read_answers();
    EXPECT_EQ(client.answers,
              (Lines{"0 command \"_error\" 7 null {NetConnection.Connect.Rejected: " + why + "}"}));
    client.command(0, "createStream", 2.0, AmfNull{});
    client.flush();
    EXPECT_EQ(client.answers.size(), 1U) << "nothing after it";
    EXPECT_EQ(client.error, "");
}

TEST(SessionPublish, keeps_packets_before_the_decision) {
    Client client;
    client.connect();
    client.command(0, "createStream", 2.0, AmfNull{});
    client.command(1, "publish", 3.0, AmfNull{}, "cam");
    client.send(MessageType::video, 1, kKey);
    client.flush();
    EXPECT_TRUE(times(client.events).empty());
    client.session.accept_publish(1);
    client.pull();
    EXPECT_EQ(times(client.events).size(), 1U);
}

TEST(SessionPublish, keeps_no_flood_before_the_decision) {
    const std::size_t each = sizeof(Media) + kKey.size() - 5;  // without the head
    Client client(SessionLimits{.chunks = {}, .streams_max = 16, .kept_bytes_max = 3 * each});
    client.connect();
    client.command(0, "createStream", 2.0, AmfNull{});
    client.command(0, "createStream", 3.0, AmfNull{});
    client.command(1, "publish", 4.0, AmfNull{}, "cam");
    client.command(2, "publish", 5.0, AmfNull{}, "second");
    for (const std::uint32_t stream : {1, 2, 2}) client.send(MessageType::video, stream, kKey);
    client.flush();
    EXPECT_EQ(client.error, "");
    // What is answered or given up makes room.
    client.session.accept_publish(1);
    client.pull();
    EXPECT_EQ(times(client.events).size(), 1U);
    client.command(2, "publish", 6.0, AmfNull{}, "third");
    for (int i = 0; i < 3; ++i) client.send(MessageType::video, 2, kKey);
    client.flush();
    EXPECT_EQ(client.error, "");
    client.send(MessageType::video, 2, kKey);
    client.flush();
    EXPECT_EQ(client.error, "rtmp: more than " + std::to_string(3 * each) +
                                " bytes of packets before publish was answered");
}

TEST(SessionPublish, keeps_no_flood_of_aggregates) {
    Client client(SessionLimits{.chunks = {}, .streams_max = 16, .kept_bytes_max = 10});
    client.connect();
    client.command(0, "createStream", 2.0, AmfNull{});
    client.command(1, "publish", 3.0, AmfNull{}, "cam");
    client.send(MessageType::aggregate, 1,
                Wire{9, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0} + kKey + Wire{0, 0, 0, 0});
    client.flush();
    EXPECT_EQ(client.error, "rtmp: more than 10 bytes of packets before publish was answered");
}

TEST(SessionPublish, ends_the_publication_that_is_named_and_no_other) {
    Client client;
    client.publish();
    client.command(0, "createStream", 6.0, AmfNull{});
    client.command(2, "publish", 7.0, AmfNull{}, "other?token=x");
    client.flush();
    client.session.accept_publish(2);
    client.events.clear();
    client.command(0, "FCUnpublish", 8.0, AmfNull{}, "nobody");
    client.command(0, "FCUnpublish", 9.0, AmfNull{}, "other");
    client.flush();
    ASSERT_EQ(client.events.size(), 1U);
    EXPECT_EQ(std::get<Finished>(client.events[0]).stream_id, 2U);
    EXPECT_TRUE(client.session.is_publishing(1));
    client.events.clear();
    client.command(0, "FCUnpublish", 10.0, AmfNull{});
    client.flush();
    ASSERT_EQ(client.events.size(), 1U) << "all, if none is named";
    EXPECT_EQ(std::get<Finished>(client.events[0]).stream_id, 1U);
}

TEST(SessionPublish, lets_a_publication_end_and_another_begin) {
    Client client;
    client.publish();
    client.command(0, "FCUnpublish", 6.0, AmfNull{}, "cam");
    client.command(0, "deleteStream", 7.0, AmfNull{}, 1.0);
    client.flush();
    ASSERT_EQ(client.events.size(), 1U);
    EXPECT_TRUE(std::get<Finished>(client.events[0]).was_publishing);
    EXPECT_EQ(client.answers,
              (Lines{"0 command \"_result\" 6 null undefined",
                     "1 command \"onStatus\" 0 null {NetStream.Unpublish.Success: publication "
                     "ended}"}));
    client.answers.clear();
    client.events.clear();
    client.command(0, "createStream", 8.0, AmfNull{});
    client.command(1, "publish", 9.0, AmfNull{}, "cam");
    client.flush();
    EXPECT_EQ(client.answers, (Lines{"0 command \"_result\" 8 null 1"})) << "the same number again";
    ASSERT_EQ(client.events.size(), 1U);
    client.session.accept_publish(1);
    EXPECT_TRUE(client.session.is_publishing(1));
    // Without a word in between.
    client.events.clear();
    client.command(1, "publish", 10.0, AmfNull{}, "other");
    client.flush();
    ASSERT_EQ(client.events.size(), 2U);
    EXPECT_TRUE(std::get<Finished>(client.events[0]).was_publishing);
    EXPECT_EQ(std::get<Publish>(client.events[1]).target.path, "/live/other");
}

TEST(SessionPublish, keeps_two_publications_apart) {
    Client client;
    client.publish();
    client.command(0, "createStream", 6.0, AmfNull{});
    client.command(2, "publish", 7.0, AmfNull{}, "second");
    client.flush();
    client.session.accept_publish(2);
    client.events.clear();
    client.send(MessageType::video, 2, kKey, 1);
    client.send(MessageType::video, 1, kKey, 2);
    client.send(MessageType::video, 0, kKey, 3);
    client.send(MessageType::video, 3, kKey, 4);
    client.flush();
    ASSERT_EQ(client.events.size(), 2U);
    EXPECT_EQ(std::get<Media>(client.events[0]).stream_id, 2U);
    EXPECT_EQ(std::get<Media>(client.events[1]).stream_id, 1U);
}

TEST(SessionPublish, takes_packets_of_a_stream_that_was_never_created_where_there_is_no_doubt) {
    Client client;
    client.publish();
    client.events.clear();
    client.send(MessageType::video, 2, kKey, 1);
    client.flush();
    ASSERT_EQ(client.events.size(), 1U);
    EXPECT_EQ(std::get<Media>(client.events[0]).stream_id, 1U);
    client.command(0, "createStream", 6.0, AmfNull{});
    client.send(MessageType::video, 2, kKey, 2);
    client.flush();
    EXPECT_EQ(times(client.events).size(), 1U)
        << "there is such a stream, and it publishes nothing";
}

TEST(SessionPublish, takes_packets_without_a_stream_where_there_is_no_doubt) {
    Client client;
    client.publish();
    client.send(MessageType::video, 0, kKey, 3);
    client.flush();
    ASSERT_EQ(client.events.size(), 1U);
    EXPECT_EQ(std::get<Media>(client.events[0]).stream_id, 1U);
}

TEST(SessionPublish, leaves_out_what_it_cannot_read_and_goes_on) {
    Client client;
    client.publish();
    client.send(MessageType::audio, 1, {0xAF, 0x00, 0x12}, 1);
    client.send(MessageType::video, 1, {}, 1);
    client.send(MessageType::data, 1, {0x02, 0x00, 0x09}, 1);
    client.send(MessageType::amf3_data, 1, {}, 1);
    client.send(MessageType::video, 1, kKey, 2);
    client.flush();
    EXPECT_EQ(times(client.events), (std::vector<std::uint32_t>{2}));
    EXPECT_EQ(client.session.bad_bodies(), 2U);
    EXPECT_EQ(client.session.last_body_error(), "amf: byte 3: a string is cut short");
}

TEST(SessionPublish, takes_aggregates_apart) {
    const auto part = [](std::uint8_t type, std::uint8_t time, const Wire& body) {
        return Wire{type, 0, 0, static_cast<std::uint8_t>(body.size()), 0, 0, time, 0, 0, 0, 0} +
               body + Wire{0, 0, 0, 0};
    };
    Client client;
    client.publish();
    client.send(MessageType::aggregate, 1,
                part(9, 10, kKey) + part(8, 12, kSound) + part(9, 50, kKey) + Wire{9, 0, 0}, 1000);
    client.send(MessageType::audio, 1, kSound, 2000);
    client.flush(7);
    EXPECT_EQ(times(client.events), (std::vector<std::uint32_t>{1000, 1002, 1040, 2000}));
    EXPECT_EQ(client.session.bad_bodies(), 1U);
}

TEST(SessionPublish, passes_other_codecs_through) {
    Client client;
    client.publish();
    client.send(MessageType::video, 1, {0x90, 'h', 'v', 'c', '1', 0x01}, 0);
    client.flush();
    ASSERT_EQ(client.events.size(), 1U);
    EXPECT_EQ(std::get<Media>(client.events[0]).packet.codec, media::Codec::flv);
}

TEST(SessionPublish, ends_a_publication_for_a_reason_of_ours) {
    Client client;
    client.publish();
    client.session.end_publish(1, "NetStream.Publish.BadName", "taken over");
    client.read_answers();
    EXPECT_EQ(client.answers,
              (Lines{"1 command \"onStatus\" 0 null {NetStream.Publish.BadName: taken over}"}));
    EXPECT_FALSE(client.session.is_publishing(1));
}

}  // namespace
}  // namespace st::rtmp
