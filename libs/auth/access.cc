#include "auth/access.h"

#include <algorithm>

#include "auth/forwarded.h"
#include "auth/signature.h"
#include "base/text.h"

namespace st::auth {
namespace {

constexpr std::array<std::string_view, kRoles> kRoleNames{"camera", "publish", "play", "control"};
constexpr std::array<std::string_view, 5> kModeNames{"open", "local", "loopback", "token",
                                                     "signed"};

Error forbidden(std::string message) { return Error{std::move(message), 403}; }

struct Authority {
    std::string_view host;
    std::string_view port;  ///< "" if none was written
};

/// "[::1]:80" -> "::1", "80". The text was checked by whoever read the head.
Authority split_authority(std::string_view text) {
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return {};
        const std::string_view rest = text.substr(end + 1);
        return {text.substr(1, end - 1), rest.starts_with(':') ? rest.substr(1) : ""};
    }
    const auto colon = std::min(text.find(':'), text.size());
    return {text.substr(0, colon), text.substr(std::min(colon + 1, text.size()))};
}

/// A name an attacker cannot make his own name server point at us: DNS rebinding needs a name.
bool is_trusted_host(const Policy& policy, std::string_view host_field) {
    const Authority authority = split_authority(host_field);
    if (iequals(authority.host, "localhost") || parse_address(authority.host).ok()) return true;
    return std::any_of(policy.hosts.begin(), policy.hosts.end(), [&](const std::string& host) {
        return iequals(host, authority.host) || iequals(host, host_field);
    });
}

/// True if a page of `origin` ("scheme://host[:port]") was loaded from `host_field`.
bool is_same_origin(std::string_view origin, std::string_view host_field) {
    std::string_view scheme_port;
    for (const auto& [scheme, port] :
         {std::pair<std::string_view, std::string_view>{"http://", "80"}, {"https://", "443"}}) {
        if (!iequals(origin.substr(0, scheme.size()), scheme)) continue;
        scheme_port = port;
        origin.remove_prefix(scheme.size());
        break;
    }
    if (scheme_port.empty()) return false;
    Authority from = split_authority(origin);
    Authority to = split_authority(host_field);
    // Behind a proxy that ends TLS only the browser knows the scheme: its default port stands for
    // no port on both sides.
    if (from.port == scheme_port) from.port = {};
    if (to.port == scheme_port) to.port = {};
    return !from.host.empty() && iequals(from.host, to.host) && from.port == to.port;
}

bool is_loopback(const Facts& facts) {
    return facts.on_control_socket || (facts.peer.is_loopback() && !facts.forwarded);
}

bool is_listed_origin(const Policy& policy, std::string_view origin) {
    return std::any_of(policy.origins.begin(), policy.origins.end(),
                       [&](const std::string& listed) { return iequals(listed, origin); });
}

/// "*" in web.origins gives pages of any site what anybody may have, never more than watching.
bool is_open_to_any_page(const Policy& policy, Role role) {
    return role == Role::play && is_listed_origin(policy, "*");
}

/// A page must not act here for whoever happens to look at it, unless it was served from here or
/// web.origins names its site.
Result<void> check_page(const Policy& policy, Role role, const Facts& facts) {
    const std::string name(to_text(role));
    const std::string advice = ": open the page from the server itself, or add it to web.origins";
    if (!facts.origin) {
        if (!facts.is_from_other_site) return {};
        return forbidden(name + ": a page of another site asks, and does not say which" + advice);
    }
    // Libraries of embedded cameras send this; a browser only does for a page on its own disk.
    if (*facts.origin == "file://" && role != Role::control) return {};
    if (is_same_origin(*facts.origin, facts.host)) return {};
    if (*facts.origin != "*" && is_listed_origin(policy, *facts.origin)) return {};
    return forbidden(name + ": the page's origin \"" + shown(*facts.origin) +
                     "\" is not this server \"" + shown(facts.host) + "\"" + advice);
}

/// Everything but the mode.
Result<void> check_surroundings(const Policy& policy, Role role, const Facts& facts) {
    const RolePolicy& rules = policy.of(role);
    const std::string name(to_text(role));
    if (!facts.on_control_socket && (is_in(rules.deny, facts.peer) ||
                                     (!rules.allow.empty() && !is_in(rules.allow, facts.peer)))) {
        return forbidden(name + ": your address is not in the ranges allowed for this role");
    }
    if (is_open_to_any_page(policy, role)) return {};
    // A page that made its own name point here (DNS rebinding) is "same origin" for its browser,
    // which then sends neither Origin nor, without TLS, Sec-Fetch-*. No browser opens the socket.
    const bool rests_on_place =
        facts.is_http && !facts.on_control_socket &&
        (role == Role::control || rules.mode == Mode::local || rules.mode == Mode::loopback);
    if ((facts.is_browser || rests_on_place) && !is_trusted_host(policy, facts.host)) {
        return forbidden(name + ": Host \"" + shown(facts.host) +
                         "\" is neither an IP address nor a name of this machine: add it to "
                         "web.hosts, or use the address");
    }
    return facts.is_browser ? check_page(policy, role, facts) : Result<void>{};
}

std::ptrdiff_t count_tokens(const Policy& policy, Role role) {
    return std::count_if(policy.tokens.begin(), policy.tokens.end(), [role](const Token& token) {
        return std::find(token.roles.begin(), token.roles.end(), role) != token.roles.end();
    });
}

bool has_session(const Facts& facts, Role role) {
    return facts.session[static_cast<std::size_t>(role)];
}

Error not_from_this_machine(std::string_view name, const Facts& facts) {
    std::string text = std::string(name) + ": allowed from this machine only";
    if (facts.peer.is_loopback()) {
        text +=
            ", and this request came through a proxy that does not say for whom: see \"Behind "
            "a proxy\" in docs/operations.md";
    } else {
        text += ": use an SSH tunnel, or set auth." + std::string(name) +
                " to \"token\" and add a token";
    }
    return forbidden(std::move(text));
}

bool needs_token(const Policy& policy, Role role, const Facts& facts) {
    const Mode mode = policy.of(role).mode;
    const bool takes_token =
        mode == Mode::token || (mode == Mode::local && !facts.on_control_socket);
    return takes_token && !has_session(facts, role);
}

Result<void> check_token(const Policy& policy, Role role, const Facts& facts) {
    const std::string name(to_text(role));
    if (has_session(facts, role)) return {};
    if (facts.token && is_valid_token(policy, role, *facts.token)) return {};
    if (facts.token) return Error{name + ": the token is unknown or not for this role", 401};
    if (policy.of(role).mode == Mode::token) return Error{name + ": a token is needed", 401};
    return Error{name +
                     ": for the account that runs the server, by its control socket or with the "
                     "token beside it; from elsewhere a token of auth.tokens is needed",
                 401};
}

}  // namespace

std::string_view to_text(Role role) { return kRoleNames[static_cast<std::size_t>(role)]; }

Result<Role> parse_role(std::string_view text) {
    for (std::size_t i = 0; i < kRoleNames.size(); ++i) {
        if (text == kRoleNames[i]) return static_cast<Role>(i);
    }
    return Error{"role \"" + std::string(text) + "\", expected camera, publish, play or control"};
}

std::span<const std::string_view> mode_names() { return kModeNames; }

Facts gather_facts(const Policy& policy, const Address& peer, std::string_view host,
                   std::span<const Field> fields, const std::string* query_token) {
    constexpr std::string_view kBearer = "bearer ";
    constexpr std::string_view kFetchPrefix = "sec-fetch-";
    Facts facts;
    const Client client = find_client(policy.trusted_proxies, peer, fields);
    facts.peer = client.address;
    facts.forwarded = client.is_behind_stranger;
    facts.host = host;
    bool is_foreign = false;
    bool is_navigation = false;
    for (const Field& field : fields) {
        const std::string_view name = field.name;
        if (iequals(name, "Origin")) {
            // Two of them are joined, so that they equal nothing.
            facts.origin = facts.origin ? *facts.origin + ", " + field.value : field.value;
            facts.is_browser = true;
        } else if (iequals(name, "Authorization") && !facts.token &&
                   iequals(std::string_view(field.value).substr(0, kBearer.size()), kBearer)) {
            facts.token = trim(std::string_view(field.value).substr(kBearer.size()));
        } else if (iequals(name.substr(0, kFetchPrefix.size()), kFetchPrefix)) {
            facts.is_browser = true;
            const std::string_view fetch = name.substr(kFetchPrefix.size());
            // "same-site" includes other ports of this machine.
            is_foreign = is_foreign || (iequals(fetch, "Site") && (field.value == "cross-site" ||
                                                                   field.value == "same-site"));
            is_navigation = is_navigation || (iequals(fetch, "Mode") && field.value == "navigate");
        }
    }
    // A link on another site may lead here: its page does not get to see what we answer.
    facts.is_from_other_site = is_foreign && !is_navigation;
    if (!facts.token && query_token != nullptr) facts.token = *query_token;
    return facts;
}

bool is_valid_token(const Policy& policy, Role role, std::string_view token) {
    return roles_of_token(policy, digest::sha256(as_bytes(token)))[static_cast<std::size_t>(role)];
}

Roles roles_of_token(const Policy& policy, const digest::Sha256& token) {
    Roles roles;
    const bool is_local =
        policy.local_token && digest::equal_constant_time(*policy.local_token, token);
    for (std::size_t i = 0; i < kRoles; ++i) {
        roles[i] = is_local && policy.roles[i].mode == Mode::local;
    }
    for (const Token& known : policy.tokens) {
        const bool is_equal = digest::equal_constant_time(known.sha256, token);
        for (const Role role : known.roles) {
            const auto i = static_cast<std::size_t>(role);
            roles[i] = roles[i] || is_equal;
        }
    }
    return roles;
}

Result<void> check_access(const Policy& policy, Role role, const Facts& facts) {
    if (auto checked = check_surroundings(policy, role, facts); !checked) return checked;
    switch (policy.of(role).mode) {
        case Mode::open:
            return {};
        case Mode::local:
            if (facts.on_control_socket) return {};
            return check_token(policy, role, facts);
        case Mode::loopback:
            if (is_loopback(facts)) return {};
            return not_from_this_machine(to_text(role), facts);
        case Mode::token:
            return check_token(policy, role, facts);
        case Mode::signed_url:
            break;
    }
    if (has_session(facts, role)) return {};
    if (!facts.sign) {
        return Error{std::string(to_text(role)) + ": a signed URL is needed (?sign=)", 401};
    }
    return check_signature(*facts.sign, to_text(role), facts.path, policy.secret, facts.now_s);
}

bool has_wrong_token(const Policy& policy, Role role, const Facts& facts) {
    return needs_token(policy, role, facts) && facts.token &&
           !is_valid_token(policy, role, *facts.token) &&
           check_surroundings(policy, role, facts).ok();
}

bool waits_for_token(const Policy& policy, Role role, const Facts& facts) {
    return needs_token(policy, role, facts) && !facts.token &&
           check_surroundings(policy, role, facts).ok();
}

std::string allowed_origin(const Policy& policy, const Facts& facts) {
    if (!facts.origin) return {};
    if (is_listed_origin(policy, "*")) return "*";
    return is_listed_origin(policy, *facts.origin) ? *facts.origin : std::string();
}

std::string describe(const Policy& policy, Role role) {
    const RolePolicy& rules = policy.of(role);
    std::string text(to_text(role));
    switch (rules.mode) {
        case Mode::open:
            text += ": open to everybody";
            break;
        case Mode::local:
            text += ": the control socket, or the token beside it";
            if (const auto count = count_tokens(policy, role); count > 0) {
                text += ", or a token of auth.tokens (" + std::to_string(count) + " known)";
            }
            break;
        case Mode::loopback:
            text += ": this machine only, every account of it";
            break;
        case Mode::token:
            text += ": with a token (" + std::to_string(count_tokens(policy, role)) + " known)";
            break;
        case Mode::signed_url:
            text += ": with a signed URL";
            break;
    }
    if (!rules.allow.empty() || !rules.deny.empty()) text += ", within its address ranges";
    return text;
}

}  // namespace st::auth
