#include "control/json.h"

#include <gtest/gtest.h>

using namespace st::control;

namespace {

std::string refusal(std::string_view text) {
    const auto object = parse_object(text);
    return object ? "accepted" : object.error().message;
}

TEST(ParseObject, refuses_a_key_that_stands_twice_at_any_depth) {
    EXPECT_EQ(refusal(R"({"a":1,"a":2})"), "a: given twice");
    EXPECT_EQ(refusal(R"({"b":[{"a":1,"a":1}]})"), "b[0].a: given twice");
    EXPECT_EQ(refusal(R"({"a":{"a":1},"b":{"a":1}})"), "accepted");
}

TEST(ParseObject, refuses_what_is_not_an_object) {
    for (const char* text :
         {"", "42", "[]", "null", "\"x\"", "{", "{} {}", "{\"a\":}", "{'a':1}"}) {
        EXPECT_NE(refusal(text), "accepted") << text;
    }
    EXPECT_EQ(refusal("5"), "JSON: expected an object, got a whole number");
    EXPECT_EQ(refusal(" -1.5\n"), "JSON: expected an object, got a number");
    EXPECT_EQ(refusal("true"), "JSON: expected an object, got true or false");
    EXPECT_EQ(refusal("\"x\""), "JSON: expected an object, got a string");
    EXPECT_EQ(refusal("null"), "JSON: expected an object, got null");
    EXPECT_EQ(refusal("[1]"), "JSON: expected an object, got a list");
}

TEST(ParseObject, tells_a_value_from_what_only_begins_like_one) {
    for (const char* text :
         {"1 2", "1,2", "1,", "1]", "1],[2", "]", "] [", "null}", "tru", "\"x", "01"}) {
        const std::string why = refusal(text);
        EXPECT_EQ(why.rfind("JSON: ", 0), 0U) << text;
        EXPECT_EQ(why.find("expected an object"), std::string::npos) << text << ": " << why;
    }
}

TEST(ParseObject, refuses_depth_and_size_and_nul) {
    std::string deep;
    for (std::size_t i = 0; i < kRequest.depth_max + 1; ++i) deep += "{\"a\":";
    EXPECT_NE(refusal(deep + "1" + std::string(kRequest.depth_max + 1, '}')), "accepted");
    const std::string big = "{\"a\":\"" + std::string(kRequestBytesMax, 'x') + "\"}";
    EXPECT_EQ(refusal(big), "JSON of 65544 bytes, over the limit of 65536");
    EXPECT_EQ(parse_object(big).error().code, ErrorCode::too_large);
    EXPECT_EQ(refusal("{\"a\\u0000b\":1}"), "JSON: a NUL character");
}

TEST(ObjectReader, never_converts_one_type_into_another) {
    const auto object = parse_object(
        R"({"text":"5","half":1.5,"flag":true,"number":1,"neg":-1,"big":18446744073709551616})");
    ASSERT_TRUE(object);
    const auto number_error = [&](const std::string& key) {
        ObjectReader reader(*object);
        std::uint64_t out = 7;
        reader.read(key, out);
        EXPECT_EQ(out, reader.failed() ? 7U : 1U);
        return reader.failed() ? reader.error().message : "accepted";
    };
    EXPECT_EQ(number_error("text"), "text: expected a whole number, got a string");
    EXPECT_EQ(number_error("half"), "half: expected a whole number, got a number");
    EXPECT_EQ(number_error("flag"), "flag: expected a whole number, got true or false");
    EXPECT_EQ(number_error("neg"), "neg: -1 is outside 0 .. 9223372036854775807");
    EXPECT_EQ(number_error("big"), "big: 18446744073709551616 is outside 0 .. 9223372036854775807");
    EXPECT_EQ(number_error("number"), "accepted");
    ObjectReader reader(*object);
    bool flag = false;
    reader.read("number", flag);
    EXPECT_EQ(reader.error().message, "number: expected true or false, got a whole number");
    EXPECT_EQ(reader.error().field, "number");
}

TEST(ObjectReader, leaves_absent_and_null_fields_alone) {
    const auto object = parse_object(R"({"a":null})");
    ObjectReader reader(*object);
    std::string a = "kept";
    std::optional<std::uint32_t> b = 3;
    reader.read("a", a);
    reader.read("b", b);
    EXPECT_FALSE(reader.failed());
    EXPECT_EQ(a, "kept");
    EXPECT_EQ(b, 3U);
    reader.require("a");
    EXPECT_EQ(reader.error().message, "a: missing");
}

TEST(ApiErrors, carry_code_message_and_field_both_ways) {
    const ApiError error{ErrorCode::no_cameras, "no camera is connected", {}};
    EXPECT_EQ(encode(error),
              R"({"error":{"code":"no_cameras","message":"no camera is connected","field":null}})");
    const ApiError back = decode_error(encode(error), 409);
    EXPECT_EQ(back.code, ErrorCode::no_cameras);
    EXPECT_EQ(back.message, "no camera is connected");
    EXPECT_EQ(http_status(back.code), 409);
    const ApiError with_field{ErrorCode::bad_request, "x", "resolution.width"};
    EXPECT_EQ(decode_error(encode(with_field), 400).field, "resolution.width");
}

TEST(ApiErrors, stay_text_whatever_a_peer_sent_is_quoted) {
    const ApiError error{ErrorCode::bad_request, "field \"\xff\xc3\"", "na\xefve"};
    EXPECT_EQ(encode(error),
              "{\"error\":{\"code\":\"bad_request\",\"message\":\"field "
              "\\\"\uFFFD\uFFFD\\\"\",\"field\":\"na\uFFFDve\"}}");
    EXPECT_EQ(decode_error(encode({ErrorCode::not_found, "größe", {}}), 404).message, "größe");
}

TEST(ApiErrors, of_a_body_that_is_not_ours_say_the_status) {
    const ApiError error = decode_error("<html>Bad gateway</html>", 503);
    EXPECT_EQ(error.code, ErrorCode::unavailable);
    EXPECT_EQ(error.message, "HTTP status 503 without an explanation");
    EXPECT_EQ(decode_error(R"({"error":"x"})", 404).code, ErrorCode::not_found);
    EXPECT_EQ(decode_error(R"({"error":{"code":"new_kind","message":"m"}})", 429).code,
              ErrorCode::too_many_requests);
}

TEST(ApiErrors, have_a_code_for_each_status_and_another_status_is_our_own_fault) {
    for (const int status : {400, 401, 403, 404, 405, 409, 413, 415, 429, 500, 503}) {
        EXPECT_EQ(http_status(code_of_status(status)), status);
    }
    EXPECT_EQ(code_of_status(409), ErrorCode::conflict);
    EXPECT_EQ(code_of_status(0), ErrorCode::internal);
    EXPECT_EQ(code_of_status(502), ErrorCode::internal);
}

}  // namespace
