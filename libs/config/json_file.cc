#include "config/json_file.h"

#include <Poco/Exception.h>
#include <Poco/JSON/Handler.h>
#include <Poco/JSON/Parser.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>

namespace st::config {
namespace {

enum class Kind { null, boolean, integer, real, text };

/// What a value may come as; durations and sizes take plain numbers too.
bool is_fitting(KeyType type, Kind kind, const std::string& text) {
    switch (type) {
        case KeyType::port:
            return kind == Kind::integer || (kind == Kind::text && text == "off");
        case KeyType::boolean:
            return kind == Kind::boolean;
        case KeyType::integer:
            return kind == Kind::integer;
        case KeyType::size:
            return kind == Kind::integer || kind == Kind::text;
        case KeyType::duration:
            return kind == Kind::integer || kind == Kind::real || kind == Kind::text;
        case KeyType::text:
        case KeyType::choice:
            return kind == Kind::text;
        case KeyType::group:
        case KeyType::texts:
        case KeyType::objects:
            return false;
    }
    return false;
}

std::string shown(Kind kind, const std::string& text) {
    if (kind != Kind::text) return text;
    return text.empty() ? "\"\"" : '"' + printable(text) + '"';
}

/// Follows Poco's parser through the document: where we are, which keys were seen, what fits.
class SchemaHandler final : public Poco::JSON::Handler {
 public:
    SchemaHandler(const Schema& schema, JsonReading& reading)
        : schema_(schema), reading_(reading) {}

    void reset() override { levels_.clear(); }

    void startObject() override {
        if (levels_.empty()) return levels_.push_back({.path = ""});
        const std::string path = next_path();
        bool is_skipped = is_skipping();
        const Key* key = schema_.find(path);
        if (!is_skipped && key != nullptr && key->type == KeyType::group) {
            keep(path, "on");
        } else if (!is_skipped && (key != nullptr || !schema_.is_section(path))) {
            complain(path, key, "an object");
            is_skipped = true;
        }
        levels_.push_back({.path = path, .is_skipped = is_skipped});
    }

    void endObject() override { levels_.pop_back(); }

    void startArray() override {
        if (levels_.empty()) {
            problem("", "expected an object, got a list");
            return levels_.push_back({.path = "", .is_array = true, .is_skipped = true});
        }
        const std::string path = next_path();
        bool is_skipped = is_skipping();
        const Key* key = schema_.find(path);
        const bool is_list =
            key != nullptr && (key->type == KeyType::texts || key->type == KeyType::objects);
        if (!is_skipped && !is_list) {
            complain(path, key, "a list");
            is_skipped = true;
        }
        levels_.push_back({.path = path, .is_array = true, .is_skipped = is_skipped});
    }

    void endArray() override {
        const Level level = levels_.back();
        levels_.pop_back();
        if (level.is_skipped) return;
        const Key& key = *schema_.find(level.path);
        const std::string entries = std::to_string(level.entries);
        if (level.entries < key.min || level.entries > key.max) {
            return problem(level.path, range_problem(key, entries));
        }
        keep(level.path + std::string(kCountEnding), entries);
    }

    void key(const std::string& name) override {
        Level& level = levels_.back();
        level.key = name;
        // It would be taken for the path of another key.
        level.is_key_refused = name.find_first_of(".[]") != std::string::npos;
        if (level.is_skipped) return;
        const std::string path = level.path.empty() ? name : level.path + "." + name;
        if (!level.seen.insert(name).second) return problem(printable(path), "given twice");
        if (level.is_key_refused) {
            problem(printable(path),
                    "unknown key; a key has no dots or brackets, objects and lists stand within "
                    "each other");
        }
    }

    void null() override { take(Kind::null, "null"); }
    void value(int v) override { take(Kind::integer, std::to_string(v)); }
    void value(unsigned v) override { take(Kind::integer, std::to_string(v)); }
    void value(Poco::Int64 v) override { take(Kind::integer, std::to_string(v)); }
    void value(Poco::UInt64 v) override { take(Kind::integer, std::to_string(v)); }
    void value(const std::string& v) override { take(Kind::text, v); }
    void value(double v) override { take(Kind::real, std::to_string(v)); }
    void value(bool v) override { take(Kind::boolean, v ? "true" : "false"); }

 private:
    struct Level {
        std::string path;
        bool is_array = false;
        bool is_skipped = false;  ///< something above was wrong and has been said
        std::size_t entries = 0;
        std::string key{};
        bool is_key_refused = false;  ///< the same of this key
        std::set<std::string> seen{};
    };

    bool is_skipping() const { return levels_.back().is_skipped || levels_.back().is_key_refused; }

    std::string next_path() {
        Level& level = levels_.back();
        if (level.is_array) return level.path + "[" + std::to_string(level.entries++) + "]";
        return level.path.empty() ? level.key : level.path + "." + level.key;
    }

    void take(Kind kind, const std::string& text) {
        const std::string got = shown(kind, text);
        if (levels_.empty()) return problem("", "expected an object, got " + got);
        const Level level = levels_.back();
        const std::string path = next_path();
        if (is_skipping()) return;
        const Key* key = schema_.find(level.is_array ? level.path : path);
        if (key == nullptr) return complain(path, key, got);
        if (level.is_array && key->type == KeyType::objects) {
            return problem(path, "expected an object, got " + got);
        }
        if (level.is_array) return take_entry(*key, path, kind, text);
        if (kind == Kind::null && key->is_nullable) {
            if (key->type == KeyType::group) keep(path, "off");
            return;
        }
        if (!is_fitting(key->type, kind, text)) return problem(path, type_problem(*key, got));
        const auto checked = check_value(*key, text, got);
        if (!checked) return problem(path, checked.error().message);
        keep(path, *checked);
    }

    void take_entry(const Key& key, const std::string& path, Kind kind, const std::string& text) {
        const bool is_known =
            key.choices.empty() ||
            std::find(key.choices.begin(), key.choices.end(), text) != key.choices.end();
        if (kind != Kind::text || !is_known) {
            return problem(path, type_problem(key, shown(kind, text)));
        }
        keep(path, text);
    }

    void complain(const std::string& path, const Key* key, const std::string& got) {
        if (key != nullptr) return problem(path, type_problem(*key, got));
        if (schema_.is_section(path)) return problem(path, "expected an object, got " + got);
        reading_.problems.push_back(unknown_problem(schema_, path));
    }

    void problem(const std::string& path, const std::string& what) {
        reading_.problems.push_back(path.empty() ? what : path + ": " + what);
    }

    void keep(const std::string& path, const std::string& text) {
        reading_.values.push_back({path, text});
    }

    const Schema& schema_;
    JsonReading& reading_;
    std::vector<Level> levels_;
};

/// Blanks // comments (line numbers stay) and finds what Poco's parser would change in silence:
/// integers beyond 18 digits (they become 0) and NUL in text (the rest is cut off).
std::string prepare(std::string_view text, std::vector<std::string>& problems) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    std::string out(text);
    bool is_text = false;
    std::size_t digits = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (is_text) {
            if (out[i] == '\\') {
                if (out.compare(i, 6, "\\u0000") == 0) problems.push_back("NUL in a text");
                ++i;
            } else if (out[i] == '"') {
                is_text = false;
            }
            continue;
        }
        digits = std::isdigit(static_cast<unsigned char>(out[i])) != 0 ? digits + 1 : 0;
        if (digits == 19) problems.push_back("a number of more than 18 digits");
        if (out[i] == '"') is_text = true;
        if (out.compare(i, 2, "//") == 0) {
            for (; i < out.size() && out[i] != '\n'; ++i) out[i] = ' ';
        }
    }
    return out;
}

/// Poco's parser says what is wrong but not where; how far it has read tells.
std::size_t line_reached(std::istringstream& in, const std::string& json) {
    in.clear();
    const auto at = static_cast<std::size_t>(std::max<std::streamoff>(in.tellg(), 0));
    const auto end = json.begin() + static_cast<std::ptrdiff_t>(std::min(at, json.size()));
    const auto lines = static_cast<std::size_t>(std::count(json.begin(), end, '\n'));
    // A text that ends too early does so in its last line, not behind it.
    const bool is_behind = lines > 0 && at >= json.size() && json.back() == '\n';
    return is_behind ? lines : lines + 1;
}

}  // namespace

JsonReading read_json(const Schema& schema, std::string_view name, std::string_view text) {
    JsonReading reading;
    const std::string where(name);
    if (text.size() > kFileBytesMax) {
        reading.problems.push_back(where + ": over " + std::to_string(kFileBytesMax) + " bytes");
        return reading;
    }
    const std::string json = prepare(text, reading.problems);
    for (std::string& problem : reading.problems) problem.insert(0, where + ": ");
    if (!reading.problems.empty()) return reading;
    std::istringstream in(json);
    try {
        Poco::JSON::Handler::Ptr handler = new SchemaHandler(schema, reading);
        Poco::JSON::Parser parser(handler);
        parser.setDepth(kFileDepthMax);
        parser.parse(in);
    } catch (const Poco::Exception& error) {
        // A bad list or object may have been said already; the syntax error is the cause.
        reading.problems = {where + ":" + std::to_string(line_reached(in, json)) +
                            ": not JSON: " + error.message()};
    }
    return reading;
}

}  // namespace st::config
