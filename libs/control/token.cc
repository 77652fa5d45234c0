#include "control/token.h"

#include "control/fields.h"

namespace st::control {

using json::Object;

std::string encode(const TokenInfo& token) {
    Object object;
    object.set("name", token.name);
    object.set("roles", to_array(token.roles));
    object.set("created_at", token.created_at);
    return json::write(object);
}

Decoded<TokenInfo> decode_token_info(std::string_view body) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    TokenInfo token;
    reader.require("name");
    reader.read("name", token.name);
    reader.read("roles", token.roles);
    reader.read("created_at", token.created_at);
    if (reader.failed()) return reader.error();
    return token;
}

Decoded<TokenRequest> decode_token_request(std::string_view body) {
    const auto object = parse_request(body);
    if (!object) return object.error();
    ObjectReader reader(*object);
    TokenRequest request;
    reader.require("name");
    reader.require("roles");
    reader.read("name", request.name);
    reader.read("roles", request.roles);
    reader.refuse_unknown();
    if (reader.failed()) return reader.error();
    return request;
}

std::string encode(const TokenRequest& request) {
    Object object;
    object.set("name", request.name);
    object.set("roles", to_array(request.roles));
    return json::write(object);
}

std::string encode(const TokenReply& reply) {
    Object object;
    object.set("name", reply.name);
    object.set("roles", to_array(reply.roles));
    object.set("token", reply.token);
    return json::write(object);
}

Decoded<TokenReply> decode_token_reply(std::string_view body) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    TokenReply reply;
    reader.require("token");
    reader.read("name", reply.name);
    reader.read("roles", reply.roles);
    reader.read("token", reply.token);
    if (reader.failed()) return reader.error();
    return reply;
}

Decoded<SignRequest> decode_sign_request(std::string_view body) {
    const auto object = parse_request(body);
    if (!object) return object.error();
    ObjectReader reader(*object);
    SignRequest request;
    reader.require("url");
    reader.read("url", request.url);
    reader.read("role", request.role);
    reader.read("expires_s", request.expires_s, {1, kSignSecondsMax});
    reader.refuse_unknown();
    if (reader.failed()) return reader.error();
    return request;
}

std::string encode(const SignRequest& request) {
    Object object;
    object.set("url", request.url);
    object.set("role", request.role);
    object.set("expires_s", request.expires_s);
    return json::write(object);
}

std::string encode(const SignReply& reply) {
    Object object;
    object.set("url", reply.url);
    object.set("expires_at", reply.expires_at);
    return json::write(object);
}

Decoded<SignReply> decode_sign_reply(std::string_view body) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    SignReply reply;
    reader.require("url");
    reader.read("url", reply.url);
    reader.read("expires_at", reply.expires_at);
    if (reader.failed()) return reader.error();
    return reply;
}

}  // namespace st::control
