#include "control/json_rpc.h"

#include <gtest/gtest.h>

namespace st::control {
namespace {

std::string refusal(std::string_view text) {
    const RpcMessage message = decode_rpc(text);
    return message.entries.size() == 1 && !message.entries[0].request ? message.entries[0].refusal
                                                                      : "not refused";
}

TEST(DecodeRpc, reads_a_request_and_keeps_its_id_as_it_was) {
    const RpcMessage message =
        decode_rpc(R"({"jsonrpc":"2.0","id":"a\"7","method":"capture.start","params":{"fps":30}})");
    ASSERT_EQ(message.entries.size(), 1U);
    ASSERT_TRUE(message.entries[0].request);
    EXPECT_EQ(message.entries[0].request->id, R"("a\"7")");
    EXPECT_EQ(message.entries[0].request->method, "capture.start");
    EXPECT_EQ(message.entries[0].request->params, R"({"fps":30})");
    EXPECT_FALSE(message.is_batch);
}

TEST(DecodeRpc, a_request_without_an_id_is_a_notification) {
    const RpcMessage message = decode_rpc(R"({"jsonrpc":"2.0","method":"server.status"})");
    ASSERT_TRUE(message.entries[0].request);
    EXPECT_FALSE(message.entries[0].request->id);
    EXPECT_EQ(message.entries[0].request->params, "");
}

TEST(DecodeRpc, names_what_is_wrong_with_the_id_where_there_is_one) {
    EXPECT_NE(refusal("{").find("-32700"), std::string::npos);
    EXPECT_NE(refusal("42").find("-32700"), std::string::npos);
    EXPECT_NE(refusal("").find("-32700"), std::string::npos);
    EXPECT_NE(refusal(R"({"id":7,"method":"x"})").find(R"("id":7,"error":{"code":-32600)"),
              std::string::npos);
    EXPECT_NE(refusal(R"({"jsonrpc":"2.0","id":7})").find("method"), std::string::npos);
    EXPECT_NE(refusal(R"({"jsonrpc":"2.0","id":[],"method":"x"})").find("-32600"),
              std::string::npos);
    EXPECT_NE(refusal(R"({"jsonrpc":"2.0","id":1,"method":"x","params":[1]})").find("-32602"),
              std::string::npos);
    EXPECT_NE(refusal("[]").find("-32600"), std::string::npos);
}

TEST(DecodeRpc, a_batch_keeps_good_entries_beside_bad_ones) {
    const RpcMessage message = decode_rpc(R"([{"jsonrpc":"2.0","id":1,"method":"a"},5])");
    EXPECT_TRUE(message.is_batch);
    ASSERT_EQ(message.entries.size(), 2U);
    EXPECT_TRUE(message.entries[0].request);
    EXPECT_FALSE(message.entries[1].request);
    std::string many = "[";
    for (int i = 0; i < 65; ++i) many += i == 0 ? "{}" : ",{}";
    EXPECT_NE(refusal(many + "]").find("64"), std::string::npos);
}

TEST(EncodeRpc, answers_carry_our_code_and_field) {
    EXPECT_EQ(
        encode_rpc_error("7", {ErrorCode::bad_request, "fps: too many", "fps"}),
        R"({"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"fps: too many","data":{"code":"bad_request","field":"fps"}}})");
    EXPECT_EQ(
        encode_rpc_error("7", {ErrorCode::no_cameras, "none", {}}),
        R"({"jsonrpc":"2.0","id":7,"error":{"code":-32000,"message":"none","data":{"code":"no_cameras","field":null}}})");
    EXPECT_EQ(encode_rpc_result("\"a\"", "{}"), R"({"jsonrpc":"2.0","id":"a","result":{}})");
    EXPECT_EQ(encode_rpc_notification("event", "{\"id\":1}"),
              R"({"jsonrpc":"2.0","method":"event","params":{"id":1}})");
    EXPECT_EQ(encode_rpc_batch({"1", "2"}), "[1,2]");
}

}  // namespace
}  // namespace st::control
