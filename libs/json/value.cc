#include "json/value.h"

#include <array>
#include <charconv>
#include <cmath>

namespace st::json {
namespace {

template <class T>
std::optional<T> parsed(const Number* number) {
    if (number == nullptr) return std::nullopt;
    T out{};
    const char* const end = number->text.data() + number->text.size();
    const auto [at, error] = std::from_chars(number->text.data(), end, out);
    if (error != std::errc() || at != end) return std::nullopt;
    return out;
}

}  // namespace

Object::Object() = default;
Object::Object(std::initializer_list<Member> members) : members_(members) {}
Object::Object(const Object&) = default;
Object::Object(Object&&) noexcept = default;
Object& Object::operator=(const Object&) = default;
Object& Object::operator=(Object&&) noexcept = default;
Object::~Object() = default;
bool Object::operator==(const Object&) const = default;

std::size_t Object::size() const { return members_.size(); }

void Object::set(std::string_view key, Value value) {
    for (Member& member : members_) {
        if (member.key == key) {
            member.value = std::move(value);
            return;
        }
    }
    append(std::string(key), std::move(value));
}

void Object::append(std::string key, Value value) {
    members_.push_back({std::move(key), std::move(value)});
}

const Value* Object::find(std::string_view key) const {
    for (const Member& member : members_) {
        if (member.key == key) return &member.value;
    }
    return nullptr;
}

const Value& Object::operator[](std::string_view key) const {
    static const Value kNull;
    const Value* const found = find(key);
    return found != nullptr ? *found : kNull;
}

Value::Value(double value) {
    if (!std::isfinite(value)) return;
    std::array<char, 32> text{};
    const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
    state_ = Number{std::string(text.data(), end)};
}

std::optional<bool> Value::boolean() const {
    const bool* const value = std::get_if<bool>(&state_);
    return value != nullptr ? std::optional(*value) : std::nullopt;
}

std::optional<std::int64_t> Value::integer() const { return parsed<std::int64_t>(number()); }

std::optional<std::uint64_t> Value::natural() const { return parsed<std::uint64_t>(number()); }

std::optional<double> Value::real() const { return parsed<double>(number()); }

/// Not the variant's own: clang 14 crashes over its recursion.
bool Value::operator==(const Value& other) const {
    if (state_.index() != other.state_.index()) return false;
    if (array() != nullptr) return *array() == *other.array();
    if (object() != nullptr) return *object() == *other.object();
    if (number() != nullptr) return *number() == *other.number();
    if (text() != nullptr) return *text() == *other.text();
    return boolean() == other.boolean();
}

std::string_view Value::kind() const {
    switch (state_.index()) {
        case 0:
            return "null";
        case 1:
            return "true or false";
        case 2:
            return number()->is_whole() ? "a whole number" : "a number";
        case 3:
            return "a string";
        case 4:
            return "a list";
        default:
            return "an object";
    }
}

}  // namespace st::json
