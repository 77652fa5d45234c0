#include "ws/handshake.h"

#include <algorithm>
#include <stdexcept>

#include "base/encodings.h"
#include "digest/digest.h"

namespace st::ws {
namespace {

constexpr std::string_view kVersion = "13";
/// RFC 6455 section 1.3: proves that the answerer read this RFC and not just any request.
constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The only field of that name; Error 400 if it is missing or comes twice.
Result<std::string> only_field(std::span<const Field> fields, std::string_view name) {
    const std::size_t count = count_fields(fields, name);
    if (count == 1) return *find_field(fields, name);
    return Error{"upgrade: " + std::string(name) + " comes " + std::to_string(count) +
                     " times, expected once",
                 400};
}

std::vector<std::string> read_protocols(std::span<const Field> fields) {
    std::vector<std::string> protocols;
    for (const std::string_view protocol : list_elements(fields, "Sec-WebSocket-Protocol")) {
        if (is_token(protocol)) protocols.emplace_back(protocol);
    }
    return protocols;
}

}  // namespace

std::string accept_key(std::string_view key) {
    std::string text(key);
    text += kGuid;
    return base64_encode(digest::sha1(as_bytes(text)));
}

bool asks_for_websocket(std::span<const Field> fields) {
    return list_has(fields, "Upgrade", "websocket");
}

Result<Upgrade> check_upgrade(std::string_view method, int version_minor,
                              std::span<const Field> fields) {
    if (method != "GET") {
        return Error{"upgrade: method " + std::string(method) + ", expected GET", 405};
    }
    if (version_minor < 1) return Error{"upgrade: HTTP/1.0, expected HTTP/1.1", 400};
    if (!asks_for_websocket(fields)) {
        return Error{"upgrade: the Upgrade field does not name websocket", 400};
    }
    if (!list_has(fields, "Connection", "upgrade")) {
        return Error{"upgrade: the Connection field does not name upgrade", 400};
    }
    auto version = only_field(fields, "Sec-WebSocket-Version");
    if (!version) return Error{version.error().message, 426};
    if (*version != kVersion) {
        return Error{"upgrade: Sec-WebSocket-Version " + *version + ", expected 13", 426};
    }
    auto key = only_field(fields, "Sec-WebSocket-Key");
    if (!key) return key.error();
    const auto nonce = base64_decode(*key);
    if (!nonce || nonce->size() != kNonceBytes) {
        return Error{"upgrade: Sec-WebSocket-Key is not 16 bytes in base64", 400};
    }
    return Upgrade{accept_key(*key), read_protocols(fields)};
}

std::string encode_upgrade_answer(const Upgrade& upgrade, std::string_view protocol) {
    std::string head = "HTTP/1.1 101 Switching Protocols\r\n";
    append_field(head, "Upgrade", "websocket");
    append_field(head, "Connection", "Upgrade");
    append_field(head, "Sec-WebSocket-Accept", upgrade.accept);
    if (!protocol.empty()) append_field(head, "Sec-WebSocket-Protocol", protocol);
    head += "\r\n";
    return head;
}

std::string encode_upgrade_request(std::string_view host, std::string_view target,
                                   const Nonce& nonce, std::span<const std::string> protocols,
                                   std::span<const Field> extra) {
    const bool clean =
        std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7F; });
    if (target.empty() || target.front() != '/' || !clean) {
        throw std::invalid_argument("upgrade: the target is not an encoded path: " +
                                    std::string(target));
    }
    std::string head = "GET ";
    head.append(target).append(" HTTP/1.1\r\n");
    append_field(head, "Host", host);
    append_field(head, "Upgrade", "websocket");
    append_field(head, "Connection", "Upgrade");
    append_field(head, "Sec-WebSocket-Key", base64_encode(nonce));
    append_field(head, "Sec-WebSocket-Version", kVersion);
    std::string offer;
    for (const std::string& protocol : protocols) offer += (offer.empty() ? "" : ", ") + protocol;
    if (!offer.empty()) append_field(head, "Sec-WebSocket-Protocol", offer);
    for (const Field& field : extra) append_field(head, field.name, field.value);
    head += "\r\n";
    return head;
}

Result<std::string> check_upgrade_answer(int status, std::span<const Field> fields,
                                         const Nonce& nonce,
                                         std::span<const std::string> protocols) {
    if (status != 101) {
        return Error{"upgrade: the server answered " + std::to_string(status), status};
    }
    if (!asks_for_websocket(fields) || !list_has(fields, "Connection", "upgrade")) {
        return Error{"upgrade: the answer switches to something that is not a WebSocket"};
    }
    auto accept = only_field(fields, "Sec-WebSocket-Accept");
    if (!accept) return Error{accept.error().message};
    if (*accept != accept_key(base64_encode(nonce))) {
        return Error{"upgrade: Sec-WebSocket-Accept does not answer our key"};
    }
    if (find_field(fields, "Sec-WebSocket-Extensions") != nullptr) {
        return Error{"upgrade: the server chose an extension that was not offered"};
    }
    const std::vector<std::string> chosen = read_protocols(fields);
    if (chosen.empty()) return std::string();
    const bool offered =
        std::find(protocols.begin(), protocols.end(), chosen[0]) != protocols.end();
    if (chosen.size() > 1 || !offered) {
        return Error{"upgrade: the server chose subprotocol " + chosen[0] +
                     ", which was not offered"};
    }
    return chosen[0];
}

}  // namespace st::ws
