#include "control/json.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace st::control {

using json::Object;
using json::Value;

Decoded<Value> parse_json(std::string_view text, const json::Limits& limits) {
    auto value = json::read(text, limits);
    if (value) return std::move(*value);
    const json::ReadError& error = value.error();
    if (error.too_large) return ApiError{ErrorCode::too_large, error.message, {}};
    if (error.path.empty()) return ApiError{ErrorCode::bad_request, "JSON: " + error.message, {}};
    return ApiError{ErrorCode::bad_request, error.path + ": " + error.message, error.path};
}

Decoded<Object> parse_object(std::string_view text, const json::Limits& limits) {
    const auto value = parse_json(text, limits);
    if (!value) return value.error();
    if (const Object* const object = value->object()) return *object;
    return ApiError{
        ErrorCode::bad_request, "JSON: expected an object, got " + std::string(value->kind()), {}};
}

ObjectReader::ObjectReader(const Object& object, std::string where)
    : object_(object), where_(std::move(where)) {}

std::string ObjectReader::path(const std::string& key) const {
    return where_.empty() ? key : where_ + "." + key;
}

void ObjectReader::fail(const std::string& key, const std::string& message) {
    fail({ErrorCode::bad_request, path(key) + ": " + message, path(key)});
}

void ObjectReader::fail(ApiError error) {
    if (!error_) error_ = std::move(error);
}

bool ObjectReader::has(const std::string& key) const { return !object_[key].is_null(); }

void ObjectReader::require(const std::string& key) {
    if (!has(key)) fail(key, "missing");
}

const Value& ObjectReader::value(const std::string& key) {
    static const Value kNull;
    known_.insert(key);
    return failed() ? kNull : object_[key];
}

void ObjectReader::read(const std::string& key, bool& out) {
    const Value& found = value(key);
    if (found.is_null()) return;
    if (!found.boolean()) return expected(key, "true or false", found);
    out = *found.boolean();
}

void ObjectReader::read(const std::string& key, std::optional<bool>& out) {
    bool flag = false;
    read(key, flag);
    if (has(key) && !failed()) out = flag;
}

void ObjectReader::read(const std::string& key, std::uint64_t& out, Range range) {
    const Value& found = value(key);
    if (found.is_null()) return;
    if (found.number() == nullptr || !found.number()->is_whole()) {
        return expected(key, "a whole number", found);
    }
    const auto number = found.natural();
    if (!number || *number < range.min || *number > range.max) {
        return fail(key, found.number()->text + " is outside " + std::to_string(range.min) +
                             " .. " + std::to_string(range.max));
    }
    out = *number;
}

void ObjectReader::read(const std::string& key, std::uint32_t& out, Range range) {
    std::uint64_t wide = out;
    range.max = std::min<std::uint64_t>(range.max, std::numeric_limits<std::uint32_t>::max());
    read(key, wide, range);
    out = static_cast<std::uint32_t>(wide);
}

void ObjectReader::read(const std::string& key, double& out) {
    const Value& found = value(key);
    if (found.is_null()) return;
    if (!found.real()) return expected(key, "a number", found);
    out = *found.real();
}

void ObjectReader::read(const std::string& key, std::string& out, std::size_t bytes_max) {
    const Value& found = value(key);
    if (found.is_null()) return;
    const std::string* const text = found.text();
    if (text == nullptr) return expected(key, "a string", found);
    if (text->size() > bytes_max) {
        return fail(key, "a string of " + std::to_string(text->size()) +
                             " bytes, over the limit of " + std::to_string(bytes_max));
    }
    out = *text;
}

void ObjectReader::read(const std::string& key, std::optional<std::string>& out,
                        std::size_t bytes_max) {
    std::string text;
    read(key, text, bytes_max);
    if (has(key) && !failed()) out = std::move(text);
}

void ObjectReader::read(const std::string& key, std::optional<std::uint64_t>& out, Range range) {
    std::uint64_t number = 0;
    read(key, number, range);
    if (has(key) && !failed()) out = number;
}

void ObjectReader::read(const std::string& key, std::optional<std::uint32_t>& out, Range range) {
    std::uint32_t number = 0;
    read(key, number, range);
    if (has(key) && !failed()) out = number;
}

void ObjectReader::read(const std::string& key, std::optional<double>& out) {
    double number = 0;
    read(key, number);
    if (has(key) && !failed()) out = number;
}

void ObjectReader::read(const std::string& key, std::optional<std::int64_t>& out) {
    const Value& found = value(key);
    if (found.is_null()) return;
    const auto number = found.integer();
    number ? void(out = *number) : fail(key, "expected a whole number");
}

const json::Array* ObjectReader::list(const std::string& key, std::string_view of,
                                      std::size_t items_max) {
    const Value& found = value(key);
    if (found.is_null()) return nullptr;
    const json::Array* const list = found.array();
    if (list == nullptr) {
        expected(key, "a list of " + std::string(of), found);
    } else if (list->size() > items_max) {
        fail(key, std::to_string(list->size()) + " items, over the limit of " +
                      std::to_string(items_max));
        return nullptr;
    }
    return list;
}

void ObjectReader::read(const std::string& key, std::vector<std::string>& out,
                        std::size_t items_max) {
    const json::Array* const items = list(key, "strings", items_max);
    if (items == nullptr) return;
    for (std::size_t i = 0; i < items->size(); ++i) {
        const Value& item = (*items)[i];
        if (item.text() == nullptr) {
            return expected(key + "[" + std::to_string(i) + "]", "a string", item);
        }
        out.push_back(*item.text());
    }
}

const Object* ObjectReader::object(const std::string& key) {
    const Value& found = value(key);
    if (!found.is_null() && found.object() == nullptr) expected(key, "an object", found);
    return found.object();
}

std::vector<const Object*> ObjectReader::objects(const std::string& key, std::size_t items_max) {
    const json::Array* const items = list(key, "objects", items_max);
    if (items == nullptr) return {};
    std::vector<const Object*> out;
    out.reserve(items->size());
    for (std::size_t i = 0; i < items->size(); ++i) {
        const Value& item = (*items)[i];
        if (item.object() == nullptr) {
            expected(key + "[" + std::to_string(i) + "]", "an object", item);
            return {};
        }
        out.push_back(item.object());
    }
    return out;
}

void ObjectReader::expected(const std::string& key, std::string_view what, const Value& got) {
    fail(key, "expected " + std::string(what) + ", got " + std::string(got.kind()));
}

void ObjectReader::refuse_unknown(const std::string& why) {
    constexpr std::size_t kKeyShownMax = 64;
    for (const json::Member& member : object_.members()) {
        if (known_.count(member.key) == 0) return fail(clean_text(member.key, kKeyShownMax), why);
    }
}

}  // namespace st::control
