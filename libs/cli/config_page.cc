/// How a configuration is shown: --print-config and the tables of the documentation page.
#include <Poco/JSONString.h>

#include <cassert>

#include "base/units.h"
#include "cli/config.h"
#include "cli/config_json.h"

namespace st::cli {
namespace {

std::string quoted(const std::string& text) { return Poco::toJSON(text); }

/// A kept value as it would stand in the file.
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

std::string section_of(const std::string& path) { return path.substr(0, path.find_first_of(".[")); }

std::string range_of(const Key& key, std::string (*format)(std::uint64_t)) {
    return format(key.min) + " to " + format(key.max);
}

std::string plain(std::uint64_t value) { return std::to_string(value); }
std::string as_duration(std::uint64_t ms) { return format_duration(std::chrono::milliseconds(ms)); }

std::string value_column(const Key& key) {
    std::string words;
    for (const std::string& choice : key.choices)
        words += (words.empty() ? "`" : ", `") + choice + "`";
    switch (key.type) {
        case KeyType::boolean:
            return "`true`, `false`";
        case KeyType::integer:
            return "number, " + range_of(key, plain);
        case KeyType::port:
            return "port, or `\"off\"`";
        case KeyType::size:
            return "size, " + range_of(key, format_size);
        case KeyType::duration:
            return "duration, " + range_of(key, as_duration);
        case KeyType::text:
            return key.is_nullable ? "text or `null`" : "text";
        case KeyType::choice:
            return "one of " + words;
        case KeyType::texts:
            return key.choices.empty() ? "list of text" : "list of " + words;
        case KeyType::group:
            return "object or `null`";
        case KeyType::objects:
            return "list of objects";
    }
    return "";
}

std::string default_column(const Key& key) {
    if (key.type == KeyType::texts) {
        std::vector<std::string> entries;
        for (std::size_t at = 0; !key.fallback.empty() && at <= key.fallback.size();) {
            const std::size_t end = std::min(key.fallback.find(',', at), key.fallback.size());
            entries.push_back(key.fallback.substr(at, end - at));
            at = end + 1;
        }
        return "`" + as_json_list(entries) + "`";
    }
    if (key.type == KeyType::objects) return key.fallback == "0" ? "`[]`" : "one entry of defaults";
    return "`" + as_json(key, key.fallback) + "`";
}

}  // namespace

std::vector<Layers::Entry> Layers::entries() const {
    std::vector<Entry> out;
    const auto line = [&](const std::string& path, const std::string& value) {
        out.push_back({path, value, source(path)});
    };
    for (const Key& key : schema_.keys()) {
        const std::size_t list = key.path.find(kCountEnding);
        if (key.type == KeyType::texts && list == std::string::npos) {
            line(key.path, as_json_list(texts(key.path)));
        } else if (key.type == KeyType::objects) {
            if (count(key.path) == 0) line(key.path, "[]");
        } else if (list == std::string::npos) {
            line(key.path, as_json(key, text(key.path)));
        } else {
            const std::string owner = key.path.substr(0, list);
            for (std::size_t i = 0; i < count(owner); ++i) {
                const std::string path =
                    owner + "[" + std::to_string(i) + "]" + key.path.substr(list + 2);
                line(path, key.type == KeyType::texts ? as_json_list(texts(path))
                                                      : as_json(key, text(path)));
            }
        }
    }
    return out;
}

std::string listing(const std::vector<Layers::Entry>& entries) {
    std::string out;
    for (const Layers::Entry& entry : entries) {
        out += entry.path + " = " + entry.value + "  // " + entry.source + "\n";
    }
    return out;
}

std::vector<std::string> Layers::unused_but_set() const {
    std::vector<std::string> out;
    for (const Key& key : schema_.keys()) {
        if (key.is_used || key.path.find(kCountEnding) != std::string::npos) continue;
        if (source(key.path) == "default") continue;
        bool is_default = false;
        if (key.type == KeyType::objects) {
            is_default = std::to_string(count(key.path)) == key.fallback;
        } else if (key.type == KeyType::texts) {
            is_default = as_json_list(texts(key.path)) ==
                         default_column(key).substr(1, default_column(key).size() - 2);
        } else {
            is_default = text(key.path) == key.fallback;
        }
        if (!is_default) out.push_back(key.path);
    }
    return out;
}

std::string reference_tables(const Schema& schema, std::string_view environment_prefix) {
    std::string out, section;
    for (const Key& key : schema.keys()) {
        if (section_of(key.path) != section) {
            section = section_of(key.path);
            out += "\n## " + section + "\n\n";
            out +=
                "| key | value | default | applies | meaning |\n| --- | --- | --- | --- | --- |\n";
        }
        out += "| `" + key.path + "` | " + value_column(key) + " | " + default_column(key) + " | " +
               (key.applies_on_reload ? "reload" : "restart") + " | " + key.help +
               (key.is_used ? "" : " *Not used by this version.*") + " |\n";
    }
    const std::string example(environment_name(environment_prefix, "recording.path"));
    return "The environment variable of a key is its path in capitals, for instance `" + example +
           "`: lists with commas, an object that may be `null` as `{}` or `null` (its members have "
           "variables of their own); entries of lists of objects can be given in the file only.\n" +
           out;
}

}  // namespace st::cli
