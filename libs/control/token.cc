#include "control/token.h"

#include "control/fields.h"

namespace st::control {
namespace {

constexpr auto kToken = [](auto& way, auto& token) {
    required(way, "name", token.name);
    field(way, "roles", token.roles);
    field(way, "created_at", token.created_at);
};

constexpr auto kTokenRequest = [](auto& way, auto& request) {
    required(way, "name", request.name);
    required(way, "roles", request.roles);
    client_field(way, request.client);
};

constexpr auto kTokenReply = [](auto& way, auto& reply) {
    field(way, "name", reply.name);
    field(way, "roles", reply.roles);
    required(way, "token", reply.token);
};

constexpr auto kSignRequest = [](auto& way, auto& request) {
    required(way, "url", request.url);
    field(way, "role", request.role);
    field(way, "expires_s", request.expires_s, Range{1, kSignSecondsMax});
    client_field(way, request.client);
};

constexpr auto kSignReply = [](auto& way, auto& reply) {
    required(way, "url", reply.url);
    field(way, "expires_at", reply.expires_at);
};

}  // namespace

std::string encode(const TokenInfo& token) { return write_fields(token, kToken); }

Decoded<TokenInfo> decode_token_info(std::string_view body) {
    return read_fields<TokenInfo>(body, kToken);
}

Decoded<TokenRequest> decode_token_request(std::string_view body) {
    return read_request<TokenRequest>(body, kTokenRequest);
}

std::string encode(const TokenRequest& request) { return write_fields(request, kTokenRequest); }

std::string encode(const TokenReply& reply) { return write_fields(reply, kTokenReply); }

Decoded<TokenReply> decode_token_reply(std::string_view body) {
    return read_fields<TokenReply>(body, kTokenReply);
}

Decoded<SignRequest> decode_sign_request(std::string_view body) {
    return read_request<SignRequest>(body, kSignRequest);
}

std::string encode(const SignRequest& request) { return write_fields(request, kSignRequest); }

std::string encode(const SignReply& reply) { return write_fields(reply, kSignReply); }

Decoded<SignReply> decode_sign_reply(std::string_view body) {
    return read_fields<SignReply>(body, kSignReply);
}

}  // namespace st::control
