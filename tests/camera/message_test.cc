#include "camera/message.h"

#include <gtest/gtest.h>

namespace st::camera {
namespace {

template <class T>
bool is(const Message& message) {
    return std::holds_alternative<T>(message);
}

TEST(EncodeStart, has_the_fields_of_the_existing_app_in_their_order) {
    StartParameters parameters;
    EXPECT_EQ(encode_start(parameters),
              R"({"command":"start_capture","payload":{"format":"h264","bitrate":4,"fps":0,)"
              R"("bitrateBps":4000000}})");
    parameters.aspect = Size{4, 3};
    parameters.fps = 10;
    EXPECT_EQ(encode_start(parameters),
              R"({"command":"start_capture","payload":{"format":"h264","bitrate":4,"fps":10,)"
              R"("aspectRatio":{"width":4,"height":3},"bitrateBps":4000000}})");
}

TEST(EncodeStart, adds_the_reduced_ratio_of_a_resolution) {
    StartParameters parameters;
    parameters.resolution = Size{1280, 720};
    parameters.aspect = Size{4, 3};  // the resolution wins
    EXPECT_EQ(encode_start(parameters),
              R"({"command":"start_capture","payload":{"format":"h264","bitrate":4,"fps":0,)"
              R"("aspectRatio":{"width":16,"height":9},"resolution":{"width":1280,"height":720},)"
              R"("bitrateBps":4000000}})");
}

TEST(EncodeStart, rounds_megabits_half_up_and_never_to_nothing) {
    const auto mega = [](std::uint64_t bps) {
        StartParameters parameters;
        parameters.bitrate_bps = bps;
        const auto command = decode_command(encode_start(parameters));
        EXPECT_EQ(std::get<Start>(*command).parameters.bitrate_bps, bps);
        const std::string text = encode_start(parameters);
        const std::size_t at = text.find("\"bitrate\":") + 10;
        return text.substr(at, text.find(',', at) - at);
    };
    EXPECT_EQ(mega(1), "1");
    EXPECT_EQ(mega(499'999), "1");
    EXPECT_EQ(mega(1'499'999), "1");
    EXPECT_EQ(mega(1'500'000), "2");
    EXPECT_EQ(mega(2'500'000), "3");
    EXPECT_EQ(mega(1'000'000'000'000), "1000000");
}

TEST(EncodeStop, is_the_command_alone) {
    EXPECT_EQ(encode_stop(), R"({"command":"stop_capture"})");
}

TEST(DecodeMessage, knows_the_four_statuses_and_capabilities) {
    EXPECT_TRUE(
        is<Ready>(decode_message(R"({"status":"ready","message":"Client is ready to stream"})")));
    const Message started = decode_message(R"({"status":"capture_started","message":"Streaming"})");
    ASSERT_TRUE(is<CaptureStarted>(started));
    EXPECT_EQ(std::get<CaptureStarted>(started).message, "Streaming");
    EXPECT_TRUE(is<CaptureStopped>(decode_message(R"({"status":"capture_stopped"})")));
    const Message error =
        decode_message(R"({"status":"error","message":"Failed to start stream: no"})");
    ASSERT_TRUE(is<CameraError>(error));
    EXPECT_EQ(std::get<CameraError>(error).message, "Failed to start stream: no");
    const std::string text = R"({"type":"capabilities","deviceModel":"Pixel 8","sdkInt":34})";
    const Message capabilities = decode_message(text);
    ASSERT_TRUE(is<Capabilities>(capabilities));
    EXPECT_EQ(std::get<Capabilities>(capabilities).device_model, "Pixel 8");
    EXPECT_EQ(std::get<Capabilities>(capabilities).json, text);
}

TEST(DecodeMessage, cleans_what_a_camera_says_of_itself) {
    const Message message = decode_message(
        R"({"type":"capabilities","deviceModel":"\u001b[31mX\u009b\u202e","max":9223372036854775807,)"
        R"("deep":[[{"\u0085":[1.10,18446744073709551616]}]]})");
    ASSERT_TRUE(is<Capabilities>(message));
    EXPECT_EQ(std::get<Capabilities>(message).device_model, "\uFFFD[31mX\uFFFD\uFFFD");
    EXPECT_EQ(std::get<Capabilities>(message).json,
              "{\"type\":\"capabilities\",\"deviceModel\":\"\uFFFD[31mX\uFFFD\uFFFD\",\"max\":"
              "9223372036854775807,\"deep\":[[{\"\uFFFD\":[1.10,18446744073709551616]}]]}");
    EXPECT_TRUE(is<Other>(decode_message(R"({"type":"capabilities","x":"\u0000"})")));
    const Message long_winded =
        decode_message(R"({"status":"error","message":")" + std::string(60'000, 'x') + "\"}");
    EXPECT_EQ(std::get<CameraError>(long_winded).message.size(), 200U);
}

TEST(DecodeMessage, keeps_of_too_long_capabilities_the_short_members) {
    std::string many;
    for (int i = 0; i < 7000; ++i) many += "\x7F";
    const Message message =
        decode_message(R"({"type":"capabilities","a":")" + many + R"(","deviceModel":"X","b":")" +
                       many + R"(","clock":{"unit":"us"},"c":[")" + many.substr(0, 100) + "\"]}");
    ASSERT_TRUE(is<Capabilities>(message));
    const auto& capabilities = std::get<Capabilities>(message);
    std::string cleaned;
    for (int i = 0; i < 100; ++i) cleaned += "\uFFFD";
    EXPECT_EQ(capabilities.json,
              R"({"type":"capabilities","deviceModel":"X","clock":{"unit":"us"},"c":[")" + cleaned +
                  "\"]}");
    EXPECT_EQ(capabilities.device_model, "X");
    EXPECT_EQ(capabilities.clock.unit, TimeUnit::us);
}

TEST(DecodeMessage, bounds_capabilities_of_many_members) {
    std::string text = R"({"type":"capabilities")";
    for (int i = 0; i < 4000; ++i) text += ",\"" + std::to_string(i) + "\":true";
    const Message message = decode_message(text + "}");
    ASSERT_TRUE(is<Capabilities>(message));
    EXPECT_LE(std::get<Capabilities>(message).json.size(), 2 * kCapabilitiesBytesMax);
}

TEST(DecodeMessage, takes_a_message_of_another_type_for_none) {
    const Message started = decode_message(R"({"status":"capture_started","message":42})");
    ASSERT_TRUE(is<CaptureStarted>(started));
    EXPECT_EQ(std::get<CaptureStarted>(started).message, "");
}

TEST(DecodeMessage, anything_else_is_other_and_never_a_failure) {
    for (const char* text : {"",
                             " ",
                             "42",
                             "\"ready\"",
                             "[]",
                             "[{\"status\":\"ready\"}]",
                             "null",
                             "true",
                             "{",
                             "}",
                             "{}",
                             "hello",
                             R"({"status":"paused"})",
                             R"({"status":42})",
                             R"({"status":["ready"]})",
                             R"({"status":null})",
                             R"({"type":"mp4_segment"})",
                             R"({"status":"ready",})",
                             "{'status':'ready'}",
                             R"({"status":"ready"} x)",
                             R"({"STATUS":"ready"})",
                             R"({"status":"ready","status":"error"})",
                             R"({"status":"ready","a":{"b":1,"b":2}})",
                             R"({"n":1e999,"status":"ready"})",
                             "\xEF\xBB\xBF{}",
                             "{\"status\":\"\xC3\x28\"}"}) {
        EXPECT_TRUE(is<Other>(decode_message(text))) << text;
    }
}

TEST(DecodeMessage, a_nesting_bomb_is_other) {
    std::string bomb = R"({"status":"ready","x":)";
    for (int i = 0; i < 20'000; ++i) bomb += '[';
    EXPECT_TRUE(is<Other>(decode_message(bomb)));
    for (int i = 0; i < 20'000; ++i) bomb += ']';
    EXPECT_TRUE(is<Other>(decode_message(bomb + "}")));
}

TEST(DecodeMessage, a_text_over_the_limit_is_other) {
    std::string text = R"({"status":"ready","message":")";
    text += std::string(kTextBytesMax - text.size() - 2, 'a') + "\"}";
    ASSERT_EQ(text.size(), kTextBytesMax);
    EXPECT_TRUE(is<Ready>(decode_message(text)));
    text.insert(text.size() - 2, "a");
    EXPECT_TRUE(is<Other>(decode_message(text)));
}

TEST(DecodeCommand, reads_back_what_the_server_sends) {
    StartParameters parameters;
    parameters.resolution = Size{1920, 1080};
    parameters.bitrate_bps = 2'500'000;
    parameters.fps = 15;
    const auto command = decode_command(encode_start(parameters));
    ASSERT_TRUE(command);
    const auto& read = std::get<Start>(*command).parameters;
    EXPECT_EQ(read.resolution, parameters.resolution);
    EXPECT_EQ(read.aspect, (Size{16, 9}));
    EXPECT_EQ(read.bitrate_bps, 2'500'000U);
    EXPECT_EQ(read.fps, 15U);
    EXPECT_TRUE(std::holds_alternative<Stop>(*decode_command(encode_stop())));
}

TEST(DecodeCommand, takes_the_defaults_of_the_app) {
    const auto command = decode_command(R"({"command":"start_capture","payload":{"fps":-3}})");
    ASSERT_TRUE(command);
    EXPECT_EQ(std::get<Start>(*command).parameters, StartParameters{});
    const auto old = decode_command(R"({"command":"start_capture","payload":{"bitrate":2}})");
    EXPECT_EQ(std::get<Start>(*old).parameters.bitrate_bps, 2'000'000U);
}

TEST(DecodeCommand, says_what_is_wrong) {
    EXPECT_EQ(decode_command(R"({"command":"start_capture"})").error().message,
              "start_capture: no payload object");
    EXPECT_EQ(decode_command("42").error().message, "command is not a JSON object: \"42\"");
    EXPECT_EQ(decode_command(R"({"command":"reboot"})").error().message,
              "unknown command \"reboot\", expected start_capture, stop_capture, clock or "
              "received");
    EXPECT_EQ(
        decode_command(R"({"command":"start_capture","payload":{"bitrate":0}})").error().message,
        "start_capture: bitrate 0 is not within 1..1000000 Mbit/s");
}

TEST(EncodeStatus, is_read_back_whatever_the_text_holds) {
    const std::string text = "a \"quoted\"\n\\ text \xC3\xA9 \x01";
    const Message message = decode_message(encode_status(Status::error, text));
    ASSERT_TRUE(is<CameraError>(message));
    EXPECT_EQ(std::get<CameraError>(message).message, "a \"quoted\" \\ text \u00e9 \uFFFD");
    EXPECT_TRUE(is<Ready>(decode_message(encode_status(Status::ready, ""))));
    EXPECT_TRUE(is<CaptureStarted>(decode_message(encode_status(Status::capture_started, ""))));
    EXPECT_TRUE(is<CaptureStopped>(decode_message(encode_status(Status::capture_stopped, ""))));
}

TEST(EncodeCapabilities, is_read_back) {
    const Message message = decode_message(
        encode_capabilities({"push \"1\"", 0, {{{1280, 720}, "back"}, {{640, 480}, "front"}}}));
    ASSERT_TRUE(is<Capabilities>(message));
    EXPECT_EQ(std::get<Capabilities>(message).device_model, "push \"1\"");
    EXPECT_EQ(std::get<Capabilities>(message).clock, ClockAbilities{});
    EXPECT_TRUE(std::get<Capabilities>(message).is_paced);
    EXPECT_FALSE(std::get<Capabilities>(message).starts_at);
}

TEST(EncodeCapabilities, say_what_the_clock_can_do) {
    CapabilitiesOffer offer;
    offer.clock = ClockAbilities{TimeUnit::us, true, 1500};
    offer.is_paced = false;
    offer.starts_at = true;
    offer.resumes = true;
    const std::string text = encode_capabilities(offer);
    EXPECT_NE(text.find(R"("clock":{"unit":"us","exchange":1,"uncertainty_us":1500})"),
              std::string::npos);
    const Message message = decode_message(text);
    ASSERT_TRUE(is<Capabilities>(message));
    const auto& read = std::get<Capabilities>(message);
    EXPECT_EQ(read.clock, *offer.clock);
    EXPECT_FALSE(read.is_paced);
    EXPECT_TRUE(read.starts_at);
    EXPECT_TRUE(read.resumes);
    EXPECT_FALSE(read.takes_warnings);
}

TEST(Health, is_what_the_device_says_of_itself) {
    const Message message = decode_message(
        R"({"type":"health","battery":0.5,"charging":true,"fps":29.5,"encoder_queue":1,"unsent":2,)"
        R"("unsent_bytes":300,"lost":4,"awake":true,"hidden":false})");
    ASSERT_TRUE(is<Health>(message));
    EXPECT_EQ(std::get<Health>(message), (Health{0.5, true, 29.5, 1, 2, 300, 4, true, false}));
}

TEST(Health, of_no_meaning_is_absent) {
    for (const char* text :
         {R"({"type":"health"})", R"({"type":"health","battery":1.01,"fps":-1,"lost":-1})",
          R"({"type":"health","battery":"full","charging":1,"fps":1e300,"unsent":1.5})",
          R"({"type":"health","battery":-0.1,"unsent_bytes":9007199254740993,"hidden":"yes"})"}) {
        const Message message = decode_message(text);
        ASSERT_TRUE(is<Health>(message)) << text;
        EXPECT_EQ(std::get<Health>(message), Health{}) << text;
    }
}

TEST(ResumeMessages, are_read_back) {
    const Message message = decode_message(encode_resume({"9f\"86", 4'000'000'000}));
    ASSERT_TRUE(is<Resume>(message));
    EXPECT_EQ(std::get<Resume>(message).capture, "9f\"86");
    EXPECT_EQ(std::get<Resume>(message).from, 4'000'000'000U);
    const auto command = decode_command(encode_received("9f86", UINT32_MAX));
    ASSERT_TRUE(command);
    EXPECT_EQ(std::get<Received>(*command).capture, "9f86");
    EXPECT_EQ(std::get<Received>(*command).seq, UINT32_MAX);
    EXPECT_EQ(std::get<Start>(*decode_command(encode_start({}, "9f86"))).capture, "9f86");
    EXPECT_EQ(std::get<Start>(*decode_command(encode_start({}, ""))).capture, "");
    for (const char* text : {R"({"command":"received"})", R"({"command":"received","payload":{}})",
                             R"({"command":"received","payload":{"seq":4294967296}})",
                             R"({"command":"received","payload":{"seq":-1}})"})
        EXPECT_FALSE(decode_command(text)) << text;
}

TEST(DumpNotes, hold_the_capabilities_of_the_camera) {
    const auto read = decode_note(
        R"({"version":1,"camera":"a","capabilities":{"clock":{"unit":"us"},"paced":false}})");
    ASSERT_TRUE(read.capabilities);
    EXPECT_EQ(read.capabilities->clock.unit, TimeUnit::us);
    EXPECT_FALSE(read.capabilities->is_paced);
    EXPECT_TRUE(decode_note(encode_capabilities_note(R"({"paced":false})")).capabilities);
    for (const char* note : {"", "{}", R"({"capabilities":{}})", R"({"capabilities":null})", "[1]"})
        EXPECT_FALSE(decode_note(note).capabilities) << note;
}

TEST(DumpNotes, hold_exchanges) {
    const ExchangeNote made{-5, INT64_MAX, 1, 1'767'225'600'000'000};
    const auto read = decode_note(encode_note(made));
    ASSERT_TRUE(read.exchange);
    EXPECT_EQ(*read.exchange, made);
    EXPECT_FALSE(read.capabilities);
    for (const char* note :
         {R"({"clock_exchange":{}})", R"({"clock_exchange":[1,2,3,4]})",
          R"({"clock_exchange":{"sent_us":1,"received_us":2,"replied_us":3}})",
          R"({"clock_exchange":{"sent_us":1,"received_us":2.5,"replied_us":3,"returned_us":4}})"})
        EXPECT_FALSE(decode_note(note).exchange) << note;
}

TEST(ClockMessages, are_read_back) {
    const auto command = decode_command(encode_clock_request(4'000'000'000));
    ASSERT_TRUE(command);
    EXPECT_EQ(std::get<ClockRequest>(*command).id, 4'000'000'000U);
    EXPECT_EQ(encode_clock_request(7), R"({"command":"clock","payload":{"id":7}})");
    const Message message = decode_message(encode_clock_reply({7, UINT64_MAX, 12}));
    ASSERT_TRUE(is<ClockReply>(message));
    EXPECT_EQ(std::get<ClockReply>(message).id, 7U);
    EXPECT_EQ(std::get<ClockReply>(message).received, UINT64_MAX);
    EXPECT_EQ(std::get<ClockReply>(message).sent, 12U);
}

TEST(ClockMessages, without_whole_times_that_are_not_negative_are_other) {
    for (const char* text : {R"({"type":"clock"})", R"({"type":"clock","id":1,"received":5})",
                             R"({"type":"clock","id":-1,"received":5,"sent":6})",
                             R"({"type":"clock","id":1,"received":5.5,"sent":6})",
                             R"({"type":"clock","id":1,"received":true,"sent":6})",
                             R"({"type":"clock","id":4294967296,"received":5,"sent":6})"})
        EXPECT_TRUE(is<Other>(decode_message(text))) << text;
    EXPECT_FALSE(decode_command(R"({"command":"clock"})"));
}

TEST(EncodeStart, says_at_which_instant_to_begin) {
    StartParameters parameters;
    parameters.start_at = 81'234'567'890;
    const std::string text = encode_start(parameters);
    EXPECT_NE(text.find(R"("startAt":81234567890)"), std::string::npos);
    EXPECT_EQ(std::get<Start>(*decode_command(text)).parameters.start_at, parameters.start_at);
}

}  // namespace
}  // namespace st::camera
