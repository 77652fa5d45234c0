#pragma once
/// Who has logged in with a browser: one-time links, and the sessions that cookies name. Held in
/// memory alone, so a restart logs everybody out. Time and random bytes come in as arguments. Any
/// thread.
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "auth/access.h"
#include "base/field.h"
#include "base/sync.h"

namespace st::httpd {

class Sessions {
 public:
    using Random = std::array<std::uint8_t, 32>;
    static constexpr std::int64_t kLinkSeconds = 60;
    static constexpr std::int64_t kSessionSeconds = 7 * 24 * 3600;
    static constexpr std::size_t kLinksMax = 100;
    static constexpr std::size_t kSessionsMax = 1000;  ///< the oldest makes room

    /// `port`: cookies do not tell ports of one machine apart, so it is part of their name.
    explicit Sessions(std::uint16_t port) : cookie_name_("streamd-" + std::to_string(port)) {}

    const std::string& cookie_name() const { return cookie_name_; }

    /// A code that opens one session within kLinkSeconds, for who has the role `control` already.
    std::string add_link(const Random& random, std::int64_t now_s) ST_EXCLUDES(mutex_);
    /// The cookie of a session with the roles play and control; nullopt: the code is unknown, used
    /// or too old.
    std::optional<std::string> open_by_link(std::string_view code, const Random& random,
                                            std::int64_t now_s) ST_EXCLUDES(mutex_);
    /// The cookie of a session with the roles that `token` has, for as long as it has them.
    std::string open_by_token(std::string_view token, const Random& random, std::int64_t now_s)
        ST_EXCLUDES(mutex_);
    void close(std::string_view cookie) ST_EXCLUDES(mutex_);

    /// What the session of that cookie may; nothing if there is none.
    auth::Roles roles_of(std::string_view cookie, const auth::Policy& policy,
                         std::int64_t now_s) const ST_EXCLUDES(mutex_);
    /// The value of our cookie in a request, "" if it has none.
    std::string cookie_of(std::span<const Field> fields) const;

 private:
    struct Session {
        std::optional<digest::Sha256> token;  ///< none: opened by a link
        std::int64_t ends_s;
    };

    std::string add(Session session, const Random& random) ST_REQUIRES(mutex_);

    const std::string cookie_name_;
    mutable Mutex mutex_;
    // By digest: looking one up then tells nothing about it by the time it takes.
    std::map<digest::Sha256, std::int64_t> links_ ST_GUARDED_BY(mutex_);  ///< until when
    std::map<digest::Sha256, Session> sessions_ ST_GUARDED_BY(mutex_);
};

}  // namespace st::httpd
