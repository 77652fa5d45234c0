#include "streamctl/console/event_text.h"

#include <gtest/gtest.h>

#include "control/event_types.h"
#include "support/time_zone.h"

namespace st::streamctl {
namespace {

/// What is shown of an event of 2026-01-31T08:15:30Z with these fields.
std::string shown(const std::string& type, const std::string& fields) {
    const std::string json =
        R"({"method":"event","params":{"id":7,"time":"2026-01-31T08:15:30.250Z","type":")" + type +
        "\"" + (fields.empty() ? "" : "," + fields) + "}}";
    const auto event = control::decode_rpc_incoming(json);
    return event ? event_text(std::get<control::RpcEvent>(**event)) : event.error().message;
}

TEST(EventText, says_what_happened_to_what_in_local_time) {
    const TimeZone zone("JST-9");
    EXPECT_EQ(shown("camera.connected", R"("camera":"door","peer":"10.0.0.7:4123")"),
              "17:15:30 door: connected from 10.0.0.7:4123");
    EXPECT_EQ(shown("camera.disconnected", R"("camera":"door","reason":"no answer to a ping")"),
              "17:15:30 door: disconnected (no answer to a ping)");
    EXPECT_EQ(shown("session.opened", R"("camera":"door","session":"door_1")"),
              "17:15:30 door: recording door_1");
    EXPECT_EQ(shown("session.opened",
                    R"("camera":"door","session":"door_1","take":"walk1","started_by":"kim@desk")"),
              "17:15:30 door: recording door_1, take walk1, started by kim@desk");
    EXPECT_EQ(shown("session.finished",
                    R"("camera":"door","session":"door_1","state":"done","pictures":301,)"
                    R"("end_reason":"stopped","stopped_by":"kim@desk")"),
              "17:15:30 door: door_1 done, 301 pictures: stopped by kim@desk");
    EXPECT_EQ(shown("session.finished",
                    R"("camera":"door","session":"door_1","state":"done","pictures":1,)"
                    R"("end_reason":"disconnected")"),
              "17:15:30 door: door_1 done, 1 picture: the camera lost its connection");
    EXPECT_EQ(shown("session.finished",
                    R"("camera":"door","session":"door_1","state":"done","pictures":9,)"
                    R"("end_reason":"max_bytes")"),
              "17:15:30 door: door_1 done, 9 pictures: its file was full; continued in a new "
              "recording");
    EXPECT_EQ(shown("session.failed", R"("camera":"door","session":"door_1","error":"disk full")"),
              "17:15:30 door: door_1 failed: disk full");
    EXPECT_EQ(shown("stream.ended", R"("stream":"/live/desk","reason":"publisher left")"),
              "17:15:30 /live/desk: ended: publisher left");
    EXPECT_EQ(shown("viewer.left",
                    R"("stream":"/live/desk","viewer":3,"peer":"10.0.0.9:1","reason":"left")"),
              "17:15:30 /live/desk: viewer 3 at 10.0.0.9:1 left: left");
}

TEST(EventText, says_who_did_it) {
    const TimeZone zone("UTC0");
    EXPECT_EQ(
        shown("recording.deleted",
              R"("camera":"door","session":"door_1","reason":"asked","deleted_by":"kim@desk")"),
        "08:15:30 door_1: deleted by kim@desk");
    EXPECT_EQ(shown("recording.deleted", R"("camera":"door","session":"door_1","reason":"age")"),
              "08:15:30 door_1: deleted, too old");
    EXPECT_EQ(shown("recording.deleted",
                    R"("stream":"/live/x","file":"a_segment_001.mp4","reason":"free")"),
              "08:15:30 /live/x: a_segment_001.mp4: deleted, the disk is nearly full");
    EXPECT_EQ(shown("recording.kept", R"("session":"door_1","by":"kim@desk")"),
              "08:15:30 door_1: kept by kim@desk");
    EXPECT_EQ(shown("recording.released", R"("session":"door_1","by":"kim@desk")"),
              "08:15:30 door_1: released by kim@desk");
    EXPECT_EQ(shown("source.restarted", R"("stream":"/live/porch","by":"kim@desk")"),
              "08:15:30 /live/porch: the source was restarted by kim@desk");
    EXPECT_EQ(shown("take.judged", R"("take":"walk","verdict":"check","by":"kim@desk")"),
              "08:15:30 take walk: judged check by kim@desk");
    EXPECT_EQ(shown("token.created", R"("token":"tv","roles":"play camera","by":"kim@desk")"),
              "08:15:30 token tv: created for play camera by kim@desk");
    EXPECT_EQ(shown("token.revoked", R"("token":"tv","by":"kim@desk")"),
              "08:15:30 token tv: revoked by kim@desk");
    EXPECT_EQ(shown("url.signed", R"("url":"/live/door","role":"play","by":"kim@desk")"),
              "08:15:30 /live/door: signed for play by kim@desk");
    EXPECT_EQ(shown("login.linked", R"("by":"kim@desk")"),
              "08:15:30 a link to log in was made by kim@desk");
    EXPECT_EQ(shown("hook.replayed", R"("hook":"msg_1","by":"kim@desk")"),
              "08:15:30 message msg_1: to be sent again, asked by kim@desk");
    EXPECT_EQ(shown("camera.renamed",
                    R"("camera":"door","was":"10.0.0.7","peer":"10.0.0.7:1","by":"kim@desk")"),
              "08:15:30 10.0.0.7: is called door from now on, renamed by kim@desk");
    EXPECT_EQ(shown("camera.previewing", R"("camera":"door","by":"kim@desk")"),
              "08:15:30 door: is streaming without being recorded, asked by kim@desk");
    EXPECT_EQ(shown("server.reloaded", R"("by":"kim@desk","changed":"log.level")"),
              "08:15:30 the server has read its configuration again, asked by kim@desk; changed: "
              "log.level");
    EXPECT_EQ(shown("stream.ended",
                    R"("stream":"/live/x","reason":"kicked by kim@desk","by":"kim@desk")"),
              "08:15:30 /live/x: ended: kicked by kim@desk");
}

TEST(EventText, tells_of_a_clock_only_when_it_jumps) {
    const TimeZone zone("UTC0");
    EXPECT_EQ(shown("camera.clock", R"("camera":"door","bound_us":640,"jumps":0)"), "");
    EXPECT_EQ(shown("camera.clock", R"("camera":"door","bound_us":640,"jumps":1)"),
              "08:15:30 door: its clock has jumped; it is known to ±0.6 ms");
}

TEST(EventText, has_words_for_each_type_of_event) {
    const TimeZone zone("UTC0");
    for (const std::string_view type : control::event_types()) {
        const std::string text = shown(
            std::string(type), R"("camera":"door","session":"door_1","stream":"/live/x","jumps":1,)"
                               R"("warning":"the disk runs full","take":"walk1")");
        EXPECT_EQ(text.find(type), std::string::npos) << text;
    }
}

TEST(EventText, tells_each_thing_once) {
    EXPECT_EQ(shown("camera.started", R"("camera":"door")"), "");
    EXPECT_EQ(shown("camera.ready", R"("camera":"door")"), "");
    EXPECT_EQ(shown("stream.published", R"("stream":"/camera/door","peer":"x")"), "");
    EXPECT_NE(shown("stream.published", R"("stream":"/live/desk","peer":"x")"), "");
}

TEST(EventText, shows_what_it_does_not_know_with_what_it_is_about) {
    const TimeZone zone("UTC0");
    EXPECT_EQ(shown("camera.moved", R"("camera":"door","reason":"wind")"),
              "08:15:30 camera.moved door: wind");
    EXPECT_EQ(shown("hook.failed", ""), "08:15:30 hook.failed");
}

TEST(EventText, lets_no_control_character_through) {
    EXPECT_EQ(shown("camera.text", R"("camera":"door","text":"a[2Jb\nc")").find('\x1b'),
              std::string::npos);
    EXPECT_EQ(shown("camera.text", R"("camera":"door","text":"b\nc")").find('\n'),
              std::string::npos);
}

}  // namespace
}  // namespace st::streamctl
