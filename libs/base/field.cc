#include "base/field.h"

#include <algorithm>
#include <stdexcept>

namespace st {

bool iequals(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_token_char(char c) {
    const char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

const std::string* find_field(std::span<const Field> fields, std::string_view name) {
    for (const Field& field : fields) {
        if (iequals(field.name, name)) return &field.value;
    }
    return nullptr;
}

std::size_t count_fields(std::span<const Field> fields, std::string_view name) {
    return static_cast<std::size_t>(
        std::count_if(fields.begin(), fields.end(),
                      [name](const Field& field) { return iequals(field.name, name); }));
}

std::vector<std::string_view> list_elements(std::span<const Field> fields, std::string_view name) {
    std::vector<std::string_view> elements;
    for (const Field& field : fields) {
        if (!iequals(field.name, name)) continue;
        for (std::string_view rest = field.value; !rest.empty();) {
            const auto comma = std::min(rest.find(','), rest.size());
            elements.push_back(trim(rest.substr(0, comma)));
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
    }
    return elements;
}

bool list_has(std::span<const Field> fields, std::string_view name, std::string_view token) {
    return std::ranges::any_of(list_elements(fields, name), [token](std::string_view element) {
        return iequals(element, token);
    });
}

void append_field(std::string& head, std::string_view name, std::string_view value) {
    const bool clean = std::none_of(value.begin(), value.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
    });
    if (!is_token(name) || !clean) {
        throw std::invalid_argument("header field " + std::string(name) + " would break the head");
    }
    head.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace st
