#include "json/write.h"

#include <array>
#include <cstdio>
#include <set>

#include "base/text.h"

namespace st::json {
namespace {

void write_unit(std::string& out, unsigned unit) {
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "\\u%04x", unit);
    out += text.data();
}

void write_text(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const Character character = take_character(text);
        const char32_t c = character.value;
        if (!character.is_valid || c == 0) {
            out += "\xEF\xBF\xBD";
        } else if (c == '"' || c == '\\') {
            out += '\\';
            out += static_cast<char>(c);
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (c == '\r') {
            out += "\\r";
        } else if (is_unsafe(c)) {
            write_unit(out, c);  // all of them lie in the first plane
        } else {
            out.append(character.bytes);
        }
    }
    out += '"';
}

/// `indent` is the level's; nullopt: all on one line.
using Indent = std::optional<std::size_t>;

void new_line(std::string& out, Indent indent) {
    if (indent) out.append(1, '\n').append(*indent * 2, ' ');
}

void write_value(std::string& out, const Value& value, Indent indent);

void write_object(std::string& out, const Object& object, Indent indent) {
    const Indent inner = indent ? Indent(*indent + 1) : Indent();
    out += '{';
    bool is_first = true;
    for (const Member& member : object.members()) {
        if (!is_first) out += ',';
        is_first = false;
        new_line(out, inner);
        write_text(out, member.key);
        out += indent ? ": " : ":";
        write_value(out, member.value, inner);
    }
    if (!is_first) new_line(out, indent);
    out += '}';
}

void write_array(std::string& out, const Array& array, Indent indent) {
    const Indent inner = indent ? Indent(*indent + 1) : Indent();
    out += '[';
    for (std::size_t i = 0; i < array.size(); ++i) {
        if (i > 0) out += ',';
        new_line(out, inner);
        write_value(out, array[i], inner);
    }
    if (!array.empty()) new_line(out, indent);
    out += ']';
}

void write_value(std::string& out, const Value& value, Indent indent) {
    if (const auto* text = value.text()) {
        write_text(out, *text);
    } else if (const auto* number = value.number()) {
        out += number->text;
    } else if (const auto boolean = value.boolean()) {
        out += *boolean ? "true" : "false";
    } else if (const auto* array = value.array()) {
        write_array(out, *array, indent);
    } else if (const auto* object = value.object()) {
        write_object(out, *object, indent);
    } else {
        out += "null";
    }
}

}  // namespace

std::string write(const Value& value) {
    std::string out;
    write_value(out, value, {});
    return out;
}

std::string write(const Object& object) {
    std::string out;
    write_object(out, object, {});
    return out;
}

std::string write(std::string_view text) {
    std::string out;
    write_text(out, text);
    return out;
}

std::string write_indented(const Value& value) {
    std::string out;
    write_value(out, value, 0);
    return out;
}

Value cleaned(const Value& value, std::size_t text_bytes_max) {
    if (const auto* text = value.text()) return clean_text(*text, text_bytes_max);
    if (const auto* array = value.array()) {
        Array out;
        out.reserve(array->size());
        for (const Value& item : *array) out.push_back(cleaned(item, text_bytes_max));
        return out;
    }
    if (const auto* object = value.object()) {
        Object out;
        std::set<std::string> keys;
        for (const Member& member : object->members()) {
            std::string key = clean_text(member.key, text_bytes_max);
            if (keys.insert(key).second)
                out.append(std::move(key), cleaned(member.value, text_bytes_max));
        }
        return out;
    }
    return value;
}

}  // namespace st::json
