/// The command sequences of players, and what belongs to the connection itself.
#include <cmath>

#include "client.h"

namespace st::rtmp {
namespace {

using flv::AmfNull;
using flv::AmfUndefined;

TEST(SessionPlay, takes_the_sequence_of_ffmpeg_rtmpdump_and_vlc) {
    Client client;
    client.connect();
    client.send(MessageType::window_ack_size, 0, be32(2'500'000));
    client.command(0, "createStream", 2.0, AmfNull{});
    client.command(0, "FCSubscribe", 0.0, AmfNull{}, "cam");
    client.command(0, "_checkbw", 3.0, AmfNull{});
    client.command(1, "getStreamLength", 4.0, AmfNull{}, "cam");
    client.command(1, "play", 5.0, AmfNull{}, "cam", -2000.0);
    client.send(MessageType::user_control, 0, {0, 3, 0, 0, 0, 1, 0, 0, 0x0B, 0xB8});
    client.flush();
    EXPECT_EQ(client.answers,
              (Lines{"0 command \"_result\" 2 null 1",
                     "0 command \"onFCSubscribe\" 0 null {NetStream.Play.Start: cam}",
                     "0 command \"_result\" 3 null undefined", "0 command \"_result\" 4 null 0"}));
    ASSERT_EQ(client.events.size(), 1U) << client.error;
    EXPECT_EQ(std::get<Play>(client.events[0]).target.path, "/live/cam");
    EXPECT_FALSE(client.plays(1));
    client.answers.clear();
    client.session.accept_play(1);
    client.read_answers();
    EXPECT_EQ(client.answers,
              (Lines{"0 type 4 0 0 0 0 0 1",  // StreamBegin
                     "1 command \"onStatus\" 0 null {NetStream.Play.Reset: restarting}",
                     "1 command \"onStatus\" 0 null {NetStream.Play.Start: begins}",
                     "1 data \"onStatus\" {NetStream.Data.Start}"}));
    EXPECT_TRUE(client.plays(1));
    client.answers.clear();
    client.session.tell_waiting(1, "last key frame 43 s ago");
    client.session.tell_waiting(2, "nobody plays there");
    client.read_answers();
    EXPECT_EQ(
        client.answers,
        Lines{"1 command \"onStatus\" 0 null {NetStream.Buffer.Empty: last key frame 43 s ago}"});
}

TEST(SessionPlay, tells_how_long_a_player_wants_to_watch) {
    struct Case {
        double start;
        double duration;
        std::optional<double> expected;
    };
    // librtmp and FFmpeg count in milliseconds: their starts are -1000, -2000, or 0.
    for (const Case& it :
         {Case{-2, -1, {}}, Case{0, 4, 4.0}, Case{-1, 0.5, 0.5}, Case{0, 0, {}}, Case{-2, -2, {}},
          Case{-1, 3600, 3600.0}, Case{-2, 3600, 3600.0}, Case{-1000, 4000, 4.0},
          Case{-2000, 500, 0.5}, Case{0, 4000, 4.0}, Case{12, 4000, 4.0}, Case{12, 5, 5.0},
          Case{0, 1e300, {}}, Case{-2, 1e300, {}}, Case{-2, std::nan(""), {}}}) {
        Client client;
        client.connect();
        client.command(1, "play", 0.0, AmfNull{}, "cam", it.start, it.duration);
        client.flush();
        ASSERT_EQ(client.events.size(), 1U);
        EXPECT_EQ(std::get<Play>(client.events[0]).seconds, it.expected) << it.duration;
    }
}

TEST(SessionPlay, tells_a_player_that_it_has_had_what_it_asked_for) {
    Client client;
    client.connect();
    client.command(0, "createStream", 2.0, AmfNull{});
    client.command(1, "play", 4.0, AmfNull{}, "cam", -2.0, 4.0);
    client.flush();
    client.session.accept_play(1);
    client.read_answers();
    client.answers.clear();
    client.session.complete_play(2, 4);
    client.session.complete_play(1, 4);
    client.session.complete_play(1, 4);
    client.read_answers();
    EXPECT_EQ(
        client.answers,
        (Lines{
            "1 data \"onPlayStatus\" {NetStream.Play.Complete: played as long as was asked}",
            "0 type 4 0 1 0 0 0 1",  // StreamEOF
            "1 command \"onStatus\" 0 null {NetStream.Play.Stop: played as long as was asked}"}));
    EXPECT_FALSE(client.plays(1));
}

TEST(SessionPlay, offers_codecs_by_four_cc_to_a_client_that_names_some) {
    for (const bool offers : {true, false}) {
        Client client;
        client.handshake();
        flv::AmfObject object = Client::connect_object("live", "rtmp://h/live");
        flv::AmfArray codecs;
        codecs.items.emplace_back("hvc1");
        if (offers) object.add("fourCcList", codecs);
        client.command(0, "connect", 1.0, object);
        client.flush();
        client.session.accept_connect();
        const Buffer out = client.session.take_output();
        const std::string_view said(reinterpret_cast<const char*>(out.data()), out.size());
        EXPECT_EQ(said.find("fourCcList") != std::string_view::npos, offers);
    }
}

TEST(SessionPlay, refuses_and_ends_in_words_that_players_know) {
    Client client;
    client.connect();
    client.command(0, "createStream", 2.0, AmfNull{});
    client.command(1, "play", 3.0, AmfNull{}, "none");
    client.flush();
    client.answers.clear();
    client.session.refuse_play(1);
    client.read_answers();
    EXPECT_EQ(client.answers, (Lines{"1 command \"onStatus\" 0 null "
                                     "{NetStream.Play.StreamNotFound: no such stream}"}));
    client.command(1, "play", 4.0, AmfNull{}, "cam");
    client.flush();
    client.session.accept_play(1);
    client.read_answers();
    client.answers.clear();
    client.session.end_play(1, "stream ended");
    client.read_answers();
    EXPECT_EQ(client.answers,
              (Lines{"0 type 4 0 1 0 0 0 1",  // StreamEOF
                     "1 command \"onStatus\" 0 null {NetStream.Play.UnpublishNotify: stream ended}",
                     "1 command \"onStatus\" 0 null {NetStream.Play.Stop: stream ended}"}));
    EXPECT_FALSE(client.plays(1));
}

TEST(SessionPlay, says_why_there_will_be_nothing_to_one_who_waits) {
    Client client;
    client.connect();
    client.command(0, "createStream", 2.0, AmfNull{});
    client.command(1, "play", 3.0, AmfNull{}, "cam");
    client.flush();
    client.answers.clear();
    client.session.end_play(1, "kicked");
    client.session.end_play(1, "twice");
    client.session.accept_play(1);
    client.read_answers();
    EXPECT_EQ(client.answers, (Lines{"1 command \"onStatus\" 0 null "
                                     "{NetStream.Play.Failed: kicked}"}));
    EXPECT_FALSE(client.plays(1));
}

TEST(SessionPlay, lets_a_player_pause_stop_and_play_again) {
    Client client;
    client.connect();
    client.command(0, "createStream", 2.0, AmfNull{});
    client.command(1, "pause", 3.0, AmfNull{}, true, 0.0);
    client.command(1, "play", 0.0, AmfNull{}, "cam");
    client.flush();
    client.session.accept_play(1);
    client.read_answers();
    client.events.clear();
    client.answers.clear();
    client.command(1, "pause", 3.0, AmfNull{}, true, 0.0);
    client.command(1, "pauseRaw", 4.0, AmfNull{}, false, 0.0);
    client.command(1, "seek", 5.0, AmfNull{}, 1000.0);
    client.command(1, "closeStream", 0.0, AmfNull{});
    client.command(1, "play", 0.0, AmfNull{}, "other");
    client.command(1, "play", 0.0, AmfNull{}, false);
    client.flush();
    EXPECT_EQ(client.answers,
              (Lines{"1 command \"onStatus\" 0 null {NetStream.Pause.Notify: paused}",
                     "1 command \"onStatus\" 0 null {NetStream.Unpause.Notify: goes on}",
                     "1 command \"onStatus\" 0 null {NetStream.Seek.Failed: a live stream has no "
                     "other time}"}));
    ASSERT_EQ(client.events.size(), 5U);
    EXPECT_TRUE(std::get<Paused>(client.events[0]).is_paused);
    EXPECT_FALSE(std::get<Paused>(client.events[1]).is_paused);
    EXPECT_FALSE(std::get<Finished>(client.events[2]).was_publishing);
    EXPECT_EQ(std::get<Play>(client.events[3]).target.path, "/live/other");
    EXPECT_FALSE(std::get<Finished>(client.events[4]).was_publishing);
}

TEST(SessionPlay, says_which_tracks_a_player_wants) {
    Client client;
    client.connect();
    client.command(0, "createStream", 2.0, AmfNull{});
    client.command(1, "receiveAudio", 0.0, AmfNull{}, false);
    client.command(1, "play", 0.0, AmfNull{}, "cam");
    client.command(1, "receiveVideo", 0.0, AmfNull{}, false);
    client.command(1, "receiveAudio", 0.0, AmfNull{}, true);
    client.command(7, "receiveAudio", 0.0, AmfNull{}, false);
    client.flush();
    ASSERT_EQ(client.events.size(), 4U) << "none of a stream that is not there";
    const auto wanted = [&](std::size_t event) {
        const Wanted& it = event == 1 ? std::get<Play>(client.events[event]).wanted
                                      : std::get<Chosen>(client.events[event]).wanted;
        return std::pair(it.audio, it.video);
    };
    EXPECT_EQ(wanted(0), std::pair(false, true));
    EXPECT_EQ(wanted(1), std::pair(false, true));
    EXPECT_EQ(wanted(2), std::pair(false, false));
    EXPECT_EQ(wanted(3), std::pair(true, false));
}

TEST(Session, answers_pings_and_gives_their_answers) {
    Client client;
    client.connect();
    client.send(MessageType::user_control, 0, {0, 6, 1, 2, 3, 4});
    client.send(MessageType::user_control, 0, {0, 7, 0, 0, 0, 9});
    client.send(MessageType::user_control, 0, {0, 6, 1});
    client.send(MessageType::user_control, 0, {0, 26, 0, 0, 0, 0});
    client.flush();
    EXPECT_EQ(client.answers, (Lines{"0 type 4 0 7 1 2 3 4"}));
    ASSERT_EQ(client.events.size(), 1U);
    EXPECT_EQ(std::get<Pong>(client.events[0]).timestamp_ms, 9U);
    client.answers.clear();
    client.session.ping(0x01020304);
    client.read_answers();
    EXPECT_EQ(client.answers, (Lines{"0 type 4 0 6 1 2 3 4"}));
}

TEST(Session, acknowledges_at_half_of_the_client_s_window) {
    Client client;
    client.publish();
    client.send(MessageType::window_ack_size, 0, be32(2'000));
    client.flush();
    client.answers.clear();
    const std::uint64_t before = client.session.bytes_read();
    std::size_t acknowledged = 0;
    for (int i = 0; i < 40; ++i) {
        client.send(MessageType::audio, 1, counting(100, 0x2F), 0);
        client.flush();
        acknowledged += client.answers.size();
        if (!client.answers.empty()) {
            const Wire expected = be32(static_cast<std::uint32_t>(client.session.bytes_read()));
            std::string line = "0 type 3";
            for (const std::uint8_t byte : expected) line += " " + std::to_string(byte);
            EXPECT_EQ(client.answers, Lines{line});
        }
        client.answers.clear();
    }
    EXPECT_EQ(client.session.bytes_read() - before, 40 * 112U);
    EXPECT_EQ(acknowledged, 4U);
    client.send(MessageType::acknowledgement, 0, be32(77));
    client.send(MessageType::acknowledgement, 0, {1});
    client.flush();
    EXPECT_EQ(client.answers, Lines{});
}

TEST(Session, answers_a_peer_bandwidth_that_differs) {
    Client client;
    client.connect();
    client.send(MessageType::set_peer_bandwidth, 0, be32(1'000) + Wire{2});
    client.send(MessageType::set_peer_bandwidth, 0, be32(Session::kWindowBytes) + Wire{2});
    client.send(MessageType::set_peer_bandwidth, 0, {1});
    client.flush();
    EXPECT_EQ(client.answers, (Lines{"0 type 5 0 0 3 232"}));
}

TEST(Session, leaves_nobody_waiting_for_a_command_it_does_not_know) {
    Client client;
    client.connect();
    client.command(0, "frobnicate", 9.0, AmfNull{});
    client.command(0, "frobnicate", 0.0, AmfNull{});
    client.command(0, "_result", 3.0, AmfNull{});
    client.command(0, "onStatus", 4.0, AmfNull{});
    client.command(0, "short");
    client.command(0, "deleteStream", 5.0, AmfNull{}, 77.0);
    client.command(0, "deleteStream", 5.0, AmfNull{}, -1.0);
    client.command(0, "closeStream", 5.0, AmfNull{});
    client.command(0, "receiveAudio", 6.0, AmfUndefined{}, true);
    client.flush();
    EXPECT_EQ(client.error, "");
    EXPECT_EQ(client.answers,
              (Lines{"0 command \"_error\" 9 null {NetConnection.Call.Failed: no such command: "
                     "frobnicate}",
                     "0 command \"_result\" 6 null undefined"}));
}

TEST(Session, refuses_what_comes_before_connect_and_connecting_twice) {
    Client early;
    early.handshake();
    early.command(0, "createStream", 1.0, AmfNull{});
    early.flush();
    EXPECT_EQ(early.error, "rtmp: createStream before connect");
    Client twice;
    twice.connect();
    twice.command(0, "connect", 2.0, AmfNull{});
    twice.flush();
    EXPECT_EQ(twice.error, "rtmp: a second connect on one connection");
    twice.send(Wire{1, 2, 3});
    twice.session.feed(Wire{});
    EXPECT_FALSE(twice.session.next()) << "for good";
}

TEST(Session, refuses_commands_that_are_none) {
    const std::pair<Wire, const char*> cases[] = {
        {{}, "rtmp: command: amf: byte 0: a value is cut short"},
        {{0x05}, "rtmp: a command does not begin with its name"},
        {{0x02, 0, 1, 'x', 0x07}, "rtmp: x: amf: byte 4: marker 7 is not accepted"},
    };
    for (const auto& [body, why] : cases) {
        Client client;
        client.connect();
        client.send(MessageType::command, 0, body);
        client.flush();
        EXPECT_EQ(client.error, why);
    }
}

TEST(Session, bounds_the_number_of_message_streams) {
    Client client(SessionLimits{.chunks = {}, .streams_max = 3});
    client.connect();
    for (int i = 0; i < 3; ++i) client.command(0, "createStream", 2.0, AmfNull{});
    client.flush();
    EXPECT_EQ(client.error, "");
    client.command(0, "createStream", 2.0, AmfNull{});
    client.flush();
    EXPECT_EQ(client.error, "rtmp: more than 3 message streams on one connection");
}

TEST(Session, takes_a_stream_that_the_client_did_not_create) {
    Client client;
    client.connect();
    client.command(5, "publish", 0.0, AmfNull{}, "cam");
    client.command(0, "createStream", 2.0, AmfNull{});
    client.flush();
    ASSERT_EQ(client.events.size(), 1U);
    EXPECT_EQ(std::get<Publish>(client.events[0]).stream_id, 5U);
    client.session.accept_publish(5);
    EXPECT_TRUE(client.session.is_publishing(5));
}

TEST(Session, ends_at_damage_in_the_handshake_and_in_the_chunks) {
    Client http;
    http.send(wire(as_bytes("GET / HTTP/1.1\r\n")));
    http.flush();
    EXPECT_EQ(http.error, "rtmp: first byte 71, expected version 3");
    Client damaged;
    damaged.connect();
    damaged.send(Wire{0xC9, 0xC8});
    damaged.flush();
    EXPECT_EQ(
        damaged.error,
        "rtmp: chunk stream 8 begins with a header of form 3, which refers to an earlier one: and "
        "so did the one before it");
}

TEST(Session, ignores_shared_objects_and_types_without_a_name) {
    Client client;
    client.publish();
    client.send(static_cast<MessageType>(19), 0, {1, 2, 3});
    client.send(static_cast<MessageType>(16), 0, {1, 2, 3});
    client.send(static_cast<MessageType>(99), 0, {1, 2, 3});
    client.flush();
    EXPECT_EQ(client.error, "");
    EXPECT_TRUE(client.events.empty());
}

}  // namespace
}  // namespace st::rtmp
