#include "api/tokens.h"

#include <algorithm>
#include <utility>

#include "api/page.h"
#include "api/signed_url.h"
#include "base/clock.h"
#include "base/encodings.h"
#include "base/joined.h"
#include "base/name.h"
#include "base/random.h"
#include "base/secrets.h"
#include "base/text.h"
#include "control/token.h"
#include "digest/digest.h"

namespace st::api {
namespace {

using control::ApiError;
using control::Decoded;
using control::ErrorCode;
using Done = Operations::Done;

std::vector<std::string> texts_of(const std::vector<auth::Role>& roles) {
    std::vector<std::string> texts;
    for (const auth::Role role : roles) texts.emplace_back(auth::to_text(role));
    return texts;
}

Decoded<std::vector<auth::Role>> roles_of(const std::vector<std::string>& texts) {
    std::vector<auth::Role> roles;
    for (const std::string& text : texts) {
        const auto role = auth::parse_role(text);
        if (!role)
            return ApiError{ErrorCode::bad_request, "roles: " + role.error().message, "roles"};
        if (std::find(roles.begin(), roles.end(), *role) == roles.end()) roles.push_back(*role);
    }
    if (!roles.empty()) return roles;
    return ApiError{ErrorCode::bad_request, "roles: expected at least one", "roles"};
}

bool has_token(const auth::Policy& policy, std::string_view name) {
    return std::any_of(policy.tokens.begin(), policy.tokens.end(),
                       [&](const auth::Token& token) { return token.name == name; });
}

}  // namespace

Tokens::Tokens(const Current<auth::Policy>& policy, StoredTokens stored, Store store, Apply apply,
               EventSink& events)
    : policy_(policy),
      stored_(std::move(stored)),
      store_(std::move(store)),
      apply_(std::move(apply)),
      events_(events) {
    apply_(stored_);
}

void Tokens::list(const control::Call& call, const Done& done) const {
    std::vector<control::TokenInfo> all;
    const auto policy = policy_.get();
    for (const auth::Token& token : policy->tokens) {
        control::TokenInfo info{token.name, texts_of(token.roles), {}};
        for (const StoredToken& stored : stored_.all()) {
            if (stored.token.name == token.name) info.created_at = stored.created_at;
        }
        all.push_back(std::move(info));
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    Page page(call);
    for (const control::TokenInfo& info : all) {
        page.add(info.name, [&] { return control::encode(info); });
    }
    done(page.encode());
}

void Tokens::create(const control::Call& call, const Done& done) {
    const auto request = control::decode_token_request(call.body);
    if (!request) return done(request.error());
    const auto roles = roles_of(request->roles);
    if (!roles) return done(roles.error());
    if (!is_valid_name(request->name)) {
        return done(ApiError{ErrorCode::bad_request,
                             "name: expected [A-Za-z0-9][A-Za-z0-9._-]{0,63}", "name"});
    }
    const std::string token = hex_encode(random_bytes<32>());
    StoredToken made{{request->name, digest::sha256(as_bytes(token)), *roles}, rfc3339(wall_us())};
    if (has_token(*policy_.get(), request->name) || !stored_.add(std::move(made))) {
        return done(ApiError{ErrorCode::conflict,
                             "there is a token \"" + request->name + "\" already", "name"});
    }
    control::TokenReply reply{request->name, texts_of(*roles), token};
    const std::string by = call.by(request->client);
    store_(stored_.encode(), [this, done, reply, by](const std::string& problem) {
        if (problem.empty()) {
            apply_(stored_);
            events_.add("token.created",
                        {{"token", reply.name}, {"roles", joined(reply.roles)}, {"by", by}});
            return done(control::encode(reply));
        }
        stored_.revoke(reply.name);
        done(ApiError{ErrorCode::internal, "the token cannot be stored: " + problem, {}});
    });
}

void Tokens::revoke(const control::Call& call, const Done& done) {
    const std::string& name = *call.find("name");
    if (!stored_.revoke(name)) {
        if (has_token(*policy_.get(), name)) {
            return done(ApiError{ErrorCode::conflict,
                                 "\"" + name +
                                     "\" stands in the configuration: take it out of "
                                     "auth.tokens there, and reload",
                                 "name"});
        }
        return done(ApiError{ErrorCode::not_found, "there is no token \"" + name + "\"", "name"});
    }
    apply_(stored_);  // first, whatever the disk says
    events_.add("token.revoked", {{"token", name}, {"by", call.client()}});
    store_(stored_.encode(), [done, name](const std::string& problem) {
        if (problem.empty()) return done(control::encode_done("token", name));
        done(ApiError{ErrorCode::internal,
                      "revoked until a restart only, the file cannot be written: " + problem,
                      {}});
    });
}

void Tokens::sign(const control::Call& call, const Done& done) const {
    const auto request = control::decode_sign_request(call.body);
    if (!request) return done(request.error());
    const auto role = auth::parse_role(request->role);
    if (!role || *role == auth::Role::control) {
        return done(
            ApiError{ErrorCode::bad_request, "role: expected camera, publish or play", "role"});
    }
    const std::string secret = policy_->secret;
    if (secret.empty()) {
        return done(
            ApiError{ErrorCode::conflict, "auth.secret is empty: nothing can be signed", {}});
    }
    const std::int64_t until_s =
        wall_us() / 1'000'000 + static_cast<std::int64_t>(request->expires_s);
    const auto url = signed_url(request->url, *role, secret, until_s);
    if (!url) return done(ApiError{ErrorCode::bad_request, url.error().message, "url"});
    const std::string until = rfc3339(until_s * 1'000'000);
    events_.add("url.signed", {{"url", shown(without_passwords(request->url))},
                               {"role", request->role},
                               {"until", until},
                               {"by", call.by(request->client)}});
    done(control::encode(control::SignReply{*url, until}));
}

}  // namespace st::api
