#include "control/json_rpc.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

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

TEST(DecodeRpc, json_that_is_no_object_is_no_request) {
    for (const char* text :
         {"42", "1", "\"x\"", "null", "true", " -1.5 ", "18446744073709551615"}) {
        EXPECT_EQ(
            refusal(text),
            R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"a request is an object"}})")
            << text;
    }
    for (const char* text : {"1 2", "1,2", "nul", "\"x", "{} {}", "[1", "[1]]"}) {
        EXPECT_NE(refusal(text).find("-32700"), std::string::npos) << text;
    }
}

TEST(DecodeRpc, an_id_is_text_or_a_whole_number_of_any_size) {
    const auto id = [](const std::string& text) {
        const RpcMessage message =
            decode_rpc(R"({"jsonrpc":"2.0","id":)" + text + R"(,"method":"x"})");
        const RpcEntry& entry = message.entries.at(0);
        return entry.request ? entry.request->id.value_or("none") : entry.refusal;
    };
    for (const char* text :
         {"0", "-7", "\"\"", "999999999999999999", "9223372036854775807", "18446744073709551615",
          "-9223372036854775809", "null", "123456789012345678901234567890"}) {
        EXPECT_EQ(id(text), text);
    }
    for (const char* text : {"true", "false", "1.5", "1e3", "18446744073709551615.5", "{}", "[]"}) {
        EXPECT_NE(id(text).find(R"("id":null,"error":{"code":-32600,"message":"id: expected)"),
                  std::string::npos)
            << text << ": " << id(text);
    }
    const RpcMessage batch = decode_rpc(
        R"( [ {"jsonrpc":"2.0","id":18446744073709551614,"method":"a"}, [],)"
        R"({"method":"b","params":{"id":[1,"]"]},"jsonrpc":"2.0","id":18446744073709551615}])");
    ASSERT_EQ(batch.entries.size(), 3U);
    EXPECT_EQ(batch.entries[0].request.value().id, "18446744073709551614");
    EXPECT_FALSE(batch.entries[1].request);
    EXPECT_EQ(batch.entries[2].request.value().id, "18446744073709551615");
}

TEST(DecodeRpc, leaves_a_parameter_that_is_too_long_a_number_to_the_operation) {
    const RpcMessage message = decode_rpc(
        R"({"jsonrpc":"2.0","id":1,"method":"x","params":{"limit":18446744073709551615}})");
    ASSERT_TRUE(message.entries.at(0).request);
    EXPECT_NE(message.entries[0].request->params.find("limit"), std::string::npos);
}

TEST(DecodeRpc, answers_text_whatever_it_quotes) {
    for (const std::string& text : {std::string("[1"), std::string("{\"a\":\xc3\xa9}")}) {
        EXPECT_TRUE(is_utf8(as_bytes(refusal(text)))) << text;
    }
    const std::string cut = std::string(63, 'a') + "\xc3\xa9";
    EXPECT_TRUE(is_utf8(as_bytes(encode_rpc_unknown_method("1", cut))));
    const std::string half = cut.substr(0, 64);
    EXPECT_TRUE(
        is_utf8(as_bytes(encode_rpc_error("1", {ErrorCode::bad_request, half + ": x", half}))));
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
