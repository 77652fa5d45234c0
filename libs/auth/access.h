#pragma once
/// Who may do what: one decision per request, before anything changes. Pure; any thread.
#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/address.h"
#include "base/field.h"
#include "base/result.h"
#include "digest/digest.h"

namespace st::auth {

/// What a request wants to be.
enum class Role : std::uint8_t { camera, publish, play, control };
constexpr std::size_t kRoles = 4;
using Roles = std::bitset<kRoles>;  ///< by Role
std::string_view to_text(Role role);
Result<Role> parse_role(std::string_view text);

/// Who may take a role.
///   open        everybody
///   local       whoever may open the control socket or read the local token beside it
///   loopback    every account of this machine, by 127.0.0.0/8 or ::1
///   token       a token of auth.tokens
///   signed_url  a URL signed for this role and path
enum class Mode : std::uint8_t { open, local, loopback, token, signed_url };
std::span<const std::string_view> mode_names();  ///< by Mode

struct RolePolicy {
    Mode mode = Mode::open;
    std::vector<Range> allow;  ///< empty: everybody
    std::vector<Range> deny;   ///< comes first
};

struct Token {
    std::string name;         ///< for the log
    digest::Sha256 sha256{};  ///< of the token; the token itself is stored nowhere
    std::vector<Role> roles;
};

struct Policy {
    std::array<RolePolicy, kRoles> roles{
        RolePolicy{}, RolePolicy{}, RolePolicy{},
        RolePolicy{.mode = Mode::local, .allow = {}, .deny = {}}};  ///< by Role
    std::vector<Token> tokens;
    std::optional<digest::Sha256> local_token;  ///< of the token beside the control socket
    std::string secret;                         ///< of signed URLs; empty: none is right
    std::vector<Range> trusted_proxies;
    std::vector<std::string> hosts;    ///< names, besides localhost, this machine is reached by
    std::vector<std::string> origins;  ///< other sites whose pages may act here; "*": any may play

    const RolePolicy& of(Role role) const { return roles[static_cast<std::size_t>(role)]; }
    RolePolicy& of(Role role) { return roles[static_cast<std::size_t>(role)]; }
};

/// What a decision looks at.
struct Facts {
    Address peer;  ///< who asks; behind a trusted proxy the address that the proxy vouches for
    bool on_control_socket = false;     ///< the kernel has checked the right to open it
    std::string host;                   ///< Host as sent, "" if none
    std::optional<std::string> origin;  ///< Origin, if sent
    bool is_browser = false;            ///< Origin or Sec-Fetch-* is there
    bool is_http = true;                ///< else no browser can have sent it: RTMP
    bool is_from_other_site = false;   ///< Sec-Fetch-* says so; browsers send it without Origin too
    bool forwarded = false;            ///< through a proxy that is not trusted
    std::optional<std::string> token;  ///< of Authorization: Bearer, else of ?token=
    Roles session;                     ///< what the browser's session (httpd/sessions.h) gives
    // For a role that is "signed":
    std::string path;                 ///< "/app/name"; a camera's is "/camera/<name>"
    std::optional<std::string> sign;  ///< of ?sign=
    std::int64_t now_s = 0;           ///< Unix time
};

/// Collects the facts of a request from `peer`. `query_token`: the value of ?token=, nullptr if
/// there is none.
Facts gather_facts(const Policy& policy, const Address& peer, std::string_view host,
                   std::span<const Field> fields, const std::string* query_token);

/// May this request take that role? Error.code 401 (ask for a token: send "WWW-Authenticate:
/// Bearer") or 403; the message says why and what to do about it, and may be shown to the client.
Result<void> check_access(const Policy& policy, Role role, const Facts& facts);

/// The same without the token: for a WebSocket that sends it as its first message. True if a
/// missing token is all that stands in the way.
bool waits_for_token(const Policy& policy, Role role, const Facts& facts);

/// Whether a token was asked for and the one that came is not right: what a guess looks like. One
/// that is missing, or a signature that has expired, is none.
bool has_wrong_token(const Policy& policy, Role role, const Facts& facts);

/// True if `token` is one of auth.tokens for `role`, or the local token where the role is `local`.
/// Time does not depend on how much of a token is right.
bool is_valid_token(const Policy& policy, Role role, std::string_view token);

/// What the token with that digest is good for, likewise.
Roles roles_of_token(const Policy& policy, const digest::Sha256& token);

/// What "Access-Control-Allow-Origin" of an answer to this request may be: its origin or "*" if
/// web.origins names it, else "" for none.
std::string allowed_origin(const Policy& policy, const Facts& facts);

/// One line for the log at start: "control: this machine only", "play: open to everybody".
std::string describe(const Policy& policy, Role role);

}  // namespace st::auth
