#pragma once
/// Fields that several operations share. Private to libs/control.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <type_traits>
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

/// Two decimals; JSON has no NaN.
inline double rounded(double value) {
    return std::isfinite(value) ? std::round(value * 100) / 100 : 0;
}

inline json::Array to_array(const std::vector<std::string>& texts) {
    json::Array list;
    for (const std::string& text : texts) list.push_back(text);
    return list;
}

// ---- one list of an object's fields, to write and to read them
//
//     constexpr auto kFacts = [](auto& way, auto& facts) {
//         required(way, "codec", facts.codec);
//         field(way, "sizes", facts.sizes);
//     };
//
// write_fields(facts, kFacts) is the object's text, read_fields<Facts>(body, kFacts) the way back.

template <class T>
void field(json::Object& object, const char* key, const T& value) {
    object.set(key, value);
}
inline void field(json::Object& object, const char* key, const std::vector<std::string>& texts) {
    object.set(key, to_array(texts));
}
/// `limit`: see ObjectReader::read; what we write keeps it.
template <class T, class Limit>
void field(json::Object& object, const char* key, const T& value, const Limit& /*limit*/) {
    field(object, key, value);
}
template <class T, class... Limit>
void field(ObjectReader& reader, const char* key, T& value, const Limit&... limit) {
    reader.read(key, value, limit...);
}

/// It has to be there.
inline void require(json::Object& /*object*/, const char* /*key*/) {}
inline void require(ObjectReader& reader, const char* key) { reader.require(key); }
template <class Way, class T>
void required(Way& way, const char* key, T& value) {
    require(way, key);
    field(way, key, value);
}

/// It is written only if it is not what a missing one is taken for.
template <class T, class... Limit>
void rare_field(json::Object& object, const char* key, const T& value, const Limit&... limit) {
    if (value != T{}) field(object, key, value, limit...);
}
template <class T, class... Limit>
void rare_field(ObjectReader& reader, const char* key, T& value, const Limit&... limit) {
    field(reader, key, value, limit...);
}

/// It always says the same, and nobody reads it.
template <class T>
void fixed_field(json::Object& object, const char* key, const T& value) {
    object.set(key, value);
}
template <class T>
void fixed_field(ObjectReader& /*reader*/, const char* /*key*/, const T& /*value*/) {}

/// A measured number, written with two decimals.
inline void rounded_field(json::Object& object, const char* key, double value) {
    object.set(key, rounded(value));
}
inline void rounded_field(ObjectReader& reader, const char* key, double& value) {
    field(reader, key, value);
}

/// One of the table's texts.
template <class Enum, std::size_t N>
void word_field(json::Object& object, const char* key, Enum value,
                const TextTable<Enum, N>& table) {
    object.set(key, text_of(table, value));
}
template <class Enum, std::size_t N>
void word_field(json::Object& object, const char* key, const std::optional<Enum>& value,
                const TextTable<Enum, N>& table) {
    object.set(key, value ? json::Value(text_of(table, *value)) : json::Value());
}
template <class Enum, std::size_t N>
void word_field(ObjectReader& reader, const char* key, Enum& value,
                const TextTable<Enum, N>& table) {
    read_enum(reader, key, table, value);
}
template <class Enum, std::size_t N>
void word_field(ObjectReader& reader, const char* key, std::optional<Enum>& value,
                const TextTable<Enum, N>& table) {
    Enum found{};
    read_enum(reader, key, table, found);
    if (reader.has(key) && !reader.failed()) value = found;
}

template <class T, class List>
json::Object object_of(const T& value, const List& list) {
    json::Object object;
    list(object, value);
    return object;
}

/// An object, which has a list of its own; null stands for none.
template <class T, class List>
void object_field(json::Object& object, const char* key, const T& value, const List& list) {
    object.set(key, object_of(value, list));
}
template <class T, class List>
void object_field(json::Object& object, const char* key, const std::optional<T>& value,
                  const List& list) {
    object.set(key, value ? json::Value(object_of(*value, list)) : json::Value());
}
template <class T, class List>
void object_field(ObjectReader& reader, const char* key, T& value, const List& list) {
    const json::Object* found = reader.object(key);
    if (found == nullptr) return;
    ObjectReader inner(*found, reader.path(key));
    list(inner, value);
    if (inner.failed()) reader.fail(inner.error());
}
template <class T, class List>
void object_field(ObjectReader& reader, const char* key, std::optional<T>& value,
                  const List& list) {
    T found;
    object_field(reader, key, found, list);
    if (reader.has(key) && !reader.failed()) value = std::move(found);
}

/// A list of objects.
template <class T, class List>
void objects_field(json::Object& object, const char* key, const std::vector<T>& values,
                   const List& list) {
    json::Array items;
    for (const T& value : values) items.push_back(object_of(value, list));
    object.set(key, items);
}
template <class T, class List>
void objects_field(ObjectReader& reader, const char* key, std::vector<T>& values,
                   const List& list) {
    for (const json::Object* item : reader.objects(key)) {
        ObjectReader inner(*item, reader.path(key) + "[" + std::to_string(values.size()) + "]");
        list(inner, values.emplace_back());
        if (inner.failed()) return reader.fail(inner.error());
    }
}

/// The same, written only if there are any.
template <class Way, class T, class List>
void rare_objects_field(Way& way, const char* key, T& values, const List& list) {
    if (std::is_same_v<Way, ObjectReader> || !values.empty()) {
        objects_field(way, key, values, list);
    }
}

template <class T, class List>
std::string write_fields(const T& value, const List& list) {
    return json::write(object_of(value, list));
}
template <class T, class List>
Decoded<T> read_fields(std::string_view body, const List& list) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    T value;
    list(reader, value);
    if (reader.failed()) return reader.error();
    return value;
}

/// A request's body; nothing at all is an object without fields.
inline Decoded<json::Object> parse_request(std::string_view body) {
    const bool blank = body.find_first_not_of(" \t\r\n") == std::string_view::npos;
    return blank ? Decoded<json::Object>(json::Object()) : parse_object(body);
}

/// The same of a request, which has no other fields.
template <class T, class List>
Decoded<T> read_request(std::string_view body, const List& list) {
    const auto object = parse_request(body);
    if (!object) return object.error();
    ObjectReader reader(*object);
    T request;
    list(reader, request);
    reader.refuse_unknown();
    if (reader.failed()) return reader.error();
    return request;
}

// ---- fields of several operations

/// "cameras": absent = all. An empty list is refused: a script whose list came out empty must not
/// start everything.
inline void cameras_field(json::Object& object, const std::vector<std::string>& cameras) {
    rare_field(object, "cameras", cameras);
}
inline void cameras_field(ObjectReader& reader, std::vector<std::string>& out) {
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
inline void client_field(json::Object& object, const std::string& client) {
    rare_field(object, "client", client);
}
inline void client_field(ObjectReader& reader, std::string& out) {
    reader.read("client", out);
    out = clean_text(out, kClientBytesMax);
}

inline void timeout_field(json::Object& object, std::chrono::milliseconds timeout) {
    object.set("timeout_ms", timeout.count());
}
inline void timeout_field(ObjectReader& reader, std::chrono::milliseconds& out) {
    auto ms = static_cast<std::uint64_t>(out.count());
    reader.read("timeout_ms", ms, {1, kTimeoutMsMax});
    out = std::chrono::milliseconds(ms);
}

/// What every request to cameras ends with: who asks, and whether and how long it waits.
template <class Way, class Request>
void asking_fields(Way& way, Request& request) {
    client_field(way, request.client);
    field(way, "wait", request.wait);
    timeout_field(way, request.timeout);
}

/// A reply of cameras: "ok", and "results" with the camera and whatever `more` lists.
template <class More>
constexpr auto list_results(const More& more) {
    return [more](auto& way, auto& reply) {
        required(way, "ok", reply.ok);
        require(way, "results");
        objects_field(way, "results", reply.results, [more](auto& inner, auto& result) {
            required(inner, "camera", result.camera);
            more(inner, result);
        });
    };
}

}  // namespace st::control
