#include "base/secrets.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "base/command_secrets.h"
#include "base/encodings.h"
#include "base/url_secrets.h"

namespace st {
namespace {

using namespace secrets;

constexpr std::string_view kHidden = "***";
/// A shorter password is hidden where it stands for one, and not wherever its letters do.
constexpr std::size_t kTellingBytes = 4;

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

std::string without_path(std::string_view url) {
    std::string shown = without_passwords(url);
    const std::size_t scheme = shown.find("://");
    const std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
    const std::size_t path = shown.find_first_of("/?#", host);
    if (path == std::string::npos || path + 1 == shown.size()) return shown;
    shown.resize(path);
    return shown + "/…";
}

std::string without_query_secrets(std::string_view query) {
    // Of a URL, so that it is read by the rules of one.
    constexpr std::string_view kUrl = "x://x/?";
    const std::string url = std::string(kUrl) + std::string(query);
    std::vector<Span> found = secrets_of(url, true);
    std::ranges::copy(secrets_of_encoded(url), std::back_inserter(found));
    return hide(url, std::move(found)).substr(kUrl.size());
}

}  // namespace st
