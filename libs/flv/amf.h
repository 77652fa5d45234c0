#pragma once
/// Action Message Format values, as commands and metadata carry them. Pure.
/// Spec: AMF0 (Adobe, 2007), AMF3 (Adobe, 2013).
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/result.h"

namespace st::flv {

class AmfValue;

/// Named values in the order they came; a name may stand twice.
struct AmfObject {
    enum class Kind : std::uint8_t { object, ecma_array };
    Kind kind = Kind::object;
    std::vector<std::pair<std::string, AmfValue>> members;

    /// The first member of that name; nullptr: none. Valid until the object changes.
    const AmfValue* find(std::string_view name) const;
    void add(std::string name, AmfValue value);
    /// Replaces the first member of that name, or adds it.
    void set(std::string_view name, AmfValue value);
};

struct AmfArray {
    std::vector<AmfValue> items;
};
struct AmfNull {};
struct AmfUndefined {};
struct AmfDate {
    double unix_ms = 0;
    std::int16_t zone_minutes = 0;  ///< reserved, 0 by the spec; kept
};

/// Value semantics; a tree that cannot hold itself.
class AmfValue {
 public:
    using Storage = std::variant<AmfNull, AmfUndefined, bool, double, std::string, AmfDate,
                                 AmfArray, AmfObject>;

    AmfValue() = default;
    AmfValue(AmfNull) {}                               // NOLINT(*-explicit-*): reads as a value
    AmfValue(AmfUndefined value) : storage_(value) {}  // NOLINT(*-explicit-*): same
    AmfValue(bool value) : storage_(value) {}          // NOLINT(*-explicit-*): same
    AmfValue(double value) : storage_(value) {}        // NOLINT(*-explicit-*): same
    AmfValue(AmfDate value) : storage_(value) {}       // NOLINT(*-explicit-*): same
    AmfValue(std::string value) : storage_(std::move(value)) {}  // NOLINT(*-explicit-*): same
    AmfValue(std::string_view value)
        : storage_(std::string(value)) {}                          // NOLINT(*-explicit-*): same
    AmfValue(const char* value) : storage_(std::string(value)) {}  // NOLINT(*-explicit-*): same
    AmfValue(AmfArray value) : storage_(std::move(value)) {}       // NOLINT(*-explicit-*): same
    AmfValue(AmfObject value) : storage_(std::move(value)) {}      // NOLINT(*-explicit-*): same

    /// Each: nullptr if it is of another kind.
    const bool* boolean() const { return std::get_if<bool>(&storage_); }
    const double* number() const { return std::get_if<double>(&storage_); }
    const std::string* string() const { return std::get_if<std::string>(&storage_); }
    const AmfDate* date() const { return std::get_if<AmfDate>(&storage_); }
    const AmfArray* array() const { return std::get_if<AmfArray>(&storage_); }
    const AmfObject* object() const { return std::get_if<AmfObject>(&storage_); }
    AmfObject* object() { return std::get_if<AmfObject>(&storage_); }
    bool is_null() const { return std::holds_alternative<AmfNull>(storage_); }

    const Storage& storage() const { return storage_; }

 private:
    Storage storage_;
};

/// What one message may hold. Text counts each time it is repeated by reference.
struct AmfLimits {
    std::size_t depth_max = 16;
    std::size_t values_max = 4096;
    std::size_t text_bytes_max = 1024 * 1024;
};

/// Reads AMF0 values one after the other. Of AMF3 (marker 0x11) only undefined, null, booleans,
/// numbers and strings are taken: publishers in use send AMF0 also in messages of the AMF3 types,
/// and objects in AMF3 came from the Flash Player alone.
/// An array of more than kNumbersMax numbers is passed over and read as an empty one: files have an
/// index of their key frames in their metadata.
/// Borrows the bytes. Strict about bounds; tolerant of an object at the very end whose end marker
/// is missing, and of wrong counts before ECMA arrays. References are refused, so nothing is
/// cyclic; so are markers that have no meaning outside a Flash player.
class Amf0Reader {
 public:
    static constexpr std::size_t kNumbersMax = 256;

    explicit Amf0Reader(Bytes bytes, AmfLimits limits = {}) : bytes_(bytes), limits_(limits) {}

    bool at_end() const { return at_ >= bytes_.size(); }
    std::size_t position() const { return at_; }
    /// The next value. An Error is final.
    Result<AmfValue> next();

 private:
    Result<AmfValue> value(std::size_t depth);
    Result<AmfValue> object(AmfObject::Kind kind, std::size_t depth);
    Result<AmfValue> strict_array(std::size_t depth);
    bool skip_numbers(std::size_t count);
    Result<AmfValue> amf3_scalar();
    Result<std::uint32_t> u29();
    Result<std::string> text(std::size_t length_bytes);
    Result<std::string> take_text(std::size_t size);
    Error cut_short(const char* what) const;
    bool has(std::size_t bytes) const { return bytes_.size() - at_ >= bytes; }

    const Bytes bytes_;
    AmfLimits limits_;  ///< what is left of them
    std::size_t at_ = 0;
};

/// Appends the value as AMF0. Member names over 65,535 bytes cannot be written and are a bug of
/// ours: neither reader makes them.
void append_amf0(Buffer& out, const AmfValue& value);

/// Several values in a row: a command, a data message.
template <class... Values>
Buffer encode_amf0(const Values&... values) {
    Buffer out;
    (append_amf0(out, values), ...);
    return out;
}

}  // namespace st::flv
