#include "control/operations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "json/read.h"

namespace st::control {
namespace {

Match match(std::string_view method, std::vector<std::string> segments) {
    return match_http(method, segments);
}

/// " 1 1000" for an integer with these bounds.
std::string bounds(const json::Value& schema) {
    std::string text;
    for (const char* bound : {"minimum", "maximum"}) {
        if (const json::Value* value = schema.object()->find(bound)) {
            text += " " + std::to_string(*value->natural());
        }
    }
    return text;
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
    EXPECT_EQ(wrong.allowed, "GET, HEAD, DELETE, PATCH");
    EXPECT_EQ(match("GET", {"capture", "start"}).allowed, "POST");
    EXPECT_EQ(match("GET", {"streams", "live", "x", "segments", "a.mp4"}).allowed, "DELETE");
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

TEST(Call, is_by_whoever_says_who_it_is_and_else_by_where_it_came_from) {
    Call call;
    call.peer = "10.0.0.7:51544";
    EXPECT_EQ(call.by("kim@desk"), "kim@desk");
    EXPECT_EQ(call.by(""), "10.0.0.7:51544");
    EXPECT_EQ(call.client(), "10.0.0.7:51544");
    call.arguments = {{"client", "kim@desk"}};
    EXPECT_EQ(call.client(), "kim@desk");
}

TEST(RpcCall, leaves_a_body_to_the_operation) {
    const auto call = rpc_call(*find_rpc("capture.start"), R"({"fps":30})");
    ASSERT_TRUE(call);
    EXPECT_EQ(call->body, R"({"fps":30})");
}

TEST(RpcCall, divides_parameters_that_http_carries_in_its_path_and_in_its_body) {
    const auto call = rpc_call(*find_rpc("recordings.keep"), R"({"keep":true,"id":"a_1"})");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(*call->find("id"), "a_1");
    EXPECT_EQ(call->body, R"({"keep":true})");
    EXPECT_EQ(rpc_call(*find_rpc("recordings.keep"), R"({"keep":true})").error().message,
              "id: missing");
}

/// What the document says of an operation's parameters: "path id required", "body fps 0 1000".
std::set<std::string> documented(const json::Object& operation) {
    std::set<std::string> all;
    if (const json::Value* parameters = operation.find("parameters")) {
        for (const json::Value& entry : *parameters->array()) {
            const json::Object& parameter = *entry.object();
            all.insert(*parameter["in"].text() + " " + *parameter["name"].text() +
                       (*parameter["required"].boolean() ? " required" : "") +
                       bounds(parameter["schema"]));
        }
    }
    if (const json::Value* body = operation.find("requestBody")) {
        const json::Object& media =
            *(*(*body->object())["content"].object())["application/json"].object();
        for (const json::Member& member :
             (*media["schema"].object())["properties"].object()->members()) {
            all.insert("body " + member.key + bounds(member.value));
        }
    }
    return all;
}

std::set<std::string> parameters_of(const OperationInfo& info) {
    std::set<std::string> all;
    for (const Parameter& parameter : info.parameters) {
        const char* place = parameter.place == Place::path    ? "path "
                            : parameter.place == Place::query ? "query "
                                                              : "body ";
        std::string text = place + std::string(parameter.name);
        if (parameter.required) text += " required";
        if (parameter.type == ParameterType::integer) {
            text += " " + std::to_string(parameter.min);
            if (parameter.max > 0) text += " " + std::to_string(parameter.max);
        }
        all.insert(text);
    }
    return all;
}

TEST(ControlPage, lists_every_operation_with_its_parameters) {
    std::ifstream in(ST_SOURCE_DIR "/docs/control.md");
    std::vector<std::string> rows;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("| `")) rows.push_back(line);
    }
    for (const OperationInfo& info : operations()) {
        const std::string name = "`" + std::string(info.rpc) + "`";
        const auto row = std::ranges::find_if(rows, [&](const std::string& one) {
            return one.substr(0, one.find('|', 1)).find(name) != std::string::npos;
        });
        ASSERT_NE(row, rows.end()) << name;
        if (row->find("the body of the HTTP request") != std::string::npos) continue;
        for (const Parameter& parameter : info.parameters) {
            EXPECT_NE(row->find("`" + std::string(parameter.name) + "`", row->find('|', 1)),
                      std::string::npos)
                << name << " " << parameter.name;
        }
    }
}

TEST(OpenApi, the_document_has_the_operations_and_parameters_of_the_table) {
    std::ifstream in(ST_SOURCE_DIR "/docs/openapi.json");
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const auto document = json::read(text, {.bytes_max = 1 << 20, .depth_max = 64});
    ASSERT_TRUE(document) << document.error().message;
    const json::Object& root = *document->object();
    EXPECT_EQ(*(*root["info"].object())["version"].text(), ST_VERSION);
    std::map<std::string, std::set<std::string>> described;
    for (const json::Member& path : root["paths"].object()->members()) {
        for (const json::Member& method : path.value.object()->members()) {
            const json::Object& operation = *method.value.object();
            described[method.key + " " + path.key + " " + *operation["operationId"].text()] =
                documented(operation);
        }
    }
    // Not in the table, because their answers are no JSON or need no right.
    for (const char* other :
         {"get /healthz server.healthz",
          "get /readyz server.readyz",
          "get /metrics server.metrics",
          "get /api/statistics/server statistics.server",
          "get /api/statistics/streams statistics.streams",
          "get /api/statistics/streams/{app}/{name} statistics.stream",
          "get /api/statistics/dashboard statistics.dashboard",
          "get /api/statistics/health statistics.health",
          "get /api/statistics/records statistics.records",
          "get /api/statistics/records/{app}/{name} statistics.record",
          "delete /api/statistics/records/{app}/{name}/{file} statistics.deleteRecord",
          "get /records/{app}/{name}/{file} statistics.recordFile",
          "get /api/v1/login login.rights",
          "post /api/v1/login login.open",
          "post /api/v1/logout login.close",
          "get /api/v1/recordings/{id}/files/{name} recordings.file",
          "get /api/v1/streams/{app}/{name}/segments/{file} record.segment",
          "get /ca authority.page",
          "get /ca/streamd-authority.crt authority.der",
          "get /ca/streamd-authority.pem authority.pem",
          "get /api/v1/streams/{app}/{name}/archive.mp4 archive.movie",
          "get /api/v1/streams/{app}/{name}/picture.jpg archive.picture"}) {
        EXPECT_EQ(described.erase(other), 1U) << other;
    }
    std::map<std::string, std::set<std::string>> table;
    for (const OperationInfo& info : operations()) {
        std::string method(info.method);
        for (char& c : method) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        table[method + " /api/v1/" + std::string(info.path) + " " + std::string(info.rpc)] =
            parameters_of(info);
    }
    EXPECT_EQ(described, table);
}

}  // namespace
}  // namespace st::control
