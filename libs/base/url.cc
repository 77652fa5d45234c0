#include "base/url.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <numeric>

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
    constexpr std::array kEndings{"token",     "pass",    "pas",  "pwd",  "apikey",    "streamkey",
                                  "accesskey", "authkey", "_key", "-key", "sessionid", "session_id",
                                  "bearer",    "cookie",  "-pw",  "_pw"};
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

/// "192.0.2.1:554", "cam.example:80": not "admin:554", which may be half of a password.
bool is_clear_host(std::string_view authority, std::size_t colon) {
    const std::string_view host = authority.substr(0, colon);
    const bool is_host = host.find('.') != kNone || host.starts_with('[') || host == "localhost";
    return is_host && is_digits(authority.substr(colon + 1));
}

/// The password in what follows "scheme://"; nullopt: there is none. `rest` goes on behind the URL.
std::optional<Span> password_of(std::string_view rest) {
    std::string_view url = rest.substr(0, rest.find_first_of(kTokenEnds));
    const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
    if (authority.starts_with('[')) return std::nullopt;
    const std::size_t colon = authority.find(':');
    if (colon == kNone || authority.substr(0, colon).find('@') != kNone) return std::nullopt;
    std::size_t at = url.substr(0, query_of(url)).rfind('@');
    if (at != kNone) {
        const bool is_in_path = at > authority.size();
        if (is_in_path && is_clear_host(authority, colon)) return std::nullopt;
        return Span{colon + 1, at};
    }
    if (is_digits(authority.substr(colon + 1))) return std::nullopt;
    // No port: half a password. It may have a "?" of its own, or a blank.
    at = url.rfind('@');
    if (at == kNone && url.size() < rest.size() && kBlanks.find(rest[url.size()]) != kNone) {
        const std::string_view line = rest.substr(0, rest.find_first_of("\r\n\"'<>`"));
        const std::string_view own = line.substr(0, line.find(kScheme));
        at = own.find('@');
        if (at != kNone) at = own.substr(0, own.find(' ', at)).rfind('@');
    }
    if (at == kNone || at < colon) return std::nullopt;
    return Span{colon + 1, at};
}

void find_user_passwords(std::string_view text, std::vector<Span>& found) {
    for (std::size_t at = text.find(kScheme); at != kNone; at = text.find(kScheme, at)) {
        at += kScheme.size();
        const auto password = password_of(text.substr(at));
        if (!password) continue;
        found.push_back({at + password->begin, at + password->end});
        at += password->end;
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
        if (!is_secret && !names_a_user(its_name)) continue;
        std::size_t begin = at + 1;
        std::size_t end = value_end(text, begin, is_in_path || !is_secret, ends);
        // Of the sentence in which the URL stands: "open http://h/?pwd=x: Connection refused".
        const bool is_at_blank = end == text.size() || kBlanks.find(text[end]) != kNone;
        while (is_at_blank && end > begin &&
               std::string_view(":,;.)").find(text[end - 1]) != kNone) {
            --end;
        }
        if (!is_secret) {
            const auto password = user_password(text.substr(begin, end - begin));
            if (!password) continue;
            begin += password->begin;
        }
        found.push_back({begin, end});
        at = end - 1;
    }
}

// ---- headers and options ------------------------------------------------------------------------

/// RFC 9110, 11.6.2: "Authorization: Bearer xyz", as a command is given it for a header.
void find_header_secrets(std::string_view text, std::vector<Span>& found) {
    const std::string small = lower(text);
    for (const std::string_view field : {"authorization:", "cookie:", "-token:", "-key:"}) {
        for (std::size_t at = small.find(field); at != kNone; at = small.find(field, at)) {
            at += field.size();
            std::size_t begin = end_or(text.find_first_not_of(" \t", at), text);
            const std::size_t end = end_or(text.find_first_of("\r\n\"'", begin), text);
            if (end > begin) found.push_back({begin, end});
            at = end;
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
    for (const Span& place : words) {
        const std::string_view word = text.substr(place.begin, place.end - place.begin);
        if (word == "sshpass" || word.ends_with("/sshpass")) is_for_sshpass = true;
        if (const auto secret = secret_of_word(word, before, is_for_sshpass)) {
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
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto digit = [&](std::size_t at) {
            return at < text.size() ? std::string_view("0123456789abcdef").find(lower_of(text[at]))
                                    : kNone;
        };
        out.from.push_back(i);
        if (text[i] == '%' && digit(i + 1) != kNone && digit(i + 2) != kNone) {
            out.text += static_cast<char>(digit(i + 1) * 16 + digit(i + 2));
            i += 2;
        } else {
            out.text += text[i];
        }
    }
    out.from.push_back(text.size());
    return out;
}

std::vector<Span> secrets_of(std::string_view text, bool is_one_url = false) {
    std::vector<Span> found;
    find_user_passwords(text, found);
    find_parameter_secrets(text, is_one_url, found);
    find_header_secrets(text, found);
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
        std::vector<Span> its = secrets_of(argument, is_url);
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

std::optional<std::string> url_mistake(std::string_view url) {
    const std::size_t scheme = url.find(kScheme);
    if (scheme == kNone || scheme == 0) return std::nullopt;
    const std::string_view rest = url.substr(scheme + kScheme.size());
    const std::size_t end = end_or(rest.find_first_of("/?#"), rest);
    const std::string_view authority = rest.substr(0, end);
    const std::string_view host = authority.substr(authority.rfind('@') + 1);
    const std::size_t colon =
        host.starts_with('[') ? host.find(':', end_or(host.find(']'), host)) : host.find(':');
    if (colon == kNone || is_digits(host.substr(colon + 1))) return std::nullopt;
    if (end == rest.size() || rest.find('@', end) == kNone) return "the port is no number";
    constexpr std::string_view kHex = "0123456789ABCDEF";
    const auto code = static_cast<unsigned char>(rest[end]);
    return std::string("\"") + rest[end] +
           "\" in the password ends the host's name there: write it as %" + kHex[code >> 4] +
           kHex[code & 15];
}

}  // namespace st
