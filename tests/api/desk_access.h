#pragma once
/// A policy under which a token of the name "desk" may control, and what such a client shows.
#include <utility>
#include <vector>

#include "auth/access.h"
#include "base/bytes.h"
#include "digest/digest.h"

namespace st::api {

inline auth::Facts desk_facts() {
    auth::Facts facts;
    facts.peer = *auth::parse_address("10.0.0.7");
    facts.host = "10.0.0.1";
    facts.token = "desk";
    return facts;
}

inline auth::Policy policy_with_tokens(std::vector<auth::Token> tokens) {
    auth::Policy made;
    made.of(auth::Role::control).mode = auth::Mode::token;
    made.tokens = std::move(tokens);
    return made;
}

inline auth::Policy desk_policy() {
    return policy_with_tokens({{"desk", digest::sha256(as_bytes("desk")), {auth::Role::control}}});
}

}  // namespace st::api
