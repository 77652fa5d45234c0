#include "notify/messages.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "json/read.h"
#include "json/write.h"

namespace st::notify {
namespace {

/// What receivers of Standard Webhooks are told to expect at most.
constexpr std::size_t kBodyBytesMax = 20 * 1000;
constexpr std::size_t kCutTextBytes = 512;

json::Object parse(std::string_view event) {
    const auto value = json::read(event, {256 * 1024, 16});
    const json::Object* object = value ? value->object() : nullptr;
    return object == nullptr ? json::Object() : *object;
}

std::string with_data(std::string_view type, std::string_view time, const json::Value& data) {
    json::Object body;
    body.set("type", type);
    body.set("timestamp", time);
    body.set("data", data);
    return json::write(body);
}

/// A session of the older server.
struct Session {
    std::string id;
    std::string ip;
    std::string path;  ///< "/app/name"
    std::string query;
    std::string protocol;
    std::int64_t created_ms = 0;
    std::int64_t ended_ms = 0;  ///< 0: it goes on
    std::uint64_t in_bytes = 0;
    std::uint64_t out_bytes = 0;
    std::string file;
};

std::string nms_body(const Session& session, std::string_view action) {
    const std::string& path = session.path;
    const std::size_t slash = path.find('/', 1);
    const bool is_path = path.starts_with('/') && slash != std::string::npos;
    json::Object body;
    body.set("id", session.id);
    body.set("ip", session.ip);
    body.set("app", is_path ? path.substr(1, slash - 1) : std::string());
    body.set("name", is_path ? path.substr(slash + 1) : std::string());
    json::Object query;
    std::string_view rest = session.query;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('&'), rest.size());
        const std::string_view pair = rest.substr(0, end);
        const std::size_t equals = std::min(pair.find('='), pair.size());
        query.set(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    body.set("query", query);
    body.set("protocol", session.protocol);
    body.set("createtime", session.created_ms);
    body.set("endtime", session.ended_ms);
    body.set("inbytes", session.in_bytes);
    body.set("outbytes", session.out_bytes);
    body.set("filePath", session.file);
    body.set("action", action);
    return json::write(body);
}

std::int64_t ms_of(const json::Value& time) {
    const auto us = parse_rfc3339(time.text_or_empty());
    return us ? *us / 1000 : 0;
}

/// The older server's words: "flv" over HTTP and WebSocket alike.
std::string protocol_of(const std::string& protocol) {
    return protocol == "http-flv" || protocol == "ws-flv" ? "flv" : protocol;
}

Session session_of(const json::Object& event, bool is_over) {
    Session session;
    session.ip = event["peer"].text_or_empty();
    session.path = event["stream"].text_or_empty();
    session.query = event["query"].text_or_empty();
    session.protocol = protocol_of(event["protocol"].text_or_empty());
    const json::Value* began = event.find("started_at");
    session.created_ms = ms_of(began == nullptr ? event["time"] : *began);
    if (is_over) session.ended_ms = ms_of(event["time"]);
    return session;
}

}  // namespace

std::string standard_body(std::string_view type, std::string_view event, std::string_view time) {
    const json::Object fields = parse(event);
    json::Object data;
    for (const json::Member& member : fields.members()) {
        if (member.key != "type" && member.key != "time") data.append(member.key, member.value);
    }
    const std::string when =
        fields.find("time") == nullptr ? std::string(time) : fields["time"].text_or_empty();
    std::string body = with_data(type, when, data);
    if (body.size() > kBodyBytesMax) {
        body = with_data(type, when, json::cleaned(json::Value(data), kCutTextBytes));
    }
    return body;
}

std::vector<std::string> nms_bodies(std::string_view type, std::string_view json) {
    const json::Object event = parse(json);
    const auto publisher = [&](bool is_over) {
        Session session = session_of(event, is_over);
        session.id = "p" + std::to_string(event["publication"].natural().value_or(0));
        session.in_bytes = event["bytes"].natural().value_or(0);
        return session;
    };
    const auto viewer = [&](bool is_over) {
        Session session = session_of(event, is_over);
        session.id = "v" + std::to_string(event["viewer"].natural().value_or(0));
        session.out_bytes = event["bytes"].natural().value_or(0);
        return session;
    };
    // A recording of a camera, or a segment of a live stream.
    const auto recording = [&](bool is_over) {
        Session session = session_of(event, is_over);
        if (session.path.empty()) session.path = "/camera/" + event["camera"].text_or_empty();
        session.id = event["session"].text_or_empty();
        if (session.id.empty()) session.id = "r" + session.path;
        session.file = event["path"].text_or_empty();
        if (session.file.empty()) session.file = event["file"].text_or_empty();
        session.in_bytes = event["bytes"].natural().value_or(0);
        return session;
    };
    if (type == "stream.published") {
        return {nms_body(publisher(false), "prePublish"),
                nms_body(publisher(false), "postPublish")};
    }
    if (type == "stream.ended") return {nms_body(publisher(true), "donePublish")};
    if (type == "viewer.joined") {
        return {nms_body(viewer(false), "prePlay"), nms_body(viewer(false), "postPlay")};
    }
    if (type == "viewer.left") return {nms_body(viewer(true), "donePlay")};
    if (type == "session.opened" || type == "record.started") {
        return {nms_body(recording(false), "postRecord")};
    }
    if (type == "session.finished" || type == "session.failed") {
        return {nms_body(recording(true), "doneRecord")};
    }
    // Of a live stream each file is done by itself.
    if (type == "record.segment") {
        Session session = recording(true);
        session.created_ms = ms_of(event["start"]);
        session.ended_ms = session.created_ms +
                           static_cast<std::int64_t>(event["duration_ms"].natural().value_or(0));
        return {nms_body(session, "doneRecord")};
    }
    return {};
}

std::string nms_test_body() { return nms_body({}, "test"); }

}  // namespace st::notify
