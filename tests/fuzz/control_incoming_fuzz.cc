// Any message of a server: it is refused with a text or understood, and the members our scanner
// finds are those the JSON parser finds.
#include <Poco/JSON/Array.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "control/json.h"
#include "control/rpc_client.h"

namespace {

bool is_plain(const std::string& key) {
    return key.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
}

/// The scanner's text of a member, parsed again, must say what the parser said of the whole.
void check_members(const std::string& text) {
    const auto whole = st::control::parse_object(text);
    if (!whole) return;
    for (const auto& [key, value] : **whole) {
        if (!is_plain(key)) continue;  // an escaped key is not looked for as it stands there
        const std::string member(st::control::raw_member(text, key));
        if (member.empty()) std::abort();
        const auto again = st::control::parse_object("{\"x\":" + member + "}");
        if (!again) std::abort();
        auto expected = st::control::ordered_object();
        expected.set("x", value);
        auto got = st::control::ordered_object();
        got.set("x", (*again)->get("x"));
        if (st::control::to_line(expected) != st::control::to_line(got)) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto incoming = st::control::decode_rpc_incoming(text);
    if (!incoming) {
        if (incoming.error().message.empty()) std::abort();
    } else if (*incoming) {
        const auto* answer = std::get_if<st::control::RpcAnswer>(&**incoming);
        if (answer != nullptr && answer->error.has_value() != answer->result.empty()) std::abort();
        const auto* event = std::get_if<st::control::RpcEvent>(&**incoming);
        if (event != nullptr && event->json.find_first_of("\r\n") != std::string::npos)
            std::abort();
    }
    check_members(text);
    const auto list = st::control::parse_json(text);
    if (list && list->type() == typeid(Poco::JSON::Array::Ptr) &&
        st::control::raw_items(text).size() != list->extract<Poco::JSON::Array::Ptr>()->size()) {
        std::abort();
    }
    return 0;
}
