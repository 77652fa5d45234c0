#include "base/url.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <numeric>

#include "base/encodings.h"

namespace st {
namespace {

constexpr std::string_view kHidden = "***";
constexpr std::string_view kScheme = "://";
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kTokenEnds = " \t\r\n\"'<>`";
constexpr auto kNone = std::string_view::npos;
/// A shorter password is hidden where it stands for one, and not wherever its letters do.
constexpr std::size_t kTellingBytes = 4;

char lower_of(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), lower_of);
    return out;
}

bool is_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_name_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
}

std::size_t end_or(std::size_t found, std::string_view text) {
    return found == kNone ? text.size() : found;
}

/// Part of a text.
struct Span {
    std::size_t begin;
    std::size_t end;
};

// ---- names ------------------------------------------------------------------------------------

/// "password", "loginpas", "access_token", "X-Amz-Signature", "streamkey", ...
bool is_telling_name(std::string_view name) {
    constexpr std::array kNames{"pwd",  "pw",  "psw", "key", "sign", "sig",
                                "auth", "psk", "jwt", "pin", "hash"};
    constexpr std::array kParts{"passw",  "passphrase", "passcode", "pincode",
                                "secret", "credential", "signature"};
    constexpr std::array kEndings{"token",     "pass",       "pas",     "pwd",    "apikey",
                                  "streamkey", "accesskey",  "authkey", "_key",   "-key",
                                  "sessionid", "session_id", "bearer",  "cookie", "cookies",
                                  "-pw",       "_pw"};
    const std::string small = lower(name);
    const auto is_it = [&small](const char* one) { return small == one; };
    const auto is_in = [&small](const char* one) { return small.find(one) != kNone; };
    const auto ends = [&small](const char* one) { return small.ends_with(one); };
    return std::ranges::any_of(kNames, is_it) || std::ranges::any_of(kParts, is_in) ||
           std::ranges::any_of(kEndings, ends);
}

/// In a query, where nothing else is called so.
bool names_a_secret(std::string_view name) {
    const std::string small = lower(name);
    return small == "p" || small == "session" || small == "sid" || is_telling_name(name);
}

/// An option whose value is "user:password".
bool takes_a_user(std::string_view option) {
    return option == "-u" || option == "-U" || option == "--user" || option == "--proxy-user" ||
           option == "--http-user";
}

/// An option whose value is a secret: "--password", "-passphrase".
bool takes_a_secret(std::string_view option) {
    const std::size_t name = option.find_first_not_of('-');
    return name != 0 && name != kNone && is_telling_name(option.substr(name));
}

// ---- URLs -------------------------------------------------------------------------------------

/// Where the query begins, if it begins with a parameter's name: a "?" alone may be a password's.
std::size_t query_of(std::string_view url) {
    for (std::size_t mark = url.find('?'); mark != kNone; mark = url.find('?', mark + 1)) {
        std::size_t at = mark + 1;
        while (at < url.size() && is_name_character(url[at])) ++at;
        if (at > mark + 1 && at < url.size() && url[at] == '=') return mark;
    }
    return url.size();
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

/// The password in "user:password"; nullopt: it is none, or a URL.
std::optional<Span> user_password(std::string_view word) {
    const std::size_t colon = word.find(':');
    if (colon == kNone || word.substr(colon).starts_with(kScheme)) return std::nullopt;
    return Span{colon + 1, word.size()};
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

/// Of what is given behind "?" and "&", and of the paths of URLs, where some cameras have it:
/// rtsp://host/user=admin_password=x_channel=1, /stream;user=admin;pwd=x.
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

// ---- headers and options ------------------------------------------------------------------------

/// Where the value of a header ends whose field begins at `field`: at the end of its line, and
/// before that at the quote in which it stands or, where words have been joined, at any.
std::size_t header_end(std::string_view text, std::size_t field, std::size_t begin,
                       bool is_one_word) {
    while (field > 0 && is_name_character(text[field - 1])) --field;
    const char before = field > 0 ? text[field - 1] : '\0';
    const bool is_quoted = before == '"' || before == '\'';
    std::string ends = "\r\n";
    if (is_quoted) {
        ends += before;
    } else if (!is_one_word) {
        ends += "\"'";
    }
    std::size_t end = begin;
    while (end < text.size() && ends.find(text[end]) == std::string::npos) {
        end += is_quoted && text[end] == '\\' ? 2 : 1;
    }
    return std::min(end, text.size());
}

/// RFC 9110, 11.6.2: "Authorization: Bearer xyz", as a command is given it for a header.
void find_header_secrets(std::string_view text, bool is_one_word, std::vector<Span>& found) {
    const std::string small = lower(text);
    for (const std::string_view field :
         {"authorization:", "cookie:", "-token:", "-key:", "-secret:", "-auth:", "-password:"}) {
        for (std::size_t at = small.find(field); at != kNone; at = small.find(field, at)) {
            const std::size_t name = at;
            at += field.size();
            const std::size_t begin = end_or(text.find_first_not_of(" \t", at), text);
            const std::size_t end = header_end(text, name, begin, is_one_word);
            if (end > begin) found.push_back({begin, end});
            at = std::max(at, end);
        }
    }
}

/// The words of a command line, or of a JSON list: what stands in quotes is one.
std::vector<Span> words_of(std::string_view text) {
    std::vector<Span> words;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == '"' || c == '\'') {
            std::size_t end = at + 1;
            while (end < text.size() && text[end] != c) end += text[end] == '\\' ? 2 : 1;
            end = std::min(end, text.size());
            words.push_back({at + 1, end});
            at = end + 1;
        } else if (kBlanks.find(c) != kNone || c == ',' || c == '[' || c == ']') {
            ++at;
        } else {
            const std::size_t end = end_or(text.find_first_of(" \t\r\n\"'", at), text);
            words.push_back({at, end});
            at = end;
        }
    }
    return words;
}

bool is_program(std::string_view word, std::string_view name) {
    if (!word.ends_with(name)) return false;
    const std::string_view folder = word.substr(0, word.size() - name.size());
    return folder.empty() || folder.ends_with('/');
}

/// Of curl, whose short options stand for others elsewhere: "-b sid=1", "-Lsb", "-bsid=1", "-su",
/// and an address without a scheme, "kim:hush@192.0.2.1/1".
std::optional<Span> secret_of_curl(std::string_view word, std::string_view before) {
    constexpr std::string_view kFlags = "#0123456fgGijJkLlMnNOpqRsSvZ";  // that take no value
    const auto value_of = [&kFlags](std::string_view option, char wanted) -> std::size_t {
        if (!option.starts_with('-')) return kNone;
        const std::size_t at = option.find_first_not_of(kFlags, 1);
        return at != kNone && option[at] == wanted ? at + 1 : kNone;
    };
    if (value_of(before, 'b') == before.size()) return Span{0, word.size()};
    if (value_of(before, 'u') == before.size()) return user_password(word);
    if (const std::size_t at = value_of(word, 'b'); at < word.size()) return Span{at, word.size()};
    const std::size_t at = word.rfind('@');
    const std::size_t colon = word.find(':');
    const bool is_address = at != kNone && colon < at && !word.substr(colon).starts_with(kScheme);
    if (!word.starts_with('-') && is_address) return Span{colon + 1, at};
    return std::nullopt;
}

/// What the word itself says, and what the one before it promised.
std::optional<Span> secret_of_word(std::string_view word, std::string_view before,
                                   bool is_for_sshpass) {
    if (takes_a_user(before)) return user_password(word);
    if (takes_a_secret(before) && before.find('=') == kNone && !word.starts_with('-')) {
        return Span{0, word.size()};
    }
    if (is_for_sshpass && before == "-p") return Span{0, word.size()};
    if (is_for_sshpass && word.starts_with("-p") && word.size() > 2) return Span{2, word.size()};
    const std::size_t equals = word.find('=');
    if (equals != kNone) {
        const std::string_view name = word.substr(0, equals);
        const bool is_name = std::ranges::all_of(name, is_name_character);
        if (is_name && takes_a_user(name)) {
            const auto password = user_password(word.substr(equals + 1));
            if (!password) return std::nullopt;
            return Span{equals + 1 + password->begin, word.size()};
        }
        const std::size_t bare = name.find_first_not_of('-');
        if (is_name && bare != kNone && is_telling_name(name.substr(bare))) {
            return Span{equals + 1, word.size()};
        }
        return std::nullopt;
    }
    if (word.size() > 2 && (word.starts_with("-u") || word.starts_with("-U"))) {  // curl -ua:b
        const auto password = user_password(word);
        if (password && password->begin > 3) return password;
    }
    return std::nullopt;
}

void find_option_secrets(std::string_view text, const std::vector<Span>& words,
                         std::vector<Span>& found) {
    std::string_view before;
    bool is_for_sshpass = false;
    bool is_for_curl = false;
    for (const Span& place : words) {
        const std::string_view word = text.substr(place.begin, place.end - place.begin);
        if (is_program(word, "sshpass")) is_for_sshpass = true;
        if (is_program(word, "curl")) is_for_curl = true;
        auto secret = secret_of_word(word, before, is_for_sshpass);
        if (!secret && is_for_curl) secret = secret_of_curl(word, before);
        if (secret) {
            found.push_back({place.begin + secret->begin, place.begin + secret->end});
            if (before == "-p") is_for_sshpass = false;
        } else if (word.find_first_of(kBlanks) != kNone) {  // a script: "sh -c '...'"
            std::vector<Span> inner = words_of(word);
            for (Span& one : inner) one = {place.begin + one.begin, place.begin + one.end};
            find_option_secrets(text, inner, found);
        }
        before = word;
    }
}

std::string hide(std::string_view text, std::vector<Span> found) {
    std::ranges::sort(found, {}, &Span::begin);
    std::string out;
    std::size_t done = 0;
    for (const Span& one : found) {
        if (one.begin < done) {
            done = std::max(done, one.end);  // hidden with the one before
            continue;
        }
        out.append(text.substr(done, one.begin - done)).append(kHidden);
        done = one.end;
    }
    return out.append(text.substr(std::min(done, text.size())));
}

/// RFC 3986, 2.1. What is no escape stays.
struct Decoded {
    std::string text;
    std::vector<std::size_t> from;  ///< where each character stood, and the end
};

Decoded percent_decoded(std::string_view text) {
    Decoded out;
    for (std::size_t at = 0; at < text.size();) {
        const auto escaped = percent_escaped(text.substr(at));
        out.from.push_back(at);
        out.text += escaped.value_or(text[at]);
        at += escaped ? kPercentEscapeBytes : 1;
    }
    out.from.push_back(text.size());
    return out;
}

std::vector<Span> secrets_of(std::string_view text, bool is_one_url = false,
                             bool is_one_word = false) {
    std::vector<Span> found;
    find_user_passwords(text, found);
    find_parameter_secrets(text, is_one_url, found);
    find_header_secrets(text, is_one_word, found);
    return found;
}

/// A URL that is a parameter of another is encoded, once for each that it is in.
std::vector<Span> secrets_of_encoded(std::string_view text) {
    constexpr int kLayers = 3;
    std::vector<Span> found;
    Decoded layer{std::string(text), {}};
    std::vector<std::size_t> from(text.size() + 1);
    std::iota(from.begin(), from.end(), std::size_t{0});
    for (int i = 0; i < kLayers && layer.text.find('%') != kNone; ++i) {
        layer = percent_decoded(layer.text);
        std::vector<std::size_t> origin;
        for (const std::size_t place : layer.from) origin.push_back(from[place]);
        from = std::move(origin);
        if (layer.text.find(kScheme) == kNone) continue;
        for (const Span& one : secrets_of(layer.text))
            found.push_back({from[one.begin], from[one.end]});
    }
    return found;
}

/// The arguments behind each other, and where each of them stands.
std::string join(const std::vector<std::string>& arguments, std::vector<Span>& words) {
    std::string text;
    for (const std::string& argument : arguments) {
        if (!text.empty()) text += ' ';
        words.push_back({text.size(), text.size() + argument.size()});
        text += argument;
    }
    return text;
}

std::vector<Span> secrets_of_arguments(std::string_view text, const std::vector<Span>& words) {
    std::vector<Span> found;
    for (const Span& word : words) {
        const std::string_view argument = text.substr(word.begin, word.end - word.begin);
        // A whole argument is a URL to its end, whatever blanks are in it.
        const std::size_t scheme = argument.find(kScheme);
        const bool is_url =
            scheme != kNone && argument.substr(0, scheme).find_first_of(kBlanks) == kNone;
        std::vector<Span> its = secrets_of(argument, is_url, true);
        if (is_url) {
            const std::size_t begin = scheme + kScheme.size();
            const std::size_t colon = argument.find(':', begin);
            const std::size_t at = argument.substr(0, query_of(argument)).rfind('@');
            const bool has_blank = argument.find_first_of(" \t\"'<>`", begin) < at;
            if (colon != kNone && at != kNone && colon < at && has_blank) {
                its.push_back({colon + 1, at});
            }
        }
        std::ranges::copy(secrets_of_encoded(argument), std::back_inserter(its));
        for (const Span& one : its) found.push_back({word.begin + one.begin, word.begin + one.end});
    }
    find_option_secrets(text, words, found);
    return found;
}

}  // namespace

std::string without_passwords(std::string_view text) {
    std::vector<Span> found = secrets_of(text);
    std::ranges::copy(secrets_of_encoded(text), std::back_inserter(found));
    find_option_secrets(text, words_of(text), found);
    return hide(text, std::move(found));
}

std::string without_passwords(const std::vector<std::string>& arguments) {
    std::vector<Span> words;
    const std::string text = join(arguments, words);
    return hide(text, secrets_of_arguments(text, words));
}

std::vector<std::string> passwords_in(const std::vector<std::string>& arguments) {
    std::vector<Span> words;
    const std::string text = join(arguments, words);
    std::vector<std::string> passwords;
    for (const Span& one : secrets_of_arguments(text, words)) {
        const std::string written = text.substr(one.begin, one.end - one.begin);
        for (const std::string& form : {written, percent_decoded(written).text}) {
            if (form.size() < kTellingBytes || std::ranges::count(passwords, form) > 0) continue;
            passwords.push_back(form);
        }
    }
    // The longest first: a shorter one may be a part of it.
    std::ranges::sort(passwords, std::ranges::greater{}, &std::string::size);
    return passwords;
}

std::string without_passwords(std::string_view text, const std::vector<std::string>& passwords) {
    std::string out(text);
    for (const std::string& password : passwords) {
        for (std::size_t at = out.find(password); at != std::string::npos;
             at = out.find(password, at + kHidden.size())) {
            out.replace(at, password.size(), kHidden);
        }
    }
    return without_passwords(out);
}

std::string without_query_secrets(std::string_view query) {
    // Of a URL, so that it is read by the rules of one.
    constexpr std::string_view kUrl = "x://x/?";
    const std::string url = std::string(kUrl) + std::string(query);
    std::vector<Span> found = secrets_of(url, true);
    std::ranges::copy(secrets_of_encoded(url), std::back_inserter(found));
    return hide(url, std::move(found)).substr(kUrl.size());
}

std::optional<std::string> url_mistake(std::string_view url) {
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
