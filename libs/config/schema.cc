#include "config/schema.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/nearest.h"
#include "base/text.h"
#include "base/units.h"
#include "json/write.h"

namespace st::config {
namespace {

std::string quoted(const std::string& text) { return json::write(std::string_view(text)); }

std::string_view last_word(std::string_view path) {
    const std::size_t dot = path.rfind('.');
    return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

std::string alternatives(const std::vector<std::string>& choices) {
    std::string out;
    for (std::size_t i = 0; i < choices.size(); ++i) {
        if (i > 0) out += i + 1 == choices.size() ? " or " : ", ";
        out += choices[i];
    }
    return out;
}

std::string expected_type(const Key& key) {
    switch (key.type) {
        case KeyType::boolean:
            return "true or false";
        case KeyType::integer:
            return "a whole number";
        case KeyType::port:
            return "a port from 0 to 65535, or off";
        case KeyType::size:
            return "a size such as \"64M\"";
        case KeyType::duration:
            return "a duration such as \"1s\"";
        case KeyType::text:
            return "text";
        case KeyType::choice:
            return alternatives(key.choices);
        case KeyType::texts:
            return key.choices.empty() ? "a list of text"
                                       : "a list of " + alternatives(key.choices);
        case KeyType::group:
            return "an object or null";
        case KeyType::objects:
            return "a list of objects";
    }
    return "";
}

std::string amount(const Key& key, std::uint64_t value) {
    switch (key.type) {
        case KeyType::size:
            return format_size(value);
        case KeyType::duration:
            return format_duration(std::chrono::milliseconds(value));
        default:
            return std::to_string(value);
    }
}

Result<std::string> check_number(const Key& key, std::string_view text, std::string_view shown) {
    constexpr std::uint64_t kNumberMax = std::numeric_limits<std::int64_t>::max();
    const auto number = parse_number(text, kNumberMax);
    if (!number) return Error{type_problem(key, shown)};
    if (*number < key.min || *number > key.max) return Error{range_problem(key, shown)};
    return std::to_string(*number);
}

Result<std::string> check_size(const Key& key, std::string_view text, std::string_view shown) {
    const auto bytes = parse_size(text);
    if (!bytes) return Error{type_problem(key, shown)};
    if (*bytes < key.min || *bytes > key.max) return Error{range_problem(key, shown)};
    return format_size(*bytes);
}

Result<std::string> check_duration(const Key& key, std::string_view text, std::string_view shown) {
    const auto duration = parse_duration(text);
    if (!duration) return Error{type_problem(key, shown)};
    const auto ms = static_cast<std::uint64_t>(duration->count());
    if (ms < key.min || ms > key.max) return Error{range_problem(key, shown)};
    return format_duration(*duration);
}

bool is_choice(const Key& key, std::string_view text) {
    return std::find(key.choices.begin(), key.choices.end(), text) != key.choices.end();
}

Result<std::string> check_texts(const Key& key, std::string_view text) {
    std::uint64_t entries = 0;
    for (std::size_t at = 0; at <= text.size() && !text.empty(); ++entries) {
        const std::size_t end = std::min(text.find(',', at), text.size());
        const std::string_view entry = text.substr(at, end - at);
        if (entry.empty() || (!key.choices.empty() && !is_choice(key, entry))) {
            return Error{type_problem(key, printable(entry))};
        }
        at = end + 1;
    }
    if (entries < key.min || entries > key.max) {
        return Error{range_problem(key, std::to_string(entries))};
    }
    return std::string(text);
}

std::optional<bool> flag_from(std::string_view text) {
    for (const std::string_view word : {"true", "yes", "on", "1"}) {
        if (text == word) return true;
    }
    for (const std::string_view word : {"false", "no", "off", "0"}) {
        if (text == word) return false;
    }
    return std::nullopt;
}

/// Of an object, a text can say only whether it is there: its members are keys of their own.
Result<std::string> check_group(std::string_view text, std::string_view shown) {
    const bool is_object = text.size() >= 2 && text.front() == '{' && text.back() == '}' &&
                           text.substr(1, text.size() - 2).find_first_not_of(' ') == text.npos;
    const auto flag = flag_from(text);
    if (is_object || flag == true) return std::string("on");
    if (text == "null" || flag == false) return std::string("off");
    return Error{"expected {} or null, got " + std::string(shown)};
}

}  // namespace

Schema::Schema(std::vector<Key> keys) : keys_(std::move(keys)) {}

const Key* Schema::find(std::string_view path) const {
    const std::string plain = without_indices(path);
    const auto found =
        std::find_if(keys_.begin(), keys_.end(), [&](const Key& key) { return key.path == plain; });
    return found == keys_.end() ? nullptr : &*found;
}

bool Schema::is_section(std::string_view path) const {
    const std::string start = without_indices(path) + ".";
    return std::any_of(keys_.begin(), keys_.end(),
                       [&](const Key& key) { return key.path.starts_with(start); });
}

bool Schema::holds_secret(std::string_view path) const {
    const std::string plain = without_indices(path);
    return std::any_of(keys_.begin(), keys_.end(), [&](const Key& key) {
        if (!key.is_secret && !key.may_hold_secret) return false;
        if (!key.path.starts_with(plain)) return false;
        const std::string_view below = std::string_view(key.path).substr(plain.size());
        return plain.empty() || below.empty() || below.front() == '.' || below.front() == '[';
    });
}

std::string Schema::nearest(std::string_view path) const {
    const std::string plain = without_indices(path);
    std::string best;
    std::size_t best_distance = std::max<std::size_t>(2, plain.size() / 4) + 1;
    const auto consider = [&](std::string_view candidate) {
        // The right word in the wrong section is as near as one wrong letter.
        const bool same_word = last_word(candidate) == last_word(plain) && plain.size() > 2;
        const std::size_t found = std::min(edit_distance(plain, candidate),
                                           same_word ? std::size_t{1} : plain.size() + 99);
        if (found < best_distance) {
            best_distance = found;
            best = candidate;
        }
    };
    for (const Key& key : keys_) {
        consider(key.path);
        for (std::size_t dot = key.path.find('.'); dot != std::string::npos;
             dot = key.path.find('.', dot + 1)) {
            consider(std::string_view(key.path).substr(0, dot));
        }
    }
    return best;
}

std::string without_indices(std::string_view path) {
    std::string out;
    for (std::size_t i = 0; i < path.size(); ++i) {
        out += path[i];
        if (path[i] != '[') continue;
        while (i + 1 < path.size() && path[i + 1] != ']') ++i;
    }
    return out;
}

Result<std::string> check_value(const Key& key, std::string_view text, std::string_view shown) {
    switch (key.type) {
        case KeyType::boolean:
            if (const auto flag = flag_from(text)) return std::string(*flag ? "true" : "false");
            return Error{type_problem(key, shown)};
        case KeyType::integer:
            return check_number(key, text, shown);
        case KeyType::port:
            if (text == "off") return std::string(text);
            return check_number(key, text, shown);
        case KeyType::size:
            return check_size(key, text, shown);
        case KeyType::duration:
            return check_duration(key, text, shown);
        case KeyType::text:
            if (text.size() < key.min) return Error{type_problem(key, shown)};
            return std::string(text);
        case KeyType::choice:
            if (!is_choice(key, text)) return Error{type_problem(key, shown)};
            return std::string(text);
        case KeyType::texts:
            return check_texts(key, text);
        case KeyType::group:
            return check_group(text, shown);
        case KeyType::objects:
            return Error{"can be given in the configuration file only"};
    }
    return Error{type_problem(key, shown)};
}

Result<std::string> check_value(const Key& key, std::string_view text) {
    return check_value(key, text, printable(text));
}

std::vector<std::string> split_commas(std::string_view text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; !text.empty() && at <= text.size();) {
        const std::size_t end = std::min(text.find(',', at), text.size());
        out.emplace_back(text.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

std::string as_json(const Key& key, const std::string& text) {
    switch (key.type) {
        case KeyType::boolean:
        case KeyType::integer:
        case KeyType::objects:
            return text;
        case KeyType::port:
            return text == "off" ? quoted(text) : text;
        case KeyType::group:
            return text == "on" ? "{}" : "null";  // its members have lines of their own
        case KeyType::text:
            return text.empty() && key.is_nullable ? "null" : quoted(text);
        case KeyType::size:
            // A plain number stays one: 0, 1000.
            return text.find_first_not_of("0123456789") == std::string::npos ? text : quoted(text);
        default:
            return quoted(text);
    }
}

std::string as_json_list(const std::vector<std::string>& entries) {
    std::string out = "[";
    for (const std::string& entry : entries) out += (out.size() > 1 ? ", " : "") + quoted(entry);
    return out + "]";
}

std::string environment_name(std::string_view prefix, std::string_view path) {
    std::string name(prefix);
    for (const char c : path) {
        name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return name;
}

std::string printable(std::string_view text) {
    constexpr std::size_t kQuotedMax = 60;
    std::string out = clean_text(text, kQuotedMax);
    if (text.size() > kQuotedMax) out += "...";
    return out.empty() ? "nothing" : out;
}

std::string type_problem(const Key& key, std::string_view shown) {
    return "expected " + expected_type(key) + ", got " + std::string(shown);
}

std::string range_problem(const Key& key, std::string_view shown) {
    std::string what;
    switch (key.type) {
        case KeyType::duration:
            what = "a duration";
            break;
        case KeyType::size:
            what = "a size";
            break;
        case KeyType::texts:
        case KeyType::objects:
            what = "a number of entries";
            break;
        default:
            what = "a number";
    }
    return "expected " + what + " from " + amount(key, key.min) + " to " + amount(key, key.max) +
           ", got " + std::string(shown);
}

std::string unknown_problem(const Schema& schema, const std::string& path) {
    const std::string near = schema.nearest(path);
    return printable(path) + ": unknown key" + (near.empty() ? "" : "; did you mean " + near + "?");
}

}  // namespace st::config
