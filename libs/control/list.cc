#include "control/list.h"

#include "control/fields.h"

namespace st::control {

std::string encode(const List& list) {
    std::string text = R"({"items":[)";
    for (const std::string& item : list.items) {
        if (text.back() != '[') text += ',';
        text += item;
    }
    json::Object tail;
    tail.set("next", list.next);
    if (list.is_building) tail.set("building", true);
    return text + "]," + json::write(tail).substr(1);
}

Decoded<List> decode_list(std::string_view body) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    List list;
    reader.require("items");
    for (const json::Object* item : reader.objects("items")) {
        list.items.push_back(json::write(*item));
    }
    reader.read("next", list.next);
    reader.read("building", list.is_building);
    if (reader.failed()) return reader.error();
    return list;
}

namespace {

std::string done_with(std::string_view what, json::Value name) {
    json::Object object;
    object.set("ok", true);
    object.set(std::string(what), name);
    return json::write(object);
}

}  // namespace

std::string encode_done(std::string_view what, std::string_view name) {
    return done_with(what, std::string(name));
}

std::string encode_done(std::string_view what, std::uint64_t number) {
    return done_with(what, number);
}

}  // namespace st::control
