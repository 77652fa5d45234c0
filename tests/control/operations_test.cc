#include "control/operations.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace st::control {
namespace {

Match match(std::string_view method, std::vector<std::string> segments) {
    return match_http(method, segments);
}

TEST(Operations, have_one_name_each_and_one_path_for_each_method) {
    std::set<std::string> names;
    std::set<std::string> paths;
    for (const OperationInfo& info : operations()) {
        EXPECT_TRUE(names.insert(std::string(info.rpc)).second) << info.rpc;
        EXPECT_TRUE(paths.insert(std::string(info.method) + " " + std::string(info.path)).second);
        EXPECT_EQ(find_rpc(info.rpc), &info);
    }
    EXPECT_EQ(find_rpc("capture.restart"), nullptr);
}

TEST(MatchHttp, finds_the_operation_and_its_path_arguments) {
    const Match one = match("GET", {"cameras", "door"});
    ASSERT_NE(one.operation, nullptr);
    EXPECT_EQ(one.operation->operation, Operation::cameras_get);
    EXPECT_EQ(one.path_arguments, (Arguments{{"name", "door"}}));
    EXPECT_EQ(match("HEAD", {"cameras"}).operation->operation, Operation::cameras_list);
    EXPECT_EQ(match("DELETE", {"recordings", "x_1"}).operation->operation,
              Operation::recordings_delete);
}

TEST(MatchHttp, says_which_methods_a_path_takes) {
    const Match wrong = match("PUT", {"cameras", "door"});
    EXPECT_EQ(wrong.operation, nullptr);
    EXPECT_EQ(wrong.allowed, "GET, HEAD, DELETE");
    EXPECT_EQ(match("GET", {"capture", "start"}).allowed, "POST");
    EXPECT_EQ(match("GET", {"nothing"}).allowed, "");
    EXPECT_EQ(match("GET", {"cameras", "a", "b"}).allowed, "");
    EXPECT_EQ(match("GET", {}).allowed, "");
}

TEST(HttpCall, refuses_parameters_the_operation_does_not_have_by_name) {
    const Match list = match("GET", {"recordings"});
    EXPECT_TRUE(http_call(list, {{"camera", "a*"}, {"limit", "5"}, {"token", "x"}}, ""));
    const auto unknown = http_call(list, {{"colour", "red"}}, "");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().field, "colour");
    EXPECT_EQ(http_call(list, {{"limit", "0"}}, "").error().message, "limit: under 1");
    EXPECT_FALSE(http_call(list, {{"limit", "ten"}}, ""));
    EXPECT_EQ(http_call(list, {{"take", "a"}, {"take", "b"}}, "").error().message,
              "take: stands twice");
}

TEST(RpcCall, takes_texts_and_numbers_and_misses_what_is_required) {
    const OperationInfo& get = *find_rpc("cameras.get");
    const auto call = rpc_call(get, R"({"name":"door"})");
    ASSERT_TRUE(call);
    EXPECT_EQ(*call->find("name"), "door");
    EXPECT_EQ(rpc_call(get, "").error().message, "name: missing");
    EXPECT_EQ(rpc_call(get, R"({"name":["door"]})").error().field, "name");
    EXPECT_FALSE(rpc_call(get, "[1]"));
    const auto events = rpc_call(*find_rpc("events.list"), R"({"since":17,"limit":null})");
    ASSERT_TRUE(events);
    EXPECT_EQ(*events->find("since"), "17");
    EXPECT_EQ(events->find("limit"), nullptr);
}

TEST(RpcCall, takes_each_parameter_as_its_own_json_type_alone) {
    const auto refusal = [](std::string_view method, const std::string& params) {
        const auto call = rpc_call(*find_rpc(method), params);
        if (call) return std::string("accepted");
        EXPECT_EQ(call.error().code, ErrorCode::bad_request);
        EXPECT_EQ(call.error().message.rfind(call.error().field.value_or("?") + ": ", 0), 0U);
        return call.error().message;
    };
    const std::vector<std::array<std::string, 3>> cases = {
        {"cameras.get", R"({"name":5})", "name: expected a string, got a whole number"},
        {"cameras.get", R"({"name":1.5})", "name: expected a string, got a number"},
        {"cameras.get", R"({"name":true})", "name: expected a string, got true or false"},
        {"cameras.get", R"({"name":{}})", "name: expected a string, got an object"},
        {"cameras.get", R"({"name":null})", "name: missing"},
        {"recordings.list", R"({"take":7})", "take: expected a string, got a whole number"},
        {"recordings.list", R"({"state":1})", "state: expected a string, got a whole number"},
        {"recordings.list", R"({"since":5})", "since: expected a string, got a whole number"},
        {"recordings.list", R"({"limit":"2"})", "limit: expected a whole number, got a string"},
        {"recordings.list", R"({"limit":true})",
         "limit: expected a whole number, got true or false"},
        {"recordings.list", R"({"limit":2.0})", "limit: expected a whole number, got a number"},
        {"recordings.list", R"({"limit":0})", "limit: 0 is outside 1 .. 10000"},
        {"recordings.list", R"({"limit":-1})", "limit: -1 is outside 1 .. 10000"},
        {"recordings.list", R"({"limit":18446744073709551615})",
         "limit: 18446744073709551615 is outside 1 .. 10000"},
        {"recordings.list", R"({"colour":true})", "colour: unknown parameter"},
        {"recordings.list", R"({"colour":null})", "colour: unknown parameter"},
        {"cameras.get", R"({"nmae":"door"})", "nmae: unknown parameter"},
        {"events.list", R"({"since":"1"})", "since: expected a whole number, got a string"},
        {"viewers.kick", R"({"id":"1"})", "id: expected a whole number, got a string"},
        {"viewers.kick", R"({"id":1})", "accepted"},
        {"recordings.list", R"({"limit":2,"take":"7","cursor":null})", "accepted"},
    };
    for (const auto& [method, params, message] : cases) {
        EXPECT_EQ(refusal(method, params), message) << method << " " << params;
    }
}

TEST(RpcCall, leaves_a_body_to_the_operation) {
    const auto call = rpc_call(*find_rpc("capture.start"), R"({"fps":30})");
    ASSERT_TRUE(call);
    EXPECT_EQ(call->body, R"({"fps":30})");
}

TEST(OpenApi, the_committed_document_is_the_table_s) {
    std::ifstream in(ST_SOURCE_DIR "/docs/openapi.json");
    const std::string committed((std::istreambuf_iterator<char>(in)),
                                std::istreambuf_iterator<char>());
    EXPECT_EQ(openapi_document(ST_VERSION), committed)
        << "write it anew: build/dev/bin/streamd --openapi > docs/openapi.json";
}

}  // namespace
}  // namespace st::control
