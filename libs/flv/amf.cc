#include "flv/amf.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>

namespace st::flv {
namespace {

/// On the wire; never renumber.
enum class Marker : std::uint8_t {
    number = 0x00,
    boolean = 0x01,
    string = 0x02,
    object = 0x03,
    movie_clip = 0x04,
    null = 0x05,
    undefined = 0x06,
    reference = 0x07,
    ecma_array = 0x08,
    object_end = 0x09,
    strict_array = 0x0A,
    date = 0x0B,
    long_string = 0x0C,
    unsupported = 0x0D,
    record_set = 0x0E,
    xml = 0x0F,
    typed_object = 0x10,
    amf3 = 0x11,
};

double load_double(const std::uint8_t* at) { return std::bit_cast<double>(load_be64(at)); }

void append_byte(Buffer& out, std::uint8_t byte) { out.append({&byte, 1}); }
void append_marker(Buffer& out, Marker marker) {
    append_byte(out, static_cast<std::uint8_t>(marker));
}
void append_u16(Buffer& out, std::size_t value) {
    std::array<std::uint8_t, 2> bytes{};
    store_be16(bytes.data(), static_cast<std::uint16_t>(value));
    out.append(bytes);
}
void append_u32(Buffer& out, std::size_t value) {
    std::array<std::uint8_t, 4> bytes{};
    store_be32(bytes.data(), static_cast<std::uint32_t>(value));
    out.append(bytes);
}
void append_double(Buffer& out, double value) {
    std::array<std::uint8_t, 8> bytes{};
    store_be64(bytes.data(), std::bit_cast<std::uint64_t>(value));
    out.append(bytes);
}

struct Writer {
    Buffer& out;

    void operator()(AmfNull) const { append_marker(out, Marker::null); }
    void operator()(AmfUndefined) const { append_marker(out, Marker::undefined); }
    void operator()(bool value) const {
        append_marker(out, Marker::boolean);
        append_byte(out, value ? 1 : 0);
    }
    void operator()(double value) const {
        append_marker(out, Marker::number);
        append_double(out, value);
    }
    void operator()(const std::string& value) const {
        if (value.size() <= 0xFFFF) {
            append_marker(out, Marker::string);
            append_u16(out, value.size());
        } else {
            append_marker(out, Marker::long_string);
            append_u32(out, value.size());
        }
        out.append(as_bytes(value));
    }
    void operator()(const AmfDate& value) const {
        append_marker(out, Marker::date);
        append_double(out, value.unix_ms);
        append_u16(out, static_cast<std::uint16_t>(value.zone_minutes));
    }
    void operator()(const AmfArray& value) const {
        append_marker(out, Marker::strict_array);
        append_u32(out, value.items.size());
        for (const AmfValue& item : value.items) append_amf0(out, item);
    }
    void operator()(const AmfObject& value) const {
        if (value.kind == AmfObject::Kind::ecma_array) {
            append_marker(out, Marker::ecma_array);
            append_u32(out, value.members.size());
        } else {
            append_marker(out, Marker::object);
        }
        for (const auto& [name, member] : value.members) {
            assert(name.size() <= 0xFFFF);
            append_u16(out, name.size());
            out.append(as_bytes(name));
            append_amf0(out, member);
        }
        append_u16(out, 0);
        append_marker(out, Marker::object_end);
    }
};

}  // namespace

const AmfValue* AmfObject::find(std::string_view name) const {
    const auto at = std::find_if(members.begin(), members.end(),
                                 [&](const auto& member) { return member.first == name; });
    return at == members.end() ? nullptr : &at->second;
}

void AmfObject::add(std::string name, AmfValue value) {
    members.emplace_back(std::move(name), std::move(value));
}

void AmfObject::set(std::string_view name, AmfValue value) {
    const auto at = std::find_if(members.begin(), members.end(),
                                 [&](const auto& member) { return member.first == name; });
    if (at != members.end()) {
        at->second = std::move(value);
    } else {
        add(std::string(name), std::move(value));
    }
}

void append_amf0(Buffer& out, const AmfValue& value) { std::visit(Writer{out}, value.storage()); }

Error Amf0Reader::cut_short(const char* what) const {
    return Error{"amf: byte " + std::to_string(at_) + ": " + what + " is cut short"};
}

Result<AmfValue> Amf0Reader::next() { return value(0); }

Result<AmfValue> Amf0Reader::value(std::size_t depth) {
    if (at_end()) return cut_short("a value");
    if (limits_.values_max == 0) {
        return Error{"amf: byte " + std::to_string(at_) + ": too many values in one message"};
    }
    --limits_.values_max;
    const std::size_t begin = at_;
    const auto marker = static_cast<Marker>(bytes_[at_++]);
    switch (marker) {
        case Marker::number:
            if (!has(8)) return cut_short("a number");
            at_ += 8;
            return AmfValue(load_double(bytes_.data() + at_ - 8));
        case Marker::boolean:
            if (!has(1)) return cut_short("a boolean");
            return AmfValue(bytes_[at_++] != 0);
        case Marker::string:
        case Marker::long_string:
        case Marker::xml: {
            Result<std::string> read = text(marker == Marker::string ? 2 : 4);
            if (!read) return read.error();
            return AmfValue(*std::move(read));
        }
        case Marker::object:
            return object(AmfObject::Kind::object, depth);
        case Marker::typed_object:
            if (auto class_name = text(2); !class_name) return class_name.error();
            return object(AmfObject::Kind::object, depth);
        case Marker::ecma_array:
            if (!has(4)) return cut_short("an ECMA array");
            at_ += 4;  // its count, which is wrong too often to be of use
            return object(AmfObject::Kind::ecma_array, depth);
        case Marker::strict_array:
            return strict_array(depth);
        case Marker::date:
            if (!has(10)) return cut_short("a date");
            at_ += 10;
            return AmfValue(AmfDate{load_double(bytes_.data() + at_ - 10),
                                    static_cast<std::int16_t>(load_be16(bytes_.data() + at_ - 2))});
        case Marker::null:
            return AmfValue(AmfNull{});
        case Marker::undefined:
        case Marker::unsupported:
            return AmfValue(AmfUndefined{});
        case Marker::amf3:
            return amf3_scalar();
        case Marker::movie_clip:
        case Marker::reference:
        case Marker::object_end:
        case Marker::record_set:
            break;
    }
    return Error{"amf: byte " + std::to_string(begin) + ": marker " +
                 std::to_string(bytes_[begin]) + " is not accepted"};
}

Result<std::string> Amf0Reader::text(std::size_t length_bytes) {
    if (!has(length_bytes)) return cut_short("a string");
    const std::size_t size =
        length_bytes == 2 ? load_be16(bytes_.data() + at_) : load_be32(bytes_.data() + at_);
    at_ += length_bytes;
    return take_text(size);
}

Result<std::string> Amf0Reader::take_text(std::size_t size) {
    if (!has(size)) return cut_short("a string");
    if (size > limits_.text_bytes_max) {
        return Error{"amf: byte " + std::to_string(at_) + ": too much text in one message"};
    }
    limits_.text_bytes_max -= size;
    at_ += size;
    return std::string(as_text(bytes_.subspan(at_ - size, size)));
}

Result<AmfValue> Amf0Reader::object(AmfObject::Kind kind, std::size_t depth) {
    if (depth >= limits_.depth_max) {
        return Error{"amf: byte " + std::to_string(at_) + ": nested too deep"};
    }
    AmfObject object;
    object.kind = kind;
    while (!at_end()) {
        Result<std::string> name = text(2);
        if (!name) return name.error();
        if (at_end()) return cut_short("an object");
        if (name->empty() && static_cast<Marker>(bytes_[at_]) == Marker::object_end) {
            ++at_;
            break;
        }
        Result<AmfValue> member = value(depth + 1);
        if (!member) return member;
        object.add(*std::move(name), *std::move(member));
    }
    return AmfValue(std::move(object));
}

Result<AmfValue> Amf0Reader::strict_array(std::size_t depth) {
    if (depth >= limits_.depth_max) {
        return Error{"amf: byte " + std::to_string(at_) + ": nested too deep"};
    }
    if (!has(4)) return cut_short("an array");
    const std::size_t count = load_be32(bytes_.data() + at_);
    at_ += 4;
    if (!has(count)) return cut_short("an array");  // an item takes a byte at the least
    AmfArray array;
    if (count > kNumbersMax && skip_numbers(count)) return AmfValue(std::move(array));
    for (std::size_t i = 0; i < count; ++i) {
        Result<AmfValue> item = value(depth + 1);
        if (!item) return item;
        array.items.push_back(*std::move(item));
    }
    return AmfValue(std::move(array));
}

bool Amf0Reader::skip_numbers(std::size_t count) {
    constexpr std::size_t kNumberBytes = 9;
    if (count > (bytes_.size() - at_) / kNumberBytes) return false;
    for (std::size_t i = 0; i < count; ++i) {
        if (static_cast<Marker>(bytes_[at_ + i * kNumberBytes]) != Marker::number) return false;
    }
    at_ += count * kNumberBytes;
    return true;
}

Result<AmfValue> Amf0Reader::amf3_scalar() {
    const std::size_t begin = at_;
    if (at_end()) return cut_short("an AMF3 value");
    switch (const std::uint8_t marker = bytes_[at_++]) {
        case 0x00:
            return AmfValue(AmfUndefined{});
        case 0x01:
            return AmfValue(AmfNull{});
        case 0x02:
        case 0x03:
            return AmfValue(marker == 0x03);
        case 0x04: {
            const Result<std::uint32_t> value = u29();
            if (!value) return value.error();
            constexpr std::uint32_t kSign = 1U << 28;
            const auto wide = static_cast<std::int32_t>(*value);
            return AmfValue(static_cast<double>((*value & kSign) != 0 ? wide - (1 << 29) : wide));
        }
        case 0x05:
            if (!has(8)) return cut_short("a number");
            at_ += 8;
            return AmfValue(load_double(bytes_.data() + at_ - 8));
        case 0x06: {
            const Result<std::uint32_t> head = u29();
            if (!head) return head.error();
            if ((*head & 1) != 0) {
                auto text = take_text(*head >> 1);
                if (!text) return text.error();
                return AmfValue(*std::move(text));
            }
            break;
        }
        default:
            break;
    }
    return Error{"amf: byte " + std::to_string(begin) + ": AMF3 marker " +
                 std::to_string(bytes_[begin]) + " is not accepted"};
}

/// 29 bits in 1 to 4 bytes.
Result<std::uint32_t> Amf0Reader::u29() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
        if (at_end()) return cut_short("an AMF3 integer");
        const std::uint8_t byte = bytes_[at_++];
        if (i == 3) return value << 8 | byte;
        value = value << 7 | (byte & 0x7FU);
        if ((byte & 0x80) == 0) break;
    }
    return value;
}

}  // namespace st::flv
