/// Whatever text the server's encoders are given, the client's decoders read the answer back.
#include <gtest/gtest.h>

#include "base/text.h"
#include "base/utf8.h"
#include "control/camera_status.h"
#include "control/json.h"
#include "control/json_rpc.h"
#include "control/list.h"
#include "control/recording.h"
#include "control/rpc_client.h"
#include "control/source_status.h"
#include "control/stream_status.h"
#include "json/write.h"

namespace st::control {
namespace {

std::vector<std::string> hostile_texts() {
    std::vector<std::string> texts = {
        std::string("a\0b", 3),
        "\x1b[31mX\x07",
        "\x7f\xC2\x80\xC2\x85\xC2\x9b",
        "\xC0\xAF\xE0\x80\x80\xF5\xFF",
        "\xED\xA0\x80\xED\xB0\x80",
        "\xE2\x80\xAE\xE2\x81\xA6\xE2\x80\xA8",
        "\"\\/\b\f\n\r\t",
        "\\u0000\\ud800",
        "9223372036854775807",
        std::string(65536, '"'),
        std::string(200, '[') + "{",
        "\xF0\x9F\x98",
    };
    for (int c = 0; c < 256; ++c) texts.emplace_back(1, static_cast<char>(c));
    return texts;
}

void expect_clean(const std::string& json, const std::string& text) {
    EXPECT_TRUE(is_utf8(as_bytes(json)));
    EXPECT_TRUE(is_clean(json)) << testing::PrintToString(text.substr(0, 20));
}

TEST(HostileText, in_the_state_of_a_camera_is_read_back) {
    for (const std::string& text : hostile_texts()) {
        if (text.size() > 4096) continue;  // a decoder's bound on one text
        CameraStatus camera;
        camera.name = camera.peer = camera.path = text;
        camera.model = camera.session = text;
        const std::string json = encode(camera);
        expect_clean(json, text);
        const auto back = decode_camera(json);
        ASSERT_TRUE(back) << back.error().message;
        EXPECT_EQ(encode(*back), json);
    }
}

TEST(HostileText, of_streams_and_sources_is_read_back) {
    for (const std::string& text : hostile_texts()) {
        if (text.size() > 4096) continue;
        StreamStatus stream;
        stream.path = stream.protocol = stream.peer = text;
        stream.video = VideoFacts{text, {}, {}};
        expect_clean(encode(stream), text);
        ASSERT_TRUE(decode_stream_status(encode(stream)));
        ViewerStatus viewer;
        viewer.stream = viewer.peer = text;
        ASSERT_TRUE(decode_viewer_status(encode(viewer)));
        SourceStatus source;
        source.path = source.input = text;
        source.last_error = text;
        expect_clean(encode(source), text);
        ASSERT_TRUE(decode_source_status(encode(source)));
    }
}

TEST(HostileText, in_a_refusal_is_shown_clean) {
    for (const std::string& text : hostile_texts()) {
        const ApiError error{ErrorCode::bad_request, "got \"" + text + "\"", text};
        expect_clean(encode(error), text);
        const ApiError back = decode_error(encode(error), 400);
        EXPECT_EQ(back.code, ErrorCode::bad_request);
        EXPECT_TRUE(is_clean(back.message));
        const auto incoming = decode_rpc_incoming(encode_rpc_error("7", error));
        ASSERT_TRUE(incoming && *incoming);
        EXPECT_EQ(std::get<RpcAnswer>(**incoming).error->message, back.message);
        EXPECT_TRUE(decode_rpc_incoming(encode_rpc_unknown_method("7", text)));
    }
}

TEST(HostileText, in_an_event_reaches_whoever_listens) {
    for (const std::string& text : hostile_texts()) {
        json::Object object;
        object.set("id", 1);
        object.set("type", "camera.text");
        object.set(text, text);
        const auto incoming =
            decode_rpc_incoming(encode_rpc_notification("event", json::write(object)));
        ASSERT_TRUE(incoming && *incoming) << incoming.error().message;
        expect_clean(std::get<RpcEvent>(**incoming).json, text);
    }
}

}  // namespace
}  // namespace st::control
