#include "base/url_secrets.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>

#include "base/encodings.h"
#include "base/secrets.h"

namespace st {
namespace secrets {
namespace {

constexpr std::string_view kTokenEnds = " \t\r\n\"'<>`";

bool is_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// In a query, where nothing else is called so.
bool names_a_secret(std::string_view name) {
    const std::string small = lower(name);
    return small == "p" || small == "session" || small == "sid" || is_telling_name(name);
}

/// What cannot be a user's name: "192.0.2.1", "[::1]", "localhost"; not "admin", "john.doe" or
/// "cam.example", behind which ":554" may be half of a password.
bool is_clear_host(std::string_view host) {
    const bool is_ipv4 = host.find('.') != kNone && host.find_first_not_of("0123456789.") == kNone;
    return is_ipv4 || host.starts_with('[') || host == "localhost";
}

/// What follows "scheme://" up to the first "/", "?" or "#": [user[:password]@]host[:port].
struct Authority {
    std::size_t end;
    std::size_t password_colon;  ///< kNone: there is none
    std::string_view host;
    std::size_t port_colon;  ///< likewise
    std::string_view port;
};

Authority authority_of(std::string_view rest) {
    const std::string_view text = rest.substr(0, rest.find_first_of("/?#"));
    const std::size_t user_end = text.rfind('@');
    const std::size_t host = user_end == kNone ? 0 : user_end + 1;
    const std::size_t first = text.find(':');
    const std::size_t host_end =
        text.substr(host).starts_with('[') ? end_or(text.find(']', host), text) : host;
    const std::size_t colon = text.find(':', host_end);
    return {text.size(), first < host ? first : kNone,
            text.substr(host, end_or(colon, text) - host), colon,
            colon == kNone ? std::string_view() : text.substr(colon + 1)};
}

/// Where the URLs of a text end, asked in ascending order. What was found is remembered, so that
/// the text is looked through once: a peer may have written "://" into it thousands of times.
class UrlEnds {
 public:
    explicit UrlEnds(std::string_view text) : text_(text) {}

    /// Of the URL whose "scheme://" ends at `begin`.
    std::size_t end(std::size_t begin) {
        if (end_ < begin) end_ = end_or(text_.find_first_of(kTokenEnds, begin), text_);
        return end_;
    }
    /// The last "@" in it; kNone: there is none.
    std::size_t last_at(std::size_t begin) { return last_at(begin, end(begin), in_url_); }
    /// Likewise before its query.
    std::size_t last_at_before_query(std::size_t begin) {
        if (query_ < begin) query_ = begin + query_of(text_.substr(begin, end(begin) - begin));
        return last_at(begin, query_, before_query_);
    }

 private:
    struct LastAt {
        std::size_t end = 0;
        std::size_t at = kNone;
    };

    std::size_t last_at(std::size_t begin, std::size_t end, LastAt& known) const {
        if (known.end != end) {
            const std::size_t at = text_.substr(begin, end - begin).rfind('@');
            known = {end, at == kNone ? kNone : begin + at};
        }
        return known.at != kNone && known.at >= begin ? known.at : kNone;
    }

    const std::string_view text_;
    std::size_t end_ = 0;
    std::size_t query_ = 0;  ///< where it begins, or the end
    LastAt in_url_;
    LastAt before_query_;
};

/// The "@" that may end a password with a blank in it, on the line of the URL from `begin` to
/// `end`; kNone: there is none.
std::size_t at_behind_blank(std::string_view text, std::size_t begin, std::size_t end) {
    if (end >= text.size() || kBlanks.find(text[end]) == kNone) return kNone;
    const std::string_view own = text.substr(0, text.find(kScheme, begin));
    const std::string_view line = own.substr(0, own.find_first_of("\r\n\"'<>`", begin));
    const std::size_t at = line.find('@', end);
    return at == kNone ? kNone : line.substr(0, line.find(' ', at)).rfind('@');
}

/// The password of the URL whose "scheme://" ends at `begin`; nullopt: there is none.
std::optional<Span> password_of(std::string_view text, std::size_t begin, UrlEnds& ends) {
    const std::size_t url_end = ends.end(begin);
    const Authority authority = authority_of(text.substr(begin, url_end - begin));
    if (authority.password_colon != kNone) {
        return Span{begin + authority.password_colon + 1, ends.last_at_before_query(begin)};
    }
    const bool is_port = is_digits(authority.port);
    if (authority.port_colon == kNone || (is_port && is_clear_host(authority.host))) {
        return std::nullopt;
    }
    // The port may be half of a password: one with a "/", a "?" or a "#" in it, or a blank.
    const std::size_t colon = begin + authority.port_colon;
    const bool has_path = text.substr(begin + authority.end).starts_with('/');
    std::size_t at = has_path ? ends.last_at_before_query(begin) : ends.last_at(begin);
    if (at != kNone && at > colon) return Span{colon + 1, at};
    if (is_port) return std::nullopt;
    at = ends.last_at(begin);
    if (at == kNone || at < colon) at = at_behind_blank(text, begin, url_end);
    if (at == kNone) return std::nullopt;
    return Span{colon + 1, at};
}

/// Whether what looks like a port is more likely the beginning of a password, as in
/// "admin:1234#5@host/1" and "admin:12345/6@host/1"; not in "cam:80/a@b", which may be a path.
bool is_half_a_password(std::string_view rest, const Authority& authority) {
    if (authority.password_colon != kNone || is_clear_host(authority.host)) return false;
    const std::size_t at = rest.substr(0, query_of(rest)).rfind('@');
    if (at == kNone || at <= authority.end + 1) return false;
    if (rest[authority.end] != '/') return true;
    const std::string_view behind = rest.substr(at + 1);
    const std::string_view host = authority_of(behind).host;
    if (is_clear_host(host)) return true;
    const bool has_more = host.size() < behind.size() && !host.empty();
    return has_more && authority.host.find('.') == kNone;
}

bool names_a_user(std::string_view name) {
    constexpr std::array kNames{"user", "usr", "username", "login", "account"};
    const std::string small = lower(name);
    return std::ranges::any_of(kNames, [&small](const char* one) { return small == one; });
}

/// Whether "name=value" stands at `at`. A "=" at the end of a value may fill up base64.
bool begins_parameter(std::string_view text, std::size_t at) {
    const std::size_t begin = at;
    while (at < text.size() && text[at] != '_' && is_name_character(text[at])) ++at;
    return at > begin && at + 1 < text.size() && text[at] == '=' &&
           std::isalnum(static_cast<unsigned char>(text[at + 1])) != 0;
}

/// Where the value ends that begins at `begin`: of a query at "&", of a path also before the next
/// parameter.
std::size_t value_end(std::string_view text, std::size_t begin, bool is_in_path,
                      std::string_view ends) {
    constexpr std::string_view kPathSeparators = "_;,/?#|";
    for (std::size_t at = begin; at < text.size(); ++at) {
        if (text[at] == '&' || ends.find(text[at]) != kNone) return at;
        const bool is_separator = is_in_path && kPathSeparators.find(text[at]) != kNone;
        if (is_separator && begins_parameter(text, at + 1)) return at;
    }
    return text.size();
}

/// Whether a parameter `name`, or what stands for one in "user=admin_password=x", is a secret.
bool is_secret_parameter(std::string_view name) {
    return names_a_secret(name) || is_telling_name(name.substr(name.find_last_of("_-.") + 1));
}

}  // namespace

std::size_t query_of(std::string_view url) {
    for (std::size_t mark = url.find('?'); mark != kNone; mark = url.find('?', mark + 1)) {
        std::size_t at = mark + 1;
        while (at < url.size() && is_name_character(url[at])) ++at;
        if (at > mark + 1 && at < url.size() && url[at] == '=') return mark;
    }
    return url.size();
}

void find_user_passwords(std::string_view text, std::vector<Span>& found) {
    UrlEnds ends(text);
    for (std::size_t at = text.find(kScheme); at != kNone; at = text.find(kScheme, at)) {
        at += kScheme.size();
        const auto password = password_of(text, at, ends);
        if (!password) continue;
        found.push_back(*password);
        at = password->end;
    }
}

void find_parameter_secrets(std::string_view text, bool is_one_url, std::vector<Span>& found) {
    const std::string_view ends = is_one_url ? "" : " \t\r\n\"'";
    std::size_t url_end = 0;
    // Values that nothing is hidden of may hold others. What was seen of one is not looked at again
    // for each of these: a peer may have written "user=" thousands of times.
    std::size_t path_value_end = 0;
    std::size_t users_done = 0;  ///< no user's value that begins before has a password
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (at >= url_end && text.substr(at).starts_with(kScheme)) {
            url_end = is_one_url ? text.size() : end_or(text.find_first_of(kTokenEnds, at), text);
        }
        if (text[at] != '=') continue;
        std::size_t name = at;
        while (name > 0 && is_name_character(text[name - 1])) --name;
        if (name == at || name == 0) continue;
        const bool is_in_path = text[name - 1] != '?' && text[name - 1] != '&';
        if (is_in_path && at >= url_end) continue;
        const std::string_view its_name = text.substr(name, at - name);
        const bool is_secret = is_secret_parameter(its_name);
        if (!is_secret && (at < users_done || !names_a_user(its_name))) continue;
        std::size_t begin = at + 1;
        const bool ends_in_path = is_in_path || !is_secret;
        if (ends_in_path && path_value_end < begin) {
            path_value_end = value_end(text, begin, true, ends);
        }
        std::size_t end = ends_in_path ? path_value_end : value_end(text, begin, false, ends);
        if (!is_secret) {
            const std::string_view value = text.substr(begin, end - begin);
            const auto password = user_password(value);
            users_done = begin + end_or(value.find(':'), value) + 1;
            if (!password) continue;
            begin += password->begin;
        }
        // Of the sentence in which the URL stands: "open http://h/?pwd=x: Connection refused".
        const bool is_at_blank = end == text.size() || kBlanks.find(text[end]) != kNone;
        while (is_at_blank && end > begin &&
               std::string_view(":,;.)").find(text[end - 1]) != kNone) {
            --end;
        }
        if (!is_secret && is_at_blank && begin == end) continue;  // "user=kim: Connection refused"
        found.push_back({begin, end});
        at = end - 1;
    }
}

}  // namespace secrets

std::optional<std::string> url_mistake(std::string_view url) {
    using namespace secrets;
    const std::size_t scheme = url.find(kScheme);
    if (scheme == kNone || scheme == 0) return std::nullopt;
    const std::string_view rest = url.substr(scheme + kScheme.size());
    const Authority authority = authority_of(rest);
    if (authority.port_colon == kNone) return std::nullopt;
    if (is_digits(authority.port)) {
        if (!is_half_a_password(rest, authority)) return std::nullopt;
    } else if (rest.find('@', authority.end) == kNone) {
        return "the port is no number";
    }
    return std::string("\"") + rest[authority.end] +
           "\" in the password ends the host's name there: write it as " +
           percent_encode(rest.substr(authority.end, 1));
}

}  // namespace st
