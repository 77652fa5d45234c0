#include "config/json_file.h"

#include <algorithm>

#include "json/read.h"

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

/// Walks through a document and compares it with the schema.
class SchemaReader {
 public:
    SchemaReader(const Schema& schema, JsonReading& reading) : schema_(schema), reading_(reading) {}

    void read_document(const json::Value& document) {
        if (document.object() == nullptr) {
            return problem("", "expected an object, got " + got(document, ""));
        }
        read_members(*document.object(), "");
    }

 private:
    /// A value as messages show it; where a secret may be meant, only what it is.
    std::string got(const json::Value& value, const std::string& path) const {
        if (value.object() != nullptr) return "an object";
        if (value.array() != nullptr) return "a list";
        if (schema_.holds_secret(path)) {
            if (value.text() != nullptr) return "text";
            if (value.number() != nullptr) return "a number";
        }
        return shown(kind_of(value), text_of(value));
    }

    static Kind kind_of(const json::Value& value) {
        if (value.boolean()) return Kind::boolean;
        if (value.text() != nullptr) return Kind::text;
        if (value.number() == nullptr) return Kind::null;
        return value.number()->is_whole() ? Kind::integer : Kind::real;
    }

    static std::string text_of(const json::Value& value) {
        if (value.boolean()) return *value.boolean() ? "true" : "false";
        if (value.text() != nullptr) return *value.text();
        return value.number() != nullptr ? value.number()->text : "null";
    }

    void read_members(const json::Object& object, const std::string& where) {
        for (const json::Member& member : object.members()) {
            const std::string path = where.empty() ? member.key : where + "." + member.key;
            // It would be taken for the path of another key.
            if (member.key.find_first_of(".[]") != std::string::npos) {
                problem(printable(path),
                        "unknown key; a key has no dots or brackets, objects and lists stand "
                        "within each other");
            } else {
                read_value(member.value, path);
            }
        }
    }

    void read_value(const json::Value& value, const std::string& path) {
        const Key* const key = schema_.find(path);
        if (value.object() != nullptr) return read_object(*value.object(), path, key);
        if (value.array() != nullptr) return read_list(*value.array(), path, key);
        if (key == nullptr) return complain(path, key, got(value, path));
        if (value.is_null() && key->is_nullable) {
            if (key->type == KeyType::group) keep(path, "off");
            return;
        }
        if (!is_fitting(key->type, kind_of(value), text_of(value))) {
            return problem(path, type_problem(*key, got(value, path)));
        }
        const auto checked = check_value(*key, text_of(value), got(value, path));
        if (!checked) return problem(path, checked.error().message);
        keep(path, *checked);
    }

    void read_object(const json::Object& object, const std::string& path, const Key* key) {
        if (key != nullptr && key->type == KeyType::group) {
            keep(path, "on");
        } else if (key != nullptr || !schema_.is_section(path)) {
            return complain(path, key, "an object");
        }
        read_members(object, path);
    }

    void read_list(const json::Array& list, const std::string& path, const Key* key) {
        const bool is_list =
            key != nullptr && (key->type == KeyType::texts || key->type == KeyType::objects);
        if (!is_list) return complain(path, key, "a list");
        for (std::size_t i = 0; i < list.size(); ++i) {
            read_entry(list[i], path + "[" + std::to_string(i) + "]", *key);
        }
        const std::string entries = std::to_string(list.size());
        if (list.size() < key->min || list.size() > key->max) {
            return problem(path, range_problem(*key, entries));
        }
        keep(path + std::string(kCountEnding), entries);
    }

    void read_entry(const json::Value& value, const std::string& path, const Key& key) {
        if (key.type == KeyType::objects) {
            if (value.object() != nullptr) return read_members(*value.object(), path);
            return problem(path, "expected an object, got " + got(value, key.path));
        }
        const std::string* const text = value.text();
        const bool is_known =
            text != nullptr &&
            (key.choices.empty() || std::ranges::find(key.choices, *text) != key.choices.end());
        if (!is_known) return problem(path, type_problem(key, got(value, key.path)));
        keep(path, *text);
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
};

}  // namespace

JsonReading read_json(const Schema& schema, std::string_view name, std::string_view text) {
    JsonReading reading;
    const std::string where(name);
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    const auto document = json::read(
        text, {.bytes_max = kFileBytesMax, .depth_max = kFileDepthMax, .has_comments = true});
    if (document) {
        SchemaReader(schema, reading).read_document(*document);
        return reading;
    }
    const json::ReadError& error = document.error();
    if (error.too_large) {
        reading.problems.push_back(where + ": over " + std::to_string(kFileBytesMax) + " bytes");
    } else if (!error.path.empty()) {
        reading.problems.push_back(error.path + ": " + error.message);
    } else {
        reading.problems.push_back(where + ":" + std::to_string(error.line) +
                                   ": not JSON: " + error.message);
    }
    return reading;
}

}  // namespace st::config
