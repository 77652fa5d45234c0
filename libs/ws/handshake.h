#pragma once
/// The opening handshake, both sides. RFC 6455 section 4. Pure: heads in, texts out. No extension
/// is ever negotiated (permessage-deflate offers are ignored).
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/field.h"
#include "base/result.h"

namespace st::ws {

constexpr std::size_t kNonceBytes = 16;
using Nonce = std::array<std::uint8_t, kNonceBytes>;

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key.
std::string accept_key(std::string_view key);

/// True if the request asks to become a WebSocket (Upgrade names websocket, whatever its case):
/// then check_upgrade() decides; else it is plain HTTP.
bool asks_for_websocket(std::span<const Field> fields);

/// What a good upgrade request said.
struct Upgrade {
    std::string accept;                  ///< for the answer
    std::vector<std::string> protocols;  ///< subprotocols offered, in the client's order
};

/// Server: checks an upgrade request: GET, HTTP/1.1, Upgrade, Connection, a key of 16 bytes,
/// version 13. Error.code is the HTTP status to answer: 400; 405; 426 (with
/// "Sec-WebSocket-Version: 13").
Result<Upgrade> check_upgrade(std::string_view method, int version_minor,
                              std::span<const Field> fields);

/// Server: the whole 101 answer. `protocol` "" leaves its line out.
std::string encode_upgrade_answer(const Upgrade& upgrade, std::string_view protocol = {});

/// Client: the whole request. `nonce` is 16 random bytes. `target` is origin-form; `extra` are more
/// fields (Authorization, Origin). Throws std::invalid_argument if an argument would break the
/// head.
std::string encode_upgrade_request(std::string_view host, std::string_view target,
                                   const Nonce& nonce, std::span<const std::string> protocols = {},
                                   std::span<const Field> extra = {});

/// Client: checks the answer's head; the subprotocol chosen, "" if none. Error.code is the status
/// if it was not 101, else 0.
Result<std::string> check_upgrade_answer(int status, std::span<const Field> fields,
                                         const Nonce& nonce,
                                         std::span<const std::string> protocols = {});

}  // namespace st::ws
