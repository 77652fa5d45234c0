#include "control/configuration.h"

#include <Poco/JSON/Parser.h>
#include <Poco/JSON/Stringifier.h>

#include <sstream>

#include "control/fields.h"
#include "control/list.h"

namespace st::control {
namespace {

/// A value of ours as it goes between two braces.
std::string text_of(const Poco::Dynamic::Var& value) {
    std::ostringstream out;
    Poco::JSON::Stringifier::stringify(value, out);
    return out.str();
}

}  // namespace

std::string encode(const std::vector<ConfigEntry>& entries) {
    List list;
    for (const ConfigEntry& entry : entries) {
        auto head = ordered_object();
        head.set("key", entry.key);
        auto tail = ordered_object();
        tail.set("source", entry.source);
        std::string item = to_line(head);
        item.back() = ',';
        list.items.push_back(item + "\"value\":" + entry.value + "," + to_line(tail).substr(1));
    }
    return encode(list);
}

Decoded<ConfigEntry> decode_config_entry(std::string_view item) {
    const auto object = parse_object(item);
    if (!object) return object.error();
    ObjectReader reader(**object);
    ConfigEntry entry;
    reader.require("key");
    reader.require("source");
    reader.read("key", entry.key);
    reader.read("source", entry.source);
    if (reader.failed()) return reader.error();
    entry.value = text_of((*object)->get("value"));
    return entry;
}

std::string encode(const ReloadReply& reply) {
    auto object = ordered_object();
    object.set("ok", true);
    object.set("changed", to_array(reply.changed));
    object.set("needs_restart", to_array(reply.needs_restart));
    return to_line(object);
}

Decoded<ReloadReply> decode_reload_reply(std::string_view body) {
    const auto object = parse_object(body, kReplyBytesMax);
    if (!object) return object.error();
    ObjectReader reader(**object);
    ReloadReply reply;
    reader.require("changed");
    reader.require("needs_restart");
    reader.read("changed", reply.changed);
    reader.read("needs_restart", reply.needs_restart);
    if (reader.failed()) return reader.error();
    return reply;
}

}  // namespace st::control
