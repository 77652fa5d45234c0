#pragma once
/// Fields that several operations share. Private to libs/control.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "control/glob.h"
#include "control/json.h"
#include "control/start.h"
#include "json/write.h"

namespace st::control {

template <class Enum, std::size_t N>
using TextTable = std::array<std::pair<Enum, std::string_view>, N>;

template <class Enum, std::size_t N>
std::string_view text_of(const TextTable<Enum, N>& table, Enum value) {
    for (const auto& [candidate, text] : table) {
        if (candidate == value) return text;
    }
    return {};
}

template <class Enum, std::size_t N>
std::optional<Enum> value_of(const TextTable<Enum, N>& table, std::string_view text) {
    for (const auto& [candidate, name] : table) {
        if (name == text) return candidate;
    }
    return std::nullopt;
}

/// A text that must be one of the table's.
template <class Enum, std::size_t N>
void read_enum(ObjectReader& reader, const std::string& key, const TextTable<Enum, N>& table,
               Enum& out) {
    std::string text;
    reader.read(key, text);
    if (reader.failed() || !reader.has(key)) return;
    if (const auto value = value_of(table, text))
        out = *value;
    else
        reader.fail(key, "unknown value \"" + text.substr(0, 40) + "\"");
}

/// One list of an object's fields serves to write and to read them:
///     template <class Way, class Facts>
///     void list(Way& way, Facts& facts) { field(way, "codec", facts.codec); }
template <class Field>
void field(json::Object& object, const char* key, const Field& value) {
    object.set(key, value);
}
template <class Field>
void field(ObjectReader& reader, const char* key, Field& value) {
    reader.read(key, value);
}

/// Two decimals; JSON has no NaN.
inline double rounded(double value) {
    return std::isfinite(value) ? std::round(value * 100) / 100 : 0;
}

inline json::Array to_array(const std::vector<std::string>& texts) {
    json::Array list;
    for (const std::string& text : texts) list.push_back(text);
    return list;
}

/// "cameras": absent = all. An empty list is refused: a script whose list came out empty must not
/// start everything.
inline void read_cameras(ObjectReader& reader, std::vector<std::string>& out) {
    reader.read("cameras", out, kCamerasMax);
    if (reader.failed() || !reader.has("cameras")) return;
    if (out.empty()) {
        reader.fail("cameras", "an empty list; leave the field out to mean all cameras");
        return;
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto checked = check_pattern(out[i]);
        if (!checked) {
            reader.fail("cameras[" + std::to_string(i) + "]", checked.error().message);
            return;
        }
    }
}

/// "client": who asks, as "user@host". What is not clean or too long is made so, not refused: it is
/// only ever shown.
inline void read_client(ObjectReader& reader, std::string& out) {
    reader.read("client", out);
    out = clean_text(out, kClientBytesMax);
}

inline void read_timeout(ObjectReader& reader, std::chrono::milliseconds& out) {
    auto ms = static_cast<std::uint64_t>(out.count());
    reader.read("timeout_ms", ms, {1, kTimeoutMsMax});
    out = std::chrono::milliseconds(ms);
}

/// What every request to cameras ends with: who asks, and whether and how long it waits.
template <class Request>
void read_asking(ObjectReader& reader, Request& request) {
    read_client(reader, request.client);
    reader.read("wait", request.wait);
    read_timeout(reader, request.timeout);
}

template <class Request>
void set_asking(json::Object& object, const Request& request) {
    if (!request.client.empty()) object.set("client", request.client);
    object.set("wait", request.wait);
    object.set("timeout_ms", static_cast<std::int64_t>(request.timeout.count()));
}

/// A reply of cameras: "ok", and "results" with the camera and whatever `read_more` reads, which
/// has to be there: "outcome".
template <class Reply, class ReadMore>
Decoded<Reply> decode_results(std::string_view body, ReadMore read_more) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    Reply reply;
    reader.require("ok");
    reader.require("results");
    reader.read("ok", reply.ok);
    for (const json::Object* item : reader.objects("results")) {
        ObjectReader fields(*item, "results[" + std::to_string(reply.results.size()) + "]");
        auto& result = reply.results.emplace_back();
        fields.require("camera");
        fields.require("outcome");
        fields.read("camera", result.camera);
        read_more(fields, result);
        if (fields.failed()) return fields.error();
    }
    if (reader.failed()) return reader.error();
    return reply;
}

inline std::string encode_results(bool ok, const json::Array& results) {
    json::Object object;
    object.set("ok", ok);
    object.set("results", results);
    return json::write(object);
}

/// A request's body; nothing at all is an object without fields.
inline Decoded<json::Object> parse_request(std::string_view body) {
    const bool blank = body.find_first_not_of(" \t\r\n") == std::string_view::npos;
    return blank ? Decoded<json::Object>(json::Object()) : parse_object(body);
}

}  // namespace st::control
