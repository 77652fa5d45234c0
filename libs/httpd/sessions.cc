#include "httpd/sessions.h"

#include <algorithm>

#include "base/encodings.h"
#include "base/text.h"

namespace st::httpd {
namespace {

digest::Sha256 digest_of(std::string_view secret) { return digest::sha256(as_bytes(secret)); }

}  // namespace

std::string Sessions::add_link(const Random& random, std::int64_t now_s) {
    std::string code = hex_encode(random);
    const Lock lock(mutex_);
    std::erase_if(links_, [now_s](const auto& link) { return link.second < now_s; });
    if (links_.size() >= kLinksMax) {
        links_.erase(
            std::min_element(links_.begin(), links_.end(),
                             [](const auto& a, const auto& b) { return a.second < b.second; }));
    }
    links_[digest_of(code)] = now_s + kLinkSeconds;
    return code;
}

std::optional<std::string> Sessions::open_by_link(std::string_view code, const Random& random,
                                                  std::int64_t now_s) {
    const Lock lock(mutex_);
    const auto link = links_.find(digest_of(code));
    if (link == links_.end()) return std::nullopt;
    const bool is_in_time = now_s <= link->second;
    links_.erase(link);
    if (!is_in_time) return std::nullopt;
    return add({std::nullopt, now_s + kSessionSeconds}, random);
}

std::string Sessions::open_by_token(std::string_view token, const Random& random,
                                    std::int64_t now_s) {
    const Lock lock(mutex_);
    return add({digest_of(token), now_s + kSessionSeconds}, random);
}

std::string Sessions::add(Session session, const Random& random) {
    if (sessions_.size() >= kSessionsMax) {
        sessions_.erase(std::min_element(
            sessions_.begin(), sessions_.end(),
            [](const auto& a, const auto& b) { return a.second.ends_s < b.second.ends_s; }));
    }
    std::string cookie = hex_encode(random);
    sessions_[digest_of(cookie)] = session;
    return cookie;
}

void Sessions::close(std::string_view cookie) {
    const Lock lock(mutex_);
    sessions_.erase(digest_of(cookie));
}

auth::Roles Sessions::roles_of(std::string_view cookie, const auth::Policy& policy,
                               std::int64_t now_s) const {
    if (cookie.empty()) return {};
    std::optional<Session> session;
    {
        const Lock lock(mutex_);
        const auto found = sessions_.find(digest_of(cookie));
        if (found != sessions_.end() && now_s <= found->second.ends_s) session = found->second;
    }
    auth::Roles roles;
    if (!session) return roles;
    if (session->token) return auth::roles_of_token(policy, *session->token);
    roles.set(static_cast<std::size_t>(auth::Role::play));
    roles.set(static_cast<std::size_t>(auth::Role::control));
    return roles;
}

std::string Sessions::cookie_of(std::span<const Field> fields) const {
    for (const Field& field : fields) {
        if (!iequals(field.name, "Cookie")) continue;
        std::string_view rest = field.value;
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find(';'), rest.size());
            const std::string_view pair = trim(rest.substr(0, end));
            const std::size_t equals = pair.find('=');
            if (equals != std::string_view::npos && pair.substr(0, equals) == cookie_name_) {
                return std::string(pair.substr(equals + 1));
            }
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    return {};
}

}  // namespace st::httpd
