#include "base/units.h"
#include "config/schema.h"

namespace st::config {
namespace {

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

/// A bar would end the cell, also between back quotes.
std::string in_cell(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out += '\\';
        out += c;
    }
    return out;
}

std::string default_column(const Key& key) {
    if (key.type == KeyType::texts) return "`" + as_json_list(split_commas(key.fallback)) + "`";
    if (key.type == KeyType::objects) return key.fallback == "0" ? "`[]`" : "one entry of defaults";
    return "`" + as_json(key, key.fallback) + "`";
}

}  // namespace

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
               (key.applies_on_reload ? "reload" : "restart") + " | " + in_cell(key.help) + " |\n";
    }
    const std::string example(environment_name(environment_prefix, "recording.path"));
    return "The environment variable of a key is its path in capitals, for instance `" + example +
           "`: lists with commas, an object that may be `null` as `{}` or `null` (its members have "
           "variables of their own); entries of lists of objects can be given in the file only.\n" +
           out;
}

}  // namespace st::config
