#include "control/rpc_client.h"

#include "base/units.h"
#include "control/json.h"

namespace st::control {
namespace {

std::size_t skip_blanks(std::string_view text, std::size_t at) {
    at = text.find_first_not_of(" \t\r\n", at);
    return at == std::string_view::npos ? text.size() : at;
}

/// `at` is at a quote; the place behind the closing one.
std::size_t skip_text(std::string_view text, std::size_t at) {
    for (++at; at < text.size(); ++at) {
        if (text[at] == '\\') {
            ++at;
        } else if (text[at] == '"') {
            return at + 1;
        }
    }
    return text.size();
}

std::size_t skip_value(std::string_view text, std::size_t at) {
    int depth = 0;
    while (at < text.size()) {
        const char c = text[at];
        if (c == '"') {
            at = skip_text(text, at);
            if (depth == 0) return at;
            continue;
        }
        if (c == '{' || c == '[') ++depth;
        if ((c == '}' || c == ']') && depth-- == 0) return at;
        if (c == ',' && depth == 0) return at;
        ++at;
    }
    return at;
}

std::string_view without_blanks_behind(std::string_view value) {
    const std::size_t last = value.find_last_not_of(" \t\r\n");
    return value.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::string one_line(std::string_view json) {
    std::string line(json);
    for (char& c : line) {
        if (c == '\n' || c == '\r') c = ' ';  // outside of texts, where JSON allows none
    }
    return line;
}

ApiError decode_rpc_error(std::string_view text) {
    const std::string_view data = raw_member(text, "data");
    const std::string_view code = raw_member(data, "code");
    const std::string_view field = raw_member(data, "field");
    // The shape of the HTTP door's errors, which is read already.
    return decode_error("{\"error\":{\"code\":" + std::string(code.empty() ? "\"\"" : code) +
                            ",\"message\":" + std::string(raw_member(text, "message")) +
                            ",\"field\":" + std::string(field.empty() ? "null" : field) + "}}",
                        400);
}

}  // namespace

std::string_view raw_member(std::string_view object, std::string_view name) {
    std::size_t at = skip_blanks(object, 0);
    if (at >= object.size() || object[at] != '{') return {};
    for (++at;;) {
        at = skip_blanks(object, at);
        if (at >= object.size() || object[at] != '"') return {};
        const std::size_t end = skip_text(object, at);
        const std::string_view key = object.substr(at + 1, end - at - 2);
        at = skip_blanks(object, end);
        if (at >= object.size() || object[at] != ':') return {};
        const std::size_t begin = skip_blanks(object, at + 1);
        at = skip_value(object, begin);
        if (key == name) return without_blanks_behind(object.substr(begin, at - begin));
        at = skip_blanks(object, at);
        if (at >= object.size() || object[at] != ',') return {};
        ++at;
    }
}

std::vector<std::string_view> raw_items(std::string_view list) {
    std::vector<std::string_view> items;
    std::size_t at = skip_blanks(list, 0);
    if (at >= list.size() || list[at] != '[') return items;
    do {
        const std::size_t begin = skip_blanks(list, at + 1);
        at = skip_value(list, begin);
        const auto item = without_blanks_behind(list.substr(begin, at - begin));
        if (!item.empty()) items.push_back(item);
        at = skip_blanks(list, at);
    } while (at < list.size() && list[at] == ',');
    return items;
}

std::string encode_rpc_request(std::uint64_t id, std::string_view method, std::string_view params) {
    std::string text = "{\"jsonrpc\":\"2.0\",\"id\":" + std::to_string(id) + ",\"method\":\"" +
                       std::string(method) + "\"";
    if (!params.empty()) text += ",\"params\":" + std::string(params);
    return text + "}";
}

Result<RpcEvent> decode_rpc_event(std::string_view json) {
    const auto object = parse_object(json);
    if (!object) return Error{object.error().message};
    ObjectReader reader(**object);
    RpcEvent event;
    reader.require("id");
    reader.require("type");
    reader.read("id", event.id);
    reader.read("type", event.type);
    reader.read("time", event.time);
    reader.read("camera", event.camera);
    reader.read("session", event.session);
    if (reader.failed()) return Error{reader.error().message};
    event.json = one_line(json);
    return event;
}

Result<std::optional<RpcIncoming>> decode_rpc_incoming(std::string_view text) {
    const std::string_view method = raw_member(text, "method");
    if (method == "\"event\"") {
        auto event = decode_rpc_event(raw_member(text, "params"));
        if (!event) return event.error();
        return std::optional<RpcIncoming>(std::move(*event));
    }
    if (method == "\"events.lost\"") {
        const auto count = parse_number(raw_member(raw_member(text, "params"), "count"), 1'000'000);
        return std::optional<RpcIncoming>(RpcEventsLost{count ? *count : 0});
    }
    if (!method.empty()) return std::optional<RpcIncoming>();
    RpcAnswer answer;
    if (const auto id = parse_number(raw_member(text, "id"), UINT32_MAX)) answer.id = *id;
    const std::string_view error = raw_member(text, "error");
    if (!error.empty() && error != "null") {
        answer.error = decode_rpc_error(error);
    } else {
        answer.result = raw_member(text, "result");
        if (answer.result.empty()) return Error{"a message without method, result and error"};
    }
    return std::optional<RpcIncoming>(std::move(answer));
}

}  // namespace st::control
