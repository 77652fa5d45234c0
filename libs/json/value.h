#pragma once
/// JSON values. A number keeps its text, so whole numbers of any size survive reading and writing
/// unchanged. Pure; a value is used by one thread at a time.
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace st::json {

class Value;
struct Member;
using Array = std::vector<Value>;

/// Keeps its members in the order they were set.
class Object {
 public:
    Object();
    /// {{"name", "door"}, {"bytes", 7}}: keys that differ.
    Object(std::initializer_list<Member> members);
    Object(const Object&);
    Object(Object&&) noexcept;
    Object& operator=(const Object&);
    Object& operator=(Object&&) noexcept;
    ~Object();

    /// Replaces the value of a key that is there already.
    void set(std::string_view key, Value value);
    /// The same for a key that is known not to be there: a parser has checked it.
    void append(std::string key, Value value);
    /// Null if there is no such key. Valid until the object changes.
    const Value* find(std::string_view key) const;
    /// The same; a key that is not there reads as a null value.
    const Value& operator[](std::string_view key) const;

    const std::vector<Member>& members() const { return members_; }
    std::size_t size() const;
    bool empty() const { return size() == 0; }
    bool operator==(const Object&) const;

 private:
    std::vector<Member> members_;
};

/// The text of a number as JSON writes it.
struct Number {
    std::string text;
    bool is_whole() const { return text.find_first_of(".eE") == std::string::npos; }
    bool operator==(const Number&) const = default;
};

class Value {
 public:
    Value() = default;
    Value(bool value) : state_(value) {}
    template <std::integral T>
    requires(!std::same_as<T, bool>) Value(T value) : state_(Number{std::to_string(value)}) {}
    Value(double value);  ///< shortest text that reads back the same; null if it is not finite
    Value(Number value) : state_(std::move(value)) {}
    Value(std::string value) : state_(std::move(value)) {}
    Value(std::string_view value) : state_(std::string(value)) {}
    Value(const char* value) : state_(std::string(value)) {}
    Value(Array value) : state_(std::move(value)) {}
    Value(Object value) : state_(std::move(value)) {}
    /// None is null.
    template <class T>
    Value(const std::optional<T>& value) {
        if (value) *this = Value(*value);
    }

    bool is_null() const { return std::holds_alternative<std::monostate>(state_); }
    std::optional<bool> boolean() const;
    const Number* number() const { return std::get_if<Number>(&state_); }
    /// A whole number within 64 bits, never rounded.
    std::optional<std::int64_t> integer() const;
    std::optional<std::uint64_t> natural() const;
    /// Any number; one of many digits is rounded.
    std::optional<double> real() const;
    const std::string* text() const { return std::get_if<std::string>(&state_); }
    const Array* array() const { return std::get_if<Array>(&state_); }
    const Object* object() const { return std::get_if<Object>(&state_); }
    /// The text, or "" if it is something else.
    std::string text_or_empty() const { return text() != nullptr ? *text() : std::string(); }

    /// "a whole number", "an object", ... for messages.
    std::string_view kind() const;
    bool operator==(const Value& other) const;

 private:
    std::variant<std::monostate, bool, Number, std::string, Array, Object> state_;
};

struct Member {
    std::string key;
    Value value;
    bool operator==(const Member&) const = default;
};

}  // namespace st::json
