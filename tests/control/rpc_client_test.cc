#include "control/rpc_client.h"

#include <gtest/gtest.h>

#include <string>

namespace st::control {
namespace {

template <class T>
T incoming(std::string_view text) {
    const auto decoded = decode_rpc_incoming(text);
    EXPECT_TRUE(decoded) << (decoded ? "" : decoded.error().message);
    if (!decoded || !*decoded || !std::holds_alternative<T>(**decoded)) {
        ADD_FAILURE() << text;
        return {};
    }
    return std::get<T>(**decoded);
}

TEST(RpcIncoming, tells_answers_errors_events_and_lost_ones_apart) {
    const auto answer = incoming<RpcAnswer>(R"({"jsonrpc":"2.0","id":7,"result":{"ok":true}})");
    EXPECT_EQ(answer.id, 7U);
    EXPECT_EQ(answer.result, R"({"ok":true})");
    EXPECT_FALSE(answer.error);

    const auto refused = incoming<RpcAnswer>(
        R"({"jsonrpc":"2.0","id":8,"error":{"code":-32602,"message":"fps: too big",)"
        R"("data":{"code":"bad_request","field":"fps"}}})");
    ASSERT_TRUE(refused.error);
    EXPECT_EQ(refused.error->code, ErrorCode::bad_request);
    EXPECT_EQ(refused.error->message, "fps: too big");
    EXPECT_EQ(refused.error->field, "fps");

    const auto event = incoming<RpcEvent>(
        "{\"method\":\"event\",\"params\":{\"id\":18,\n\"type\":\"camera.started\",\"camera\":"
        "\"door\"}}");
    EXPECT_EQ(event.id, 18U);
    EXPECT_EQ(event.type, "camera.started");
    EXPECT_EQ(event.camera, "door");
    EXPECT_EQ(event.session, "");
    EXPECT_EQ(event.json, R"({"id":18,"type":"camera.started","camera":"door"})");

    EXPECT_EQ(incoming<RpcEventsLost>(R"({"method":"events.lost","params":{"count":3}})").count,
              3U);
    const auto unknown = decode_rpc_incoming(R"({"method":"news","params":{}})");
    ASSERT_TRUE(unknown);
    EXPECT_FALSE(*unknown);
}

TEST(RpcIncoming, keeps_the_error_of_what_could_not_be_read_without_an_id) {
    const auto answer =
        incoming<RpcAnswer>(R"({"id":null,"error":{"code":-32700,"message":"not JSON"}})");
    EXPECT_FALSE(answer.id);
    ASSERT_TRUE(answer.error);
    EXPECT_EQ(answer.error->message, "not JSON");
}

TEST(RpcIncoming, refuses_what_is_no_message) {
    for (const char* text : {"", "hello", "{}", "[]", R"({"id":1})", R"({"method":"event"})",
                             R"({"method":"event","params":{"id":"x","type":"y"}})"}) {
        const auto decoded = decode_rpc_incoming(text);
        ASSERT_FALSE(decoded) << text;
        EXPECT_FALSE(decoded.error().message.empty());
    }
}

TEST(RpcRequest, leaves_params_out_when_there_are_none) {
    EXPECT_EQ(encode_rpc_request(3, "cameras.list", ""),
              R"({"jsonrpc":"2.0","id":3,"method":"cameras.list"})");
    EXPECT_EQ(encode_rpc_request(4, "cameras.get", R"({"name":"door"})"),
              R"({"jsonrpc":"2.0","id":4,"method":"cameras.get","params":{"name":"door"}})");
}

}  // namespace
}  // namespace st::control
