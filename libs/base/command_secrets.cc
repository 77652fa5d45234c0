#include "base/command_secrets.h"

#include <algorithm>
#include <optional>
#include <string>

namespace st::secrets {
namespace {

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

}  // namespace

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

}  // namespace st::secrets
