#include "api/stored_tokens.h"

#include <algorithm>
#include <utility>

#include "base/encodings.h"
#include "base/name.h"
#include "digest/digest.h"
#include "json/read.h"
#include "json/write.h"

namespace st::api {
namespace {

constexpr json::Limits kFile{std::size_t{4} << 20, 8};

Result<StoredToken> decode_one(const json::Object& object) {
    StoredToken stored;
    stored.token.name = object["name"].text_or_empty();
    if (!is_valid_name(stored.token.name)) return Error{"a token without a name"};
    const auto digest = digest::parse_sha256(object["sha256"].text_or_empty());
    if (!digest) return Error{stored.token.name + ": " + digest.error().message};
    stored.token.sha256 = *digest;
    stored.created_at = object["created_at"].text_or_empty();
    const json::Array* roles = object["roles"].array();
    if (roles == nullptr || roles->empty()) return Error{stored.token.name + ": no roles"};
    for (const json::Value& role : *roles) {
        const auto parsed = auth::parse_role(role.text_or_empty());
        if (!parsed) return Error{stored.token.name + ": " + parsed.error().message};
        stored.token.roles.push_back(*parsed);
    }
    return stored;
}

}  // namespace

Result<StoredTokens> StoredTokens::decode(std::string_view text) {
    const auto value = json::read(text, kFile);
    if (!value) return Error{value.error().message};
    const json::Object* object = value->object();
    const json::Array* tokens = object == nullptr ? nullptr : (*object)["tokens"].array();
    if (tokens == nullptr) return Error{"expected an object with the list \"tokens\""};
    StoredTokens stored;
    for (const json::Value& item : *tokens) {
        if (item.object() == nullptr) return Error{"tokens: expected objects"};
        auto one = decode_one(*item.object());
        if (!one) return one.error();
        const std::string name = one->token.name;
        if (!stored.add(std::move(*one))) return Error{name + ": stands twice, or too many tokens"};
    }
    return stored;
}

std::string StoredTokens::encode() const {
    json::Array tokens;
    for (const StoredToken& stored : all_) {
        json::Array roles;
        for (const auth::Role role : stored.token.roles) roles.push_back(auth::to_text(role));
        json::Object object;
        object.set("name", stored.token.name);
        object.set("sha256", hex_encode(Bytes(stored.token.sha256)));
        object.set("roles", roles);
        object.set("created_at", stored.created_at);
        tokens.push_back(object);
    }
    json::Object object;
    object.set("version", 1);
    object.set("tokens", tokens);
    return json::write(object) + "\n";
}

bool StoredTokens::add(StoredToken token) {
    const bool is_taken = std::any_of(all_.begin(), all_.end(), [&](const StoredToken& known) {
        return known.token.name == token.token.name;
    });
    if (is_taken || all_.size() >= kMax) return false;
    all_.push_back(std::move(token));
    return true;
}

bool StoredTokens::revoke(std::string_view name) {
    return std::erase_if(all_, [&](const StoredToken& known) { return known.token.name == name; }) >
           0;
}

}  // namespace st::api
