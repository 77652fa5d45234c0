#include "api/login.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "api/answers.h"
#include "base/clock.h"
#include "base/field.h"
#include "base/random.h"
#include "control/error.h"
#include "control/fields.h"
#include "control/json.h"
#include "httpd/answers.h"
#include "json/write.h"

namespace st::api {
namespace {

using control::Decoded;

struct Proof {
    std::string token;
    std::string once;
};

Decoded<Proof> read_proof(const std::string& body) {
    const auto object = control::parse_request(body);
    if (!object) return object.error();
    Proof proof;
    control::ObjectReader reader(*object);
    reader.read("token", proof.token);
    reader.read("once", proof.once);
    reader.refuse_unknown();
    if (reader.failed()) return reader.error();
    if (proof.token.empty() && proof.once.empty()) {
        return control::ApiError{
            control::ErrorCode::unauthorized, "a token or the code of a link is needed", {}};
    }
    if (!proof.token.empty() && !proof.once.empty()) {
        return control::ApiError{
            control::ErrorCode::bad_request, "expected either \"token\" or \"once\"", {}};
    }
    return proof;
}

std::int64_t now_s() { return wall_us() / 1'000'000; }

Field cookie_field(const httpd::Sessions& sessions, const std::string& value, std::int64_t seconds,
                   bool is_secure) {
    return {"Set-Cookie", sessions.cookie_name() + "=" + value +
                              "; Path=/; Max-Age=" + std::to_string(seconds) +
                              "; HttpOnly; SameSite=Strict" + (is_secure ? "; Secure" : "")};
}

/// What a role's name is in the list of rights.
constexpr std::array kAllRoles{auth::Role::camera, auth::Role::publish, auth::Role::play,
                               auth::Role::control};

/// From where it comes counts as for any other request: a page of another site logs nobody in. One
/// role that it may take from there is enough, the others are checked when they are used.
Result<void> check_surroundings(const auth::Policy& policy, const auth::Facts& facts) {
    Result<void> may;
    for (const auth::Role role : kAllRoles) {
        if (!facts.session[static_cast<std::size_t>(role)]) continue;
        auto its = auth::check_access(policy, role, facts);
        if (its) return its;
        if (may) may = its;
    }
    return may;
}

}  // namespace

std::string make_login_link(httpd::Sessions& sessions) {
    json::Object object;
    object.set("once", sessions.add_link(random_bytes<32>(), now_s()));
    object.set("expires_in_ms", std::uint64_t{1000} * httpd::Sessions::kLinkSeconds);
    return json::write(object);
}

std::optional<httpd::Plan> Login::plan(const httpd::Request& request) {
    const std::string& path = request.target.path;
    const bool is_login = path == "/api/v1/login";
    if (!is_login && path != "/api/v1/logout") return std::nullopt;
    const std::string& method = request.head.method;
    const std::string allowed = is_login ? "GET, HEAD, POST" : "POST";
    httpd::Plan plan;
    if (method == "POST") {
        plan.answer = [this, is_login](const httpd::Request& asked, const httpd::Reply& reply) {
            is_login ? log_in(asked, reply) : reply({log_out(asked), {}});
        };
    } else if (is_login && (method == "GET" || method == "HEAD")) {
        plan.answer = [this](const httpd::Request& asked, const httpd::Reply& reply) {
            answer_rights(asked, reply);
        };
    } else {
        plan.refusal = httpd::method_refusal(method, allowed);
    }
    return plan;
}

void Login::log_in(const httpd::Request& request, const httpd::Reply& reply) {
    const auto proof = read_proof(request.body);
    if (!proof) return reply({refusal(proof.error()), {}});
    const auto policy = parts_.policy.get();
    auth::Facts facts = request.facts;
    if (!proof->token.empty()) {
        facts.session = auth::roles_of_token(*policy, digest::sha256(as_bytes(proof->token)));
        if (facts.session.none()) return refuse_later(request, reply);
    } else {
        facts.session.set(static_cast<std::size_t>(auth::Role::control));
    }
    if (const auto may = check_surroundings(*policy, facts); !may) {
        return reply({httpd::error_response(may.error().code, may.error().message), {}});
    }
    std::optional<std::string> cookie;
    if (!proof->token.empty()) {
        cookie = parts_.sessions.open_by_token(proof->token, random_bytes<32>(), now_s());
    } else {
        cookie = parts_.sessions.open_by_link(proof->once, random_bytes<32>(), now_s());
    }
    if (!cookie) return refuse_later(request, reply);
    parts_.log.info("logged in: a browser at " + request.peer.text +
                    (proof->token.empty() ? " by a link" : " by a token"));
    facts.session = parts_.sessions.roles_of(*cookie, *policy, now_s());
    http::Response response = tell_rights(facts);
    response.fields.push_back(cookie_field(parts_.sessions, *cookie,
                                           httpd::Sessions::kSessionSeconds, request.is_secure));
    reply({std::move(response), {}});
}

http::Response Login::log_out(const httpd::Request& request) {
    parts_.sessions.close(parts_.sessions.cookie_of(request.head.fields));
    auth::Facts facts = request.facts;
    facts.session.reset();
    http::Response response = tell_rights(facts);
    response.fields.push_back(cookie_field(parts_.sessions, "", 0, request.is_secure));
    return response;
}

http::Response Login::tell_rights(const auth::Facts& facts) const {
    const auto policy = parts_.policy.get();
    json::Object rights;
    for (const auth::Role role : kAllRoles) {
        rights.set(std::string(auth::to_text(role)), auth::check_access(*policy, role, facts).ok());
    }
    return json_response(json::write(rights));
}

/// What a token is good for is told to whoever guesses one as slowly as by any other door.
void Login::answer_rights(const httpd::Request& request, const httpd::Reply& reply) {
    const auto policy = parts_.policy.get();
    const auth::Facts& facts = request.facts;
    const auto is_wrong = [&](auth::Role role) {
        return auth::has_wrong_token(*policy, role, facts);
    };
    const bool is_guess =
        std::any_of(kAllRoles.begin(), kAllRoles.end(), is_wrong) &&
        auth::roles_of_token(*policy, digest::sha256(as_bytes(*facts.token))).none();
    if (!is_guess) return reply({tell_rights(facts), {}});
    reply_later(request, reply, tell_rights(facts));
}

void Login::refuse_later(const httpd::Request& request, const httpd::Reply& reply) {
    reply_later(
        request, reply,
        httpd::error_response(401,
                              "unknown: a token that is not one of auth.tokens, or a link that was "
                              "used or is older than a minute"));
}

/// As for a wrong token of any other request: the longer, the more were wrong.
void Login::reply_later(const httpd::Request& request, const httpd::Reply& reply,
                        http::Response response) {
    const auto delay = parts_.wrong_tokens.add(request.facts.peer);
    parts_.control.post([this, reply, delay, response = std::move(response)] {
        parts_.control.after(delay, [reply, response] { reply({response, {}}); });
    });
}

}  // namespace st::api
