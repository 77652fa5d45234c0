#include "control/glob.h"

#include <algorithm>

#include "base/name.h"

namespace st::control {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

/// The set at pattern[at] == '[': its end (index behind ']'), or kNone when it is not closed.
std::size_t set_end(std::string_view pattern, std::size_t at) {
    std::size_t i = at + 1;
    if (i < pattern.size() && pattern[i] == '!') ++i;
    if (i < pattern.size() && pattern[i] == ']') ++i;  // a ']' in first place is a member
    const std::size_t close = pattern.find(']', i);
    return close == kNone ? kNone : close + 1;
}

/// `set` is what stands between the brackets.
bool in_set(std::string_view set, char c) {
    const bool negated = set.front() == '!';
    if (negated) set.remove_prefix(1);
    bool found = false;
    for (std::size_t i = 0; i < set.size(); ++i) {
        if (i + 2 < set.size() && set[i + 1] == '-') {
            found = found || (set[i] <= c && c <= set[i + 2]);
            i += 2;
        } else {
            found = found || set[i] == c;
        }
    }
    return found != negated;
}

/// Matches one element that is not a star; the index behind it, or kNone.
std::size_t match_one(std::string_view pattern, std::size_t at, char c) {
    if (pattern[at] == '[') {
        const std::size_t end = set_end(pattern, at);
        if (end == kNone) return kNone;
        return in_set(pattern.substr(at + 1, end - at - 2), c) ? end : kNone;
    }
    return pattern[at] == '?' || pattern[at] == c ? at + 1 : kNone;
}

std::string shown_pattern(std::string_view text) {
    return "\"" + std::string(text.substr(0, kPatternBytesMax)) + "\"";
}

Result<void> check_length(std::string_view text) {
    if (text.size() <= kPatternBytesMax) return {};
    return Error{"a pattern of " + std::to_string(text.size()) + " bytes, over the limit of " +
                 std::to_string(kPatternBytesMax)};
}

}  // namespace

bool is_pattern(std::string_view pattern) { return pattern.find_first_of("*?[") != kNone; }

Result<void> check_pattern(std::string_view text) {
    const std::string shown = shown_pattern(text);
    if (!is_pattern(text)) {
        if (is_valid_name(text)) return {};
        return Error{shown + " is not a camera name (letters, digits, . _ -, at most 64)"};
    }
    if (const auto checked = check_length(text); !checked) return checked;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '[') {
            const std::size_t end = set_end(text, i);
            if (end == kNone) return Error{shown + ": a '[' without its ']'"};
            i = end - 1;
        } else if (text[i] != '*' && text[i] != '?' &&
                   !is_valid_name("x" + std::string(1, text[i]))) {
            return Error{shown + ": no camera name has the character at " + std::to_string(i + 1)};
        }
    }
    return {};
}

Result<void> check_id_pattern(std::string_view text) {
    if (const auto checked = check_length(text); !checked) return checked;
    if (!is_pattern(text) && !is_safe_file_name(text)) {
        return Error{shown_pattern(text) + " is not the id of a recording"};
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '[') continue;
        const std::size_t end = set_end(text, i);
        if (end == kNone) return Error{shown_pattern(text) + ": a '[' without its ']'"};
        i = end - 1;
    }
    return {};
}

bool glob_match(std::string_view pattern, std::string_view name) {
    std::size_t p = 0;
    std::size_t n = 0;
    std::size_t star = kNone;  // the last star seen, and where its text may end
    std::size_t star_name = 0;
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            star_name = n;
            continue;
        }
        const std::size_t next = p < pattern.size() ? match_one(pattern, p, name[n]) : kNone;
        if (next != kNone) {
            p = next;
            ++n;
        } else if (star != kNone) {
            p = star + 1;
            n = ++star_name;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == kNone;
}

Selection select_names(const std::vector<std::string>& patterns,
                       const std::vector<std::string>& names) {
    if (patterns.empty()) return {names, {}};
    Selection selection;
    std::vector<bool> used(patterns.size());
    for (const std::string& name : names) {
        bool wanted = false;
        for (std::size_t i = 0; i < patterns.size(); ++i) {
            if (!glob_match(patterns[i], name)) continue;
            used[i] = true;
            wanted = true;
        }
        if (wanted) selection.matched.push_back(name);
    }
    for (std::size_t i = 0; i < patterns.size(); ++i) {
        const bool said = std::find(selection.missing.begin(), selection.missing.end(),
                                    patterns[i]) != selection.missing.end();
        if (!used[i] && !said) selection.missing.push_back(patterns[i]);
    }
    return selection;
}

}  // namespace st::control
