#include "control/json.h"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/ParseHandler.h>
#include <Poco/JSON/Parser.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "base/utf8.h"

namespace st::control {
namespace {

using Poco::Dynamic::Var;

/// Poco keeps the last of two equal keys; one of them is a mistake we would rather name.
class UniqueKeys final : public Poco::JSON::ParseHandler {
 public:
    UniqueKeys() : ParseHandler(/*preserveObjectOrder=*/true) {}

    void startObject() override {
        keys_.emplace_back();
        ParseHandler::startObject();
    }
    void endObject() override {
        keys_.pop_back();
        ParseHandler::endObject();
    }
    void key(const std::string& name) override {
        if (!keys_.empty() && !keys_.back().insert(name).second) {
            throw Poco::DataFormatException("the key \"" + name + "\" stands twice");
        }
        ParseHandler::key(name);
    }

 private:
    std::vector<std::set<std::string>> keys_;
};

/// Where whole numbers of more than 18 digits end: Poco reads 2^64 as 0 and clamps below -2^63.
std::vector<std::size_t> ends_of_long_numbers(std::string_view text) {
    constexpr std::size_t kDigitsMax = 18;
    std::vector<std::size_t> ends;
    bool quoted = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (quoted) {
            if (c == '\\')
                ++at;
            else if (c == '"')
                quoted = false;
            continue;
        }
        quoted = c == '"';
        if (c < '0' || c > '9') continue;
        const std::size_t end =
            std::min(text.find_first_not_of("0123456789.eE+-", at), text.size());
        const bool is_whole = text.substr(at, end - at).find_first_of(".eE") == std::string::npos;
        if (is_whole && end - at > kDigitsMax) ends.push_back(end);
        at = end - 1;
    }
    return ends;
}

std::string with_reals(std::string_view text, const std::vector<std::size_t>& ends) {
    std::string out;
    std::size_t at = 0;
    for (const std::size_t end : ends) {
        out.append(text.substr(at, end - at)).append(".0");
        at = end;
    }
    return out.append(text.substr(at));
}

/// The parser cuts a key at an escaped NUL, which could make two keys look alike.
bool has_nul(std::string_view text) {
    return text.find('\0') != std::string_view::npos ||
           text.find("\\u0000") != std::string_view::npos;
}

ApiError bad(std::string message) { return {ErrorCode::bad_request, std::move(message), {}}; }

std::string type_name(const Var& value) {
    constexpr double kLongFrom = 1e18;
    if (value.isEmpty()) return "null";
    if (value.type() == typeid(Poco::JSON::Object::Ptr)) return "an object";
    if (value.type() == typeid(Poco::JSON::Array::Ptr)) return "a list";
    if (value.isBoolean()) return "true or false";
    if (value.isString()) return "a string";
    if (value.isInteger()) return "a whole number";
    const bool is_long =
        value.type() == typeid(double) && std::abs(value.extract<double>()) >= kLongFrom;
    return is_long ? "a number of more than 18 digits" : "a number";
}

}  // namespace

Decoded<Var> parse_json(std::string_view text, std::size_t bytes_max, LongNumbers long_numbers) {
    if (text.size() > bytes_max) {
        return ApiError{ErrorCode::too_large,
                        "JSON of " + std::to_string(text.size()) + " bytes, over the limit of " +
                            std::to_string(bytes_max),
                        {}};
    }
    if (has_nul(text)) return bad("JSON: a NUL character");
    const auto ends = ends_of_long_numbers(text);
    if (!ends.empty() && long_numbers == LongNumbers::refused) {
        return bad("JSON: a number of more than 18 digits");
    }
    std::string json = with_reals(text, ends);
    // Poco's parser takes objects and lists alone: another value is read as the one of a list.
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    const bool is_bare =
        first != std::string_view::npos && text[first] != '{' && text[first] != '[';
    if (is_bare) json = "[ " + json + " ]";
    try {
        Poco::JSON::Parser parser(new UniqueKeys);
        parser.setDepth(kJsonDepthMax);
        const Var value = parser.parse(json);
        if (!is_bare) return value;
        const auto& list = *value.extract<Poco::JSON::Array::Ptr>();
        if (list.size() != 1) return bad("JSON: more than one value");
        return list.get(0);
    } catch (const Poco::Exception& error) {
        // Poco throws for every kind of syntax error, some of them not JSONException.
        const std::string why = error.message().empty() ? error.what() : error.message();
        return bad("JSON: " + as_utf8(why));
    }
}

Decoded<Poco::JSON::Object::Ptr> parse_object(std::string_view text, std::size_t bytes_max,
                                              LongNumbers long_numbers) {
    const auto value = parse_json(text, bytes_max, long_numbers);
    if (!value) return value.error();
    if (value->type() != typeid(Poco::JSON::Object::Ptr)) {
        return bad("JSON: expected an object, got " + type_name(*value));
    }
    return value->extract<Poco::JSON::Object::Ptr>();
}

Poco::JSON::Object ordered_object() { return Poco::JSON::Object(Poco::JSON_PRESERVE_KEY_ORDER); }

std::string to_line(const Poco::JSON::Object& object) {
    std::ostringstream text;
    object.stringify(text);
    return text.str();
}

ObjectReader::ObjectReader(const Poco::JSON::Object& object, std::string where)
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

bool ObjectReader::has(const std::string& key) const { return !object_.isNull(key); }

void ObjectReader::require(const std::string& key) {
    if (!has(key)) fail(key, "missing");
}

Var ObjectReader::value(const std::string& key) {
    known_.insert(key);
    return failed() ? Var() : object_.get(key);
}

void ObjectReader::read(const std::string& key, bool& out) {
    const Var found = value(key);
    if (found.isEmpty()) return;
    if (!found.isBoolean()) return fail(key, "expected true or false, got " + type_name(found));
    out = found.extract<bool>();
}

void ObjectReader::read(const std::string& key, std::uint64_t& out, Range range) {
    const Var found = value(key);
    if (found.isEmpty()) return;
    // A bool says isInteger() too.
    if (found.isBoolean() || !found.isInteger()) {
        return fail(key, "expected a whole number, got " + type_name(found));
    }
    const auto number = found.convert<std::int64_t>();
    if (number < 0 || static_cast<std::uint64_t>(number) < range.min ||
        static_cast<std::uint64_t>(number) > range.max) {
        return fail(key, std::to_string(number) + " is outside " + std::to_string(range.min) +
                             " .. " + std::to_string(range.max));
    }
    out = static_cast<std::uint64_t>(number);
}

void ObjectReader::read(const std::string& key, std::uint32_t& out, Range range) {
    std::uint64_t wide = out;
    range.max = std::min<std::uint64_t>(range.max, std::numeric_limits<std::uint32_t>::max());
    read(key, wide, range);
    out = static_cast<std::uint32_t>(wide);
}

void ObjectReader::read(const std::string& key, double& out) {
    const Var found = value(key);
    if (found.isEmpty()) return;
    if (found.isBoolean() || !found.isNumeric()) {
        return fail(key, "expected a number, got " + type_name(found));
    }
    out = found.convert<double>();
}

void ObjectReader::read(const std::string& key, std::string& out, std::size_t bytes_max) {
    const Var found = value(key);
    if (found.isEmpty()) return;
    if (!found.isString()) return fail(key, "expected a string, got " + type_name(found));
    const auto& text = found.extract<std::string>();
    if (text.size() > bytes_max) {
        return fail(key, "a string of " + std::to_string(text.size()) +
                             " bytes, over the limit of " + std::to_string(bytes_max));
    }
    out = text;
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

void ObjectReader::read(const std::string& key, std::vector<std::string>& out,
                        std::size_t items_max) {
    const Var found = value(key);
    if (found.isEmpty()) return;
    if (found.type() != typeid(Poco::JSON::Array::Ptr)) {
        return fail(key, "expected a list of strings, got " + type_name(found));
    }
    const auto& list = *found.extract<Poco::JSON::Array::Ptr>();
    if (list.size() > items_max) {
        return fail(key, std::to_string(list.size()) + " items, over the limit of " +
                             std::to_string(items_max));
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
        const Var item = list.get(static_cast<unsigned>(i));
        const std::string name = key + "[" + std::to_string(i) + "]";
        if (item.isEmpty()) return fail(name, "expected a string, got null");
        if (!item.isString()) return fail(name, "expected a string, got " + type_name(item));
        out.push_back(item.extract<std::string>());
    }
}

Poco::JSON::Object::Ptr ObjectReader::object(const std::string& key) {
    const Var found = value(key);
    if (found.isEmpty()) return {};
    if (found.type() != typeid(Poco::JSON::Object::Ptr)) {
        fail(key, "expected an object, got " + type_name(found));
        return {};
    }
    return found.extract<Poco::JSON::Object::Ptr>();
}

std::vector<Poco::JSON::Object::Ptr> ObjectReader::objects(const std::string& key,
                                                           std::size_t items_max) {
    std::vector<Poco::JSON::Object::Ptr> out;
    const Var found = value(key);
    if (found.isEmpty()) return out;
    if (found.type() != typeid(Poco::JSON::Array::Ptr)) {
        fail(key, "expected a list of objects, got " + type_name(found));
        return out;
    }
    const auto& list = *found.extract<Poco::JSON::Array::Ptr>();
    if (list.size() > items_max) {
        fail(key, std::to_string(list.size()) + " items, over the limit of " +
                      std::to_string(items_max));
        return out;
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
        const Var item = list.get(static_cast<unsigned>(i));
        if (item.isEmpty() || item.type() != typeid(Poco::JSON::Object::Ptr)) {
            fail(key + "[" + std::to_string(i) + "]", "expected an object");
            return {};
        }
        out.push_back(item.extract<Poco::JSON::Object::Ptr>());
    }
    return out;
}

void ObjectReader::refuse_unknown(const std::string& why) {
    constexpr std::size_t kShownMax = 64;
    for (const std::string& name : object_.getNames()) {
        if (known_.count(name) == 0) return fail(std::string(utf8_prefix(name, kShownMax)), why);
    }
}

}  // namespace st::control
