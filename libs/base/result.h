#pragma once
/// Result<T>: a value or an Error, for input we do not trust. A subset of C++23 std::expected.
/// Result<T, E> where the error carries more than a text (the API names the field at fault).
/// Failures of the environment (disk, sockets) are exceptions instead; our own bugs are asserts.
#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace st {

struct Error {
    std::string message;  ///< what, where, got, expected
    int code = 0;         ///< where a protocol has one (WebSocket close code, HTTP status); else 0
};

template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
    Result(T value)
        : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(*-explicit-*): reads as T
    Result(E error)
        : state_(std::in_place_index<1>, std::move(error)) {
    }  // NOLINT(*-explicit-*): reads as Error

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }

    T& operator*() & {
        assert(ok());
        return *std::get_if<0>(&state_);
    }
    const T& operator*() const& {
        assert(ok());
        return *std::get_if<0>(&state_);
    }
    T&& operator*() && {
        assert(ok());
        return std::move(*std::get_if<0>(&state_));
    }
    T* operator->() { return &**this; }
    const T* operator->() const { return &**this; }

    const E& error() const {
        assert(!ok());
        return *std::get_if<1>(&state_);
    }

 private:
    std::variant<T, E> state_;
};

/// A Result without a value.
template <class E>
class [[nodiscard]] Result<void, E> {
 public:
    Result() = default;
    Result(E error)
        : error_(std::move(error)), ok_(false) {}  // NOLINT(*-explicit-*): reads as Error

    bool ok() const { return ok_; }
    explicit operator bool() const { return ok_; }
    const E& error() const {
        assert(!ok_);
        return error_;
    }

 private:
    E error_;
    bool ok_ = true;
};

}  // namespace st
