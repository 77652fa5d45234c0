#include "flv/amf3.h"

#include <bit>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace st::flv {
namespace {

/// On the wire; never renumber.
enum class Marker : std::uint8_t {
    undefined = 0x00,
    null = 0x01,
    no = 0x02,
    yes = 0x03,
    integer = 0x04,
    number = 0x05,
    string = 0x06,
    xml_document = 0x07,
    date = 0x08,
    array = 0x09,
    object = 0x0A,
    xml = 0x0B,
    byte_array = 0x0C,
};

constexpr std::size_t kNameBytesMax = 0xFFFF;  ///< what AMF0 can write again

struct Traits {
    bool is_dynamic = false;
    std::vector<std::string> names;
};

class Reader {
 public:
    Reader(Bytes bytes, AmfLimits& limits) : bytes_(bytes), limits_(limits) {}

    Result<AmfValue> value(std::size_t depth);
    std::size_t position() const { return at_; }

 private:
    Error fail(const std::string& what) const {
        return Error{"amf3: byte " + std::to_string(at_) + ": " + what};
    }
    std::size_t left() const { return bytes_.size() - at_; }
    Result<void> spend_value();
    Result<void> spend_text(std::size_t bytes);
    /// 29 bits in 1 to 4 bytes.
    Result<std::uint32_t> u29();
    Result<double> number();
    /// A string, by value or by reference.
    Result<std::string> text();
    Result<std::string> name();
    /// The length of something that could also be a reference to an object, which is refused.
    Result<std::size_t> inline_length(const char* what);
    Result<AmfValue> blob(const char* what);
    Result<AmfValue> date();
    Result<AmfValue> array(std::size_t depth);
    Result<AmfValue> object(std::size_t depth);
    Result<std::size_t> traits(std::uint32_t head);

    const Bytes bytes_;
    AmfLimits& limits_;
    std::size_t at_ = 0;
    std::vector<std::string> strings_;
    std::vector<Traits> traits_;
};

Result<void> Reader::spend_value() {
    if (limits_.values_max == 0) return fail("too many values in one message");
    --limits_.values_max;
    return {};
}

Result<void> Reader::spend_text(std::size_t bytes) {
    if (bytes > limits_.text_bytes_max) return fail("too much text in one message");
    limits_.text_bytes_max -= bytes;
    return {};
}

Result<std::uint32_t> Reader::u29() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
        if (left() == 0) return fail("an integer is cut short");
        const std::uint8_t byte = bytes_[at_++];
        if (i == 3) return value << 8 | byte;
        value = value << 7 | (byte & 0x7FU);
        if ((byte & 0x80) == 0) break;
    }
    return value;
}

Result<double> Reader::number() {
    if (left() < 8) return fail("a number is cut short");
    at_ += 8;
    return std::bit_cast<double>(load_be64(bytes_.data() + at_ - 8));
}

Result<std::string> Reader::text() {
    const Result<std::uint32_t> head = u29();
    if (!head) return head.error();
    const std::size_t size = *head >> 1;
    if ((*head & 1) == 0) {
        if (size >= strings_.size()) return fail("no string " + std::to_string(size));
        if (auto spent = spend_text(strings_[size].size()); !spent) return spent.error();
        return strings_[size];
    }
    if (size > left()) return fail("a string is cut short");
    // Twice: once here, once in the table.
    if (auto spent = spend_text(2 * size); !spent) return spent.error();
    std::string value(as_text(bytes_.subspan(at_, size)));
    at_ += size;
    if (size > 0) strings_.push_back(value);
    return value;
}

Result<std::string> Reader::name() {
    Result<std::string> read = text();
    if (read && read->size() > kNameBytesMax) return fail("a name is longer than 65535 bytes");
    return read;
}

Result<std::size_t> Reader::inline_length(const char* what) {
    const Result<std::uint32_t> head = u29();
    if (!head) return head.error();
    if ((*head & 1) == 0) return fail(std::string("a reference to ") + what + " is not accepted");
    const std::size_t size = *head >> 1;
    if (size > left()) return fail(std::string(what) + " is cut short");
    return size;
}

Result<AmfValue> Reader::blob(const char* what) {
    const Result<std::size_t> size = inline_length(what);
    if (!size) return size.error();
    if (auto spent = spend_text(*size); !spent) return spent.error();
    at_ += *size;
    return AmfValue(as_text(bytes_.subspan(at_ - *size, *size)));
}

Result<AmfValue> Reader::date() {
    const Result<std::uint32_t> head = u29();
    if (!head) return head.error();
    if ((*head & 1) == 0) return fail("a reference to a date is not accepted");
    const Result<double> unix_ms = number();
    if (!unix_ms) return unix_ms.error();
    return AmfValue(AmfDate{*unix_ms, 0});
}

Result<AmfValue> Reader::array(std::size_t depth) {
    const Result<std::size_t> count = inline_length("an array");
    if (!count) return count.error();
    AmfObject named;
    named.kind = AmfObject::Kind::ecma_array;
    for (;;) {
        Result<std::string> key = name();
        if (!key) return key.error();
        if (key->empty()) break;
        Result<AmfValue> member = value(depth + 1);
        if (!member) return member;
        named.add(*std::move(key), *std::move(member));
    }
    AmfArray dense;
    for (std::size_t i = 0; i < *count; ++i) {
        Result<AmfValue> item = value(depth + 1);
        if (!item) return item;
        if (named.members.empty()) {
            dense.items.push_back(*std::move(item));
        } else {
            named.add(std::to_string(i), *std::move(item));
        }
    }
    if (named.members.empty()) return AmfValue(std::move(dense));
    return AmfValue(std::move(named));
}

Result<std::size_t> Reader::traits(std::uint32_t head) {
    if ((head & 2) == 0) {
        const std::size_t index = head >> 2;
        if (index >= traits_.size()) return fail("no traits " + std::to_string(index));
        return index;
    }
    if ((head & 4) != 0) return fail("an externalizable object is not accepted");
    Traits made;
    made.is_dynamic = (head & 8) != 0;
    const std::size_t count = head >> 4;
    if (auto class_name = name(); !class_name) return class_name.error();
    if (count > left()) return fail("an object's traits are cut short");
    for (std::size_t i = 0; i < count; ++i) {
        if (auto spent = spend_value(); !spent) return spent.error();
        Result<std::string> read = name();
        if (!read) return read.error();
        made.names.push_back(*std::move(read));
    }
    traits_.push_back(std::move(made));
    return traits_.size() - 1;
}

Result<AmfValue> Reader::object(std::size_t depth) {
    const Result<std::uint32_t> head = u29();
    if (!head) return head.error();
    if ((*head & 1) == 0) return fail("a reference to an object is not accepted");
    const Result<std::size_t> index = traits(*head);
    if (!index) return index.error();
    AmfObject object;
    // The table may grow, and move, while members are read.
    for (std::size_t i = 0; i < traits_[*index].names.size(); ++i) {
        std::string key = traits_[*index].names[i];
        if (auto spent = spend_text(key.size()); !spent) return spent.error();
        Result<AmfValue> member = value(depth + 1);
        if (!member) return member;
        object.add(std::move(key), *std::move(member));
    }
    while (traits_[*index].is_dynamic) {
        Result<std::string> key = name();
        if (!key) return key.error();
        if (key->empty()) break;
        Result<AmfValue> member = value(depth + 1);
        if (!member) return member;
        object.add(*std::move(key), *std::move(member));
    }
    return AmfValue(std::move(object));
}

Result<AmfValue> Reader::value(std::size_t depth) {
    if (left() == 0) return fail("a value is cut short");
    if (auto spent = spend_value(); !spent) return spent.error();
    if (depth >= limits_.depth_max) return fail("nested too deep");
    const std::uint8_t marker = bytes_[at_++];
    switch (static_cast<Marker>(marker)) {
        case Marker::undefined:
            return AmfValue(AmfUndefined{});
        case Marker::null:
            return AmfValue(AmfNull{});
        case Marker::no:
            return AmfValue(false);
        case Marker::yes:
            return AmfValue(true);
        case Marker::integer: {
            const Result<std::uint32_t> bits = u29();
            if (!bits) return bits.error();
            return AmfValue(static_cast<double>(static_cast<std::int32_t>(*bits << 3) >> 3));
        }
        case Marker::number: {
            const Result<double> read = number();
            if (!read) return read.error();
            return AmfValue(*read);
        }
        case Marker::string: {
            Result<std::string> read = text();
            if (!read) return read.error();
            return AmfValue(*std::move(read));
        }
        case Marker::xml_document:
        case Marker::xml:
            return blob("an XML document");
        case Marker::byte_array:
            return blob("a byte array");
        case Marker::date:
            return date();
        case Marker::array:
            return array(depth);
        case Marker::object:
            return object(depth);
    }
    --at_;
    return fail("marker " + std::to_string(marker) + " is not accepted");
}

}  // namespace

Result<Amf3Value> decode_amf3(Bytes bytes, AmfLimits& limits) {
    Reader reader(bytes, limits);
    Result<AmfValue> value = reader.value(0);
    if (!value) return value.error();
    return Amf3Value{*std::move(value), reader.position()};
}

}  // namespace st::flv
