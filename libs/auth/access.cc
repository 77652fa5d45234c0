#include "auth/access.h"

#include <algorithm>

#include "auth/signature.h"
#include "base/text.h"

namespace st::auth {
namespace {

constexpr std::array<std::string_view, kRoles> kRoleNames{"camera", "publish", "play", "control"};
constexpr std::array<std::string_view, 4> kModeNames{"open", "loopback", "token", "signed"};

bool is_in(const std::vector<Range>& ranges, const Address& address) {
    return std::any_of(ranges.begin(), ranges.end(),
                       [&](const Range& range) { return range.contains(address); });
}

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

bool is_loopback(const Policy& policy, const Facts& facts) {
    return facts.peer.is_loopback() &&
           (!facts.forwarded || is_in(policy.trusted_proxies, facts.peer));
}

/// Everything but the mode.
Result<void> check_surroundings(const Policy& policy, Role role, const Facts& facts) {
    const RolePolicy& rules = policy.of(role);
    const std::string name(to_text(role));
    if (is_in(rules.deny, facts.peer) ||
        (!rules.allow.empty() && !is_in(rules.allow, facts.peer))) {
        return forbidden(name + ": your address is not in the ranges allowed for this role");
    }
    if (role != Role::control) return {};
    if (facts.host.empty() || !is_trusted_host(policy, facts.host)) {
        return forbidden("control: Host \"" + shown(facts.host) +
                         "\" is neither an IP address nor localhost: add it to web.hosts, or use "
                         "the address");
    }
    if (facts.origin && !is_same_origin(*facts.origin, facts.host)) {
        return forbidden("control: the page's origin \"" + shown(*facts.origin) +
                         "\" is not this server \"" + shown(facts.host) +
                         "\": open the page from the server itself");
    }
    return {};
}

}  // namespace

std::string_view to_text(Role role) { return kRoleNames[static_cast<std::size_t>(role)]; }

Result<Role> parse_role(std::string_view text) {
    for (std::size_t i = 0; i < kRoleNames.size(); ++i) {
        if (text == kRoleNames[i]) return static_cast<Role>(i);
    }
    return Error{"role \"" + std::string(text) + "\", expected camera, publish, play or control"};
}

std::string_view to_text(Mode mode) { return kModeNames[static_cast<std::size_t>(mode)]; }

Result<Mode> parse_mode(std::string_view text) {
    for (std::size_t i = 0; i < kModeNames.size(); ++i) {
        if (text == kModeNames[i]) return static_cast<Mode>(i);
    }
    return Error{"mode \"" + std::string(text) + "\", expected open, loopback, token or signed"};
}

Facts gather_facts(const Address& peer, std::string_view host, std::span<const Field> fields,
                   const std::string* query_token) {
    constexpr std::string_view kBearer = "bearer ";
    constexpr std::string_view kForwardedPrefix = "x-forwarded-";
    Facts facts;
    facts.peer = peer;
    facts.host = host;
    for (const Field& field : fields) {
        const std::string_view name = field.name;
        if (iequals(name, "Forwarded") || iequals(name, "Via") ||
            iequals(name.substr(0, kForwardedPrefix.size()), kForwardedPrefix)) {
            facts.forwarded = true;
        } else if (iequals(name, "Origin")) {
            // Two of them are joined, so that they equal nothing.
            facts.origin = facts.origin ? *facts.origin + ", " + field.value : field.value;
        } else if (iequals(name, "Authorization") && !facts.token &&
                   iequals(std::string_view(field.value).substr(0, kBearer.size()), kBearer)) {
            facts.token = trim(std::string_view(field.value).substr(kBearer.size()));
        }
    }
    if (!facts.token && query_token != nullptr) facts.token = *query_token;
    return facts;
}

bool is_valid_token(const Policy& policy, Role role, std::string_view token) {
    const digest::Sha256 sent = digest::sha256(as_bytes(token));
    bool found = false;
    for (const Token& known : policy.tokens) {
        const bool covers =
            std::find(known.roles.begin(), known.roles.end(), role) != known.roles.end();
        const bool equal = digest::equal_constant_time(known.sha256, sent);
        found = found || (covers && equal);
    }
    return found;
}

Result<void> check_access(const Policy& policy, Role role, const Facts& facts) {
    if (auto checked = check_surroundings(policy, role, facts); !checked) return checked;
    const std::string name(to_text(role));
    switch (policy.of(role).mode) {
        case Mode::open:
            return {};
        case Mode::loopback:
            if (is_loopback(policy, facts)) return {};
            if (facts.peer.is_loopback()) {
                return forbidden(
                    name +
                    ": allowed from this machine only, and this request came through a "
                    "proxy: list the proxy in auth.trusted_proxies, or set auth." +
                    name + " to \"token\"");
            }
            return forbidden(name +
                             ": allowed from this machine only: use an SSH tunnel, or set auth." +
                             name + " to \"token\" and add a token");
        case Mode::token:
            break;
        case Mode::signed_url:
            if (!facts.sign) return Error{name + ": a signed URL is needed (?sign=)", 401};
            return check_signature(*facts.sign, facts.path, policy.secret, facts.now_s);
    }
    if (!facts.token) return Error{name + ": a token is needed", 401};
    if (!is_valid_token(policy, role, *facts.token)) {
        return Error{name + ": the token is unknown or not for this role", 401};
    }
    return {};
}

bool waits_for_token(const Policy& policy, Role role, const Facts& facts) {
    return policy.of(role).mode == Mode::token && !facts.token &&
           check_surroundings(policy, role, facts).ok();
}

std::string describe(const Policy& policy, Role role) {
    const RolePolicy& rules = policy.of(role);
    std::string text(to_text(role));
    switch (rules.mode) {
        case Mode::open:
            text += ": open to everybody";
            break;
        case Mode::loopback:
            text += ": this machine only";
            break;
        case Mode::token: {
            const auto count = std::count_if(
                policy.tokens.begin(), policy.tokens.end(), [role](const Token& token) {
                    return std::find(token.roles.begin(), token.roles.end(), role) !=
                           token.roles.end();
                });
            text += ": with a token (" + std::to_string(count) + " known)";
            break;
        }
        case Mode::signed_url:
            text += ": with a signed URL";
            break;
    }
    if (!rules.allow.empty() || !rules.deny.empty()) text += ", within its address ranges";
    return text;
}

}  // namespace st::auth
