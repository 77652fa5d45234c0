#include <gtest/gtest.h>

#include "base/text.h"
#include "control/camera_status.h"
#include "control/list.h"
#include "control/preview.h"
#include "control/recording.h"
#include "control/rename.h"
#include "control/start.h"
#include "control/status.h"
#include "control/stop.h"

using namespace st::control;

namespace {

std::string start_error(std::string_view body) {
    const auto request = decode_start_request(body);
    return request ? "accepted" : request.error().message;
}

TEST(StartRequests, have_defaults_for_everything) {
    for (const char* body : {"", " \n", "{}"}) {
        const auto request = decode_start_request(body);
        ASSERT_TRUE(request) << body;
        EXPECT_EQ(*request, StartRequest{});
        EXPECT_TRUE(request->wait);
        EXPECT_EQ(request->timeout.count(), 10'000);
        EXPECT_FALSE(request->parameters.given());
    }
}

TEST(StartRequests, survive_the_way_there_and_back) {
    StartRequest request;
    request.cameras = {"cam1", "left-*"};
    request.parameters = {Size{1280, 720}, {}, 4'500'000, 0};
    request.take = "walk1";
    request.wait = false;
    request.timeout = std::chrono::milliseconds(2500);
    const std::string text =
        R"({"cameras":["cam1","left-*"],"resolution":{"width":1280,"height":720},)"
        R"("bitrate_bps":4500000,"fps":0,"take":"walk1","wait":false,"timeout_ms":2500})";
    EXPECT_EQ(encode(request), text);
    const auto back = decode_start_request(text);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, request);
    EXPECT_TRUE(back->parameters.given()) << "fps 0 is a parameter too";
}

TEST(StartRequests, are_refused_by_field) {
    EXPECT_EQ(start_error(R"({"camera":["a"]})"), "camera: unknown field");
    EXPECT_EQ(start_error(R"({"cameras":"a"})"),
              "cameras: expected a list of strings, got a string");
    EXPECT_EQ(start_error(R"({"cameras":["a",7]})"),
              "cameras[1]: expected a string, got a whole number");
    EXPECT_EQ(start_error(R"({"cameras":["a","../b"]})"),
              "cameras[1]: \"../b\" is not a camera name (letters, digits, . _ -, at most 64)");
    EXPECT_EQ(start_error(R"({"cameras":[]})"),
              "cameras: an empty list; leave the field out to mean all cameras");
    EXPECT_EQ(start_error(R"({"resolution":{"width":1280}})"), "resolution.height: missing");
    EXPECT_EQ(start_error(R"({"resolution":{"width":0,"height":720}})"),
              "resolution.width: 0 is outside 16 .. 16384");
    EXPECT_EQ(start_error(R"({"resolution":{"width":640,"height":480,"x":1}})"),
              "resolution.x: unknown field");
    EXPECT_EQ(
        start_error(R"({"resolution":{"width":640,"height":480},"aspect":{"width":4,"height":3}})"),
        "aspect: cannot go with resolution, which says the ratio");
    EXPECT_EQ(start_error(R"({"bitrate_bps":0})"), "bitrate_bps: 0 is outside 1 .. 1000000000");
    EXPECT_EQ(start_error(R"({"bitrate_bps":"4M"})"),
              "bitrate_bps: expected a whole number, got a string");
    EXPECT_EQ(start_error(R"({"fps":1001})"), "fps: 1001 is outside 0 .. 1000");
    EXPECT_EQ(start_error(R"({"fps":18446744073709551615})"),
              "fps: 18446744073709551615 is outside 0 .. 1000");
    EXPECT_EQ(start_error(R"({"wait":"true"})"), "wait: expected true or false, got a string");
    EXPECT_EQ(start_error("5"), "JSON: expected an object, got a whole number");
    EXPECT_EQ(start_error("null"), "JSON: expected an object, got null");
    EXPECT_EQ(start_error(R"("x")"), "JSON: expected an object, got a string");
    EXPECT_EQ(start_error(R"({"take":"a b"})"),
              "take: not a name (letters, digits, . _ -, at most 64)");
    EXPECT_EQ(start_error(R"({"timeout_ms":0})"), "timeout_ms: 0 is outside 1 .. 86400000");
    EXPECT_EQ(decode_start_request(R"({"resolution":{"width":1280}})").error().field,
              "resolution.height");
}

TEST(StartReplies, look_as_published_and_come_back_equal) {
    const StartReply reply{false,
                           {{"cam1", StartOutcome::started, "cam1_20260131_081530", {}},
                            {"cam2", StartOutcome::timeout, {}, "no answer within 10 s"}}};
    const std::string text =
        R"({"ok":false,"results":[{"camera":"cam1","outcome":"started",)"
        R"("session":"cam1_20260131_081530","error":null},)"
        R"({"camera":"cam2","outcome":"timeout","session":null,"error":"no answer within 10 s"}]})";
    EXPECT_EQ(encode(reply), text);
    const auto back = decode_start_reply(text);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, reply);
}

TEST(StartReplies, of_a_newer_server_may_say_more_but_not_less) {
    EXPECT_TRUE(decode_start_reply(
        R"({"ok":true,"new":1,"results":[{"camera":"a","outcome":"started","x":2}]})"));
    EXPECT_FALSE(decode_start_reply(R"({"results":[]})"));
    EXPECT_FALSE(decode_start_reply(R"({"ok":true})"));
    EXPECT_EQ(decode_start_reply(R"({"ok":true,"results":[{"camera":"a","outcome":"maybe"}]})")
                  .error()
                  .message,
              "results[0].outcome: unknown value \"maybe\"");
}

TEST(StopRequests, survive_the_way_there_and_back) {
    StopRequest request;
    request.cameras = {"cam1"};
    request.timeout = std::chrono::milliseconds(60'000);
    EXPECT_EQ(encode(request), R"({"cameras":["cam1"],"wait":true,"timeout_ms":60000})");
    EXPECT_EQ(*decode_stop_request(encode(request)), request);
    EXPECT_EQ(decode_stop_request(R"({"fps":3})").error().message, "fps: unknown field");
}

TEST(StartRequests, say_who_asks_and_what_is_meant) {
    StartRequest request;
    request.take = "walk1";
    request.join = request.append = request.all_or_none = true;
    request.client = "kim@desk";
    EXPECT_EQ(encode(request), R"({"take":"walk1","join":true,"append":true,"all_or_none":true,)"
                               R"("client":"kim@desk","wait":true,"timeout_ms":10000})");
    EXPECT_EQ(*decode_start_request(encode(request)), request);
}

TEST(StopRequests, say_whose_recordings_are_meant_and_who_asks) {
    StopRequest request;
    request.owner = "kim:1";
    request.client = "kim@desk";
    EXPECT_EQ(encode(request),
              R"({"owner":"kim:1","client":"kim@desk","wait":true,"timeout_ms":10000})");
    EXPECT_EQ(*decode_stop_request(encode(request)), request);
}

TEST(Requests, of_somebody_with_a_hostile_name_are_carried_out_under_a_clean_one) {
    const auto request = decode_stop_request(R"({"client":"kim\u001b[2J\u202e@desk\n"})");
    ASSERT_TRUE(request.ok());
    EXPECT_EQ(request->client, st::clean_text("kim\x1b[2J\xe2\x80\xae@desk\n", kClientBytesMax));
    EXPECT_TRUE(st::is_clean(request->client));
}

TEST(StartReplies, name_what_was_under_way) {
    StartResult result;
    result.camera = "door";
    result.outcome = StartOutcome::already_recording;
    result.session = "door_1";
    result.error = "already recording door_1";
    result.take = "walk1";
    result.started_by = "kim@desk";
    result.started_at = "2026-01-31T08:15:30.000Z";
    const StartReply reply{false, {result}};
    EXPECT_EQ(*decode_start_reply(encode(reply)), reply);
}

TEST(StopReplies, list_parts_only_where_there_are_several) {
    StopResult result;
    result.camera = "door";
    result.session = "door_2";
    result.parts = {{"door_1", 1, RecordingState::failed},
                    {"door_2", 2, RecordingState::done, "max_bytes"}};
    const StopReply reply{true, {result}};
    EXPECT_EQ(*decode_stop_reply(encode(reply)), reply);
    EXPECT_NE(encode(reply).find(R"("parts":[{"session":"door_1","part":1,"state":"failed"},)"
                                 R"({"session":"door_2","part":2,"state":"done",)"
                                 R"("end_reason":"max_bytes"}])"),
              std::string::npos);
    EXPECT_EQ(encode(StopReply{true, {StopResult{}}}).find("parts"), std::string::npos);
}

TEST(StopReplies, look_as_published_and_come_back_equal) {
    const StopReply reply{
        false,
        {{"cam1",
          StopOutcome::stopped,
          "cam1_20260131_081530",
          RecordingState::done,
          {{"/r/cam1_20260131_081530/stream.mp4",
            "/api/v1/recordings/cam1_20260131_081530/files/stream.mp4", 123456, 5000, 150}},
          {},
          2,
          1,
          4,
          3},
         {"cam2", StopOutcome::not_recording, {}, {}, {}, {}},
         {"cam3", StopOutcome::failed, "cam3_x", RecordingState::failed, {}, "no space left"}}};
    const std::string text =
        R"({"ok":false,"results":[{"camera":"cam1","outcome":"stopped",)"
        R"("session":"cam1_20260131_081530","state":"done","files":[)"
        R"({"path":"/r/cam1_20260131_081530/stream.mp4",)"
        R"("url":"/api/v1/recordings/cam1_20260131_081530/files/stream.mp4",)"
        R"("bytes":123456,"duration_ms":5000,"pictures":150}],)"
        R"("seq_missing":2,"damage_count":1,"undecodable":4,"lost_pictures":3},)"
        R"({"camera":"cam2","outcome":"not_recording","session":null,"state":null,"files":[]},)"
        R"({"camera":"cam3","outcome":"failed","session":"cam3_x","state":"failed","files":[],)"
        R"("error":"no space left"}]})";
    EXPECT_EQ(encode(reply), text);
    const auto back = decode_stop_reply(text);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, reply);
}

TEST(Cameras, look_as_published_and_come_back_equal) {
    CameraStatus camera;
    camera.name = "cam1";
    camera.peer = "10.0.0.7:51544";
    camera.path = "/android-cam";
    camera.model = "Pixel \"7\"";
    camera.state = CameraState::recording;
    camera.session = "cam1_20260131_081530";
    camera.recording = RecordingNow{
        "walk1", 2, std::nullopt, "2026-01-31T08:15:30.250Z", 301, 300, 5'000, 10'000, 4};
    camera.width = 1920;
    camera.height = 1080;
    camera.fps_1s = 29.97;
    camera.bitrate_1s = 4'000'000;
    camera.frames = 300;
    camera.bytes = 5'000'000'000;
    camera.codec = "mjpeg";
    camera.clock = {"us", "exchange", -5, -12, 410, 800, 9};
    camera.health =
        CameraHealth{0.82, false, 29.5, 1, 2, 300, 0, true, std::nullopt, "2026-01-31T08:15:31Z"};
    camera.connected_at = "2026-01-31T08:15:30.250Z";
    camera.last_seen = "2026-01-31T08:15:31.250Z";
    const std::string text =
        R"({"name":"cam1","peer":"10.0.0.7:51544","path":"/android-cam","model":"Pixel \"7\"",)"
        R"("state":"recording","session":"cam1_20260131_081530",)"
        R"("recording":{"take":"walk1","part":2,"started_by":null,)"
        R"("started_at":"2026-01-31T08:15:30.250Z","messages":301,"pictures":300,"bytes":5000,)"
        R"("duration_ms":10000,"missing":4},"width":1920,"height":1080,"codec":"mjpeg",)"
        R"("fps_1s":29.97,"bitrate_1s":4000000,"frames":300,"bytes":5000000000,"bad":0,)"
        R"("clock":{"unit":"us","method":"exchange","offset_us":-5,"drift_ppm":-12,"bound_us":410,)"
        R"("rtt_us":800,"exchanges":9},)"
        R"("health":{"battery":0.82,"charging":false,"fps":29.5,"encoder_queue":1,"unsent":2,)"
        R"("unsent_bytes":300,"lost":0,"awake":true,"hidden":null,"at":"2026-01-31T08:15:31Z"},)"
        R"("connected_at":"2026-01-31T08:15:30.250Z","last_seen":"2026-01-31T08:15:31.250Z"})";
    EXPECT_EQ(encode(camera), text);
    const auto back = decode_camera(text);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, camera);
    camera.fps_1s = std::numeric_limits<double>::quiet_NaN();
    EXPECT_NE(encode(camera).find("\"fps_1s\":0,"), std::string::npos) << encode(camera);
}

TEST(PreviewRequests, survive_the_way_there_and_back) {
    PreviewRequest request;
    request.cameras = {"door*"};
    request.parameters.fps = 15;
    request.stop = true;
    request.client = "kim@desk";
    EXPECT_EQ(encode(request), R"({"cameras":["door*"],"fps":15,"stop":true,"client":"kim@desk",)"
                               R"("wait":true,"timeout_ms":10000})");
    EXPECT_EQ(*decode_preview_request(encode(request)), request);
    EXPECT_EQ(*decode_preview_request(""), PreviewRequest{});
    EXPECT_EQ(decode_preview_request(R"({"take":"a"})").error().message, "take: unknown field");
    EXPECT_EQ(decode_preview_request(R"({"fps":1001})").error().field, "fps");
}

TEST(PreviewReplies, come_back_equal) {
    const PreviewReply reply{
        false,
        {{"door", PreviewOutcome::previewing, {}}, {"gate", PreviewOutcome::refused, "no lens"}}};
    EXPECT_EQ(encode(reply),
              R"({"ok":false,"results":[{"camera":"door","outcome":"previewing","error":null},)"
              R"({"camera":"gate","outcome":"refused","error":"no lens"}]})");
    EXPECT_EQ(*decode_preview_reply(encode(reply)), reply);
}

TEST(RenameRequests, need_a_name) {
    EXPECT_EQ(*decode_rename_request(encode(RenameRequest{"10.0.0.7", "door", "kim@desk"})),
              (RenameRequest{"10.0.0.7", "door", "kim@desk"}));
    EXPECT_EQ(decode_rename_request("{}").error().message, "name: missing");
    EXPECT_EQ(decode_rename_request(R"({"name":"a","to":"b"})").error().message,
              "to: unknown field");
}

TEST(Recordings, that_are_being_made_have_the_figures_of_the_moment) {
    const std::string stored =
        R"({"id":"a_1","state":"recording","messages":0,"pictures":0,"bytes":0,"duration_ms":0,"x":[1]})";
    const auto shown = decode_recording(with_figures(stored, {7, 6, 500, 1200, 1, 3}));
    ASSERT_TRUE(shown) << shown.error().message;
    EXPECT_EQ(shown->pictures, 6U);
    EXPECT_EQ(shown->bytes, 500U);
    EXPECT_EQ(shown->duration_ms, 1200U);
    EXPECT_NE(with_figures(stored, {}).find(R"("x":[1])"), std::string::npos);
}

TEST(Recordings, that_are_being_finalised_say_how_far_they_are) {
    const std::string stored = R"({"id":"a_1","state":"finalising","bytes":900,"x":[1]})";
    const auto shown = decode_recording(with_progress(stored, {300, 900}));
    ASSERT_TRUE(shown) << shown.error().message;
    EXPECT_EQ(shown->progress, (FinalisingProgress{300, 900}));
    EXPECT_EQ(decode_recording(stored)->progress, std::nullopt);
    EXPECT_NE(with_progress(stored, {}).find(R"("x":[1])"), std::string::npos);
}

TEST(Status, comes_back_equal) {
    ServerStatus status;
    status.version = "0.1.0";
    status.started_at = "2026-01-31T08:15:30.250Z";
    status.uptime_ms = 61'000;
    status.connections = 5;
    status.cameras_connected = 3;
    status.cameras_recording = 2;
    status.sessions_finalising = 1;
    status.frames = 1000;
    status.bytes = 20'000;
    status.bad = 4;
    status.recordings_path = "/r";
    status.disk_free_bytes = 7;
    status.disk_total_bytes = 9;
    status.bytes_per_second = 3;
    status.disk_seconds_left = 2;
    status.warn_free_ms = 600'000;
    status.urls = {"ws://127.0.0.1:50001/ingest/NAME"};
    status.loops = {{3, 150}, {2, 90}};
    const auto back = decode_status(encode(status));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, status);
}

TEST(ServerStatus, of_a_disk_that_does_not_answer_has_no_figures) {
    ServerStatus status;
    status.version = "1";
    const std::string text = encode(status);
    EXPECT_NE(text.find(R"("disk_free_bytes":null,"disk_total_bytes":null)"), std::string::npos)
        << text;
    const auto back = decode_status(text);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, status);
}

TEST(DiskSecondsLeft, are_known_where_room_and_rate_are) {
    EXPECT_EQ(disk_seconds_left(100, 3), 33U);
    EXPECT_EQ(disk_seconds_left(0, 3), 0U);
    EXPECT_EQ(disk_seconds_left(100, 0), std::nullopt);
    EXPECT_EQ(disk_seconds_left(std::nullopt, 3), std::nullopt);
}

TEST(Lists, carry_items_untouched_and_a_cursor) {
    EXPECT_EQ(encode(List{}), R"({"items":[],"next":null})");
    const List list{{R"({"b":1,"a":2})", R"({"c":[1.5,null]})"}, "page2"};
    EXPECT_EQ(encode(list), R"({"items":[{"b":1,"a":2},{"c":[1.5,null]}],"next":"page2"})");
    const auto back = decode_list(encode(list));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->items, list.items);
    EXPECT_EQ(back->next, "page2");
    EXPECT_FALSE(decode_list(R"({"items":[1]})"));
    EXPECT_EQ(encode_done("camera", "cam1"), R"({"ok":true,"camera":"cam1"})");
}

TEST(Recordings, are_read_from_a_session_file_with_its_directory) {
    const std::string session =
        R"({"version":1,"id":"cam1_20260131_081530","camera":"cam1","peer":"10.0.0.7:51544",)"
        R"("take":null,"state":"done","pictures":57,"bytes":1000,"duration_ms":11800,)"
        R"("bitrate_bps":4000,"fps_estimate":{"fps":4.81,"source":"arrival"},)"
        R"("files":[{"name":"stream.mp4","kind":"mp4","bytes":900}],"error":null})";
    const std::string item = with_directory(session, "/r/cam1_20260131_081530");
    EXPECT_EQ(item.substr(0, 50), R"({"directory":"/r/cam1_20260131_081530","version":1)");
    const auto recording = decode_recording(item);
    ASSERT_TRUE(recording) << recording.error().message;
    EXPECT_EQ(recording->id, "cam1_20260131_081530");
    EXPECT_EQ(recording->directory, "/r/cam1_20260131_081530");
    EXPECT_EQ(recording->state, RecordingState::done);
    EXPECT_DOUBLE_EQ(recording->fps, 4.81) << "all that an older recording has";
    const auto measured = decode_recording(
        R"({"id":"a","state":"done","fps":30,"fps_estimate":{"fps":30.2,"source":"arrival"}})");
    ASSERT_TRUE(measured) << measured.error().message;
    EXPECT_DOUBLE_EQ(measured->fps, 30);
    EXPECT_EQ(recording->files, (std::vector<RecordingFile>{{"stream.mp4", "mp4", 900}}));
    EXPECT_FALSE(recording->take);
    EXPECT_EQ(with_directory("{}", "/r"), R"({"directory":"/r"})");
}

TEST(KeepRequests, say_whether_and_who_asks) {
    const auto kept = decode_keep_request(R"({"keep":true,"client":"kim@desk"})");
    ASSERT_TRUE(kept) << kept.error().message;
    EXPECT_TRUE(kept->keep);
    EXPECT_EQ(kept->client, "kim@desk");
    const auto released = decode_keep_request(R"({"keep":false})");
    ASSERT_TRUE(released) << released.error().message;
    EXPECT_FALSE(released->keep);
    EXPECT_EQ(released->client, "");
    EXPECT_EQ(decode_keep_request(R"({"keep":true,"client":"a\nb"})")->client.find('\n'),
              std::string::npos);
    EXPECT_EQ(decode_keep_request("").error().message, "keep: missing");
    EXPECT_FALSE(decode_keep_request(R"({"keep":1})"));
    EXPECT_FALSE(decode_keep_request(R"({"keep":true,"for":"ever"})"));
}

TEST(Recordings, sum_up_what_was_lost) {
    const auto lost = [](const std::string& fields) {
        const auto recording = decode_recording(R"({"id":"a","state":"done")" + fields + "}");
        return recording ? recording->seq_missing : 999;
    };
    EXPECT_EQ(lost(""), 0U);
    EXPECT_EQ(lost(R"(,"seq_gaps":[{"after":1,"missing":2},{"after":9,"missing":3}])"), 5U);
    EXPECT_EQ(lost(R"(,"seq_gaps":[{"after":1,"missing":2}],"seq_missing":700)"), 700U);
}

TEST(RecordingQueries, survive_the_way_there_and_back) {
    RecordingQuery query;
    query.id = "cam*_2026*";
    query.camera = "cam*";
    query.take = "walk1";
    query.since = "2026-01-31T00:00:00Z";
    query.state = RecordingState::done;
    query.limit = 50;
    const auto back = decode_recording_query(encode(query));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(encode(*back), encode(query));
}

TEST(RecordingQueries, are_refused_by_parameter) {
    const auto why = [](const char* name, const char* value) {
        const auto query = decode_recording_query({{name, value}});
        return query ? "accepted" : query.error().message;
    };
    EXPECT_EQ(why("colour", "red"), "colour: unknown parameter");
    EXPECT_EQ(why("state", "open"), "state: expected recording, finalising, done or failed");
    EXPECT_EQ(why("limit", "10001"), "limit: \"10001\" is over 10000");
    EXPECT_EQ(why("limit", "0"), "limit: 0 is outside 1 .. 10000");
    const std::string long_cursor(kCursorBytesMax + 1, '1');
    EXPECT_EQ(why("cursor", long_cursor.c_str()), "cursor: not one this server gave out");
    EXPECT_EQ(why("camera", "a/b"),
              "camera: \"a/b\" is not a camera name (letters, digits, . _ -, at most 64)");
}

}  // namespace
