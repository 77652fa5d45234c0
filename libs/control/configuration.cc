#include "control/configuration.h"

#include "control/fields.h"
#include "control/list.h"

namespace st::control {
namespace {

constexpr auto kReload = [](auto& way, auto& reply) {
    fixed_field(way, "ok", true);
    required(way, "changed", reply.changed);
    required(way, "needs_restart", reply.needs_restart);
};

}  // namespace

std::string encode(const std::vector<ConfigEntry>& entries) {
    List list;
    for (const ConfigEntry& entry : entries) {
        json::Object head;
        head.set("key", entry.key);
        json::Object tail;
        tail.set("source", entry.source);
        std::string item = json::write(head);
        item.back() = ',';
        list.items.push_back(item + "\"value\":" + entry.value + "," + json::write(tail).substr(1));
    }
    return encode(list);
}

Decoded<ConfigEntry> decode_config_entry(std::string_view item) {
    const auto object = parse_object(item, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    ConfigEntry entry;
    reader.require("key");
    reader.require("source");
    reader.read("key", entry.key);
    reader.read("source", entry.source);
    if (reader.failed()) return reader.error();
    entry.value = json::write((*object)["value"]);
    return entry;
}

std::string encode(const ReloadReply& reply) { return write_fields(reply, kReload); }

Decoded<ReloadReply> decode_reload_reply(std::string_view body) {
    return read_fields<ReloadReply>(body, kReload);
}

}  // namespace st::control
