#pragma once
/// tokens.* and sign: who may come in. Pure: values and their JSON. Spec: docs/operations.md,
/// "Tokens and signed URLs". /api/v1/tokens, POST /api/v1/sign.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/error.h"

namespace st::control {

struct TokenInfo {
    std::string name;
    std::vector<std::string> roles;
    std::optional<std::string> created_at;  ///< none: it stands in the configuration
    bool operator==(const TokenInfo&) const = default;
};
std::string encode(const TokenInfo& token);
Decoded<TokenInfo> decode_token_info(std::string_view body);

struct TokenRequest {
    std::string name;
    std::vector<std::string> roles;
    std::string client;
};
Decoded<TokenRequest> decode_token_request(std::string_view body);
std::string encode(const TokenRequest& request);

/// The only time that the token itself is to be seen.
struct TokenReply {
    std::string name;
    std::vector<std::string> roles;
    std::string token;
};
std::string encode(const TokenReply& reply);
Decoded<TokenReply> decode_token_reply(std::string_view body);

struct SignRequest {
    std::string url;  ///< of a stream or camera; or its path alone
    std::string role = "play";
    std::uint64_t expires_s = 3600;  ///< from now on
    std::string client;
};
/// A year.
constexpr std::uint64_t kSignSecondsMax = 366 * 24 * 3600;
Decoded<SignRequest> decode_sign_request(std::string_view body);
std::string encode(const SignRequest& request);

struct SignReply {
    std::string url;
    std::string expires_at;
};
std::string encode(const SignReply& reply);
Decoded<SignReply> decode_sign_reply(std::string_view body);

}  // namespace st::control
