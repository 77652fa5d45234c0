#include "flv/amf.h"

#include <cmath>
#include <limits>

#include "amf_values.h"

namespace st::flv {
namespace {

using amf0::error;
using amf0::value;

Wire encoded(const AmfValue& it) { return wire(encode_amf0(it).bytes()); }

TEST(Amf0, reads_each_kind) {
    EXPECT_EQ(*value({0x00, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0}).number(), 1.5);
    EXPECT_EQ(*value({0x01, 0x00}).boolean(), false);
    EXPECT_EQ(*value({0x01, 0x07}).boolean(), true);
    EXPECT_EQ(*value({0x02, 0x00, 0x02, 'h', 'i'}).string(), "hi");
    EXPECT_EQ(*value({0x02, 0x00, 0x00}).string(), "");
    EXPECT_TRUE(value({0x05}).is_null());
    EXPECT_TRUE(std::holds_alternative<AmfUndefined>(value({0x06}).storage()));
    EXPECT_TRUE(std::holds_alternative<AmfUndefined>(value({0x0D}).storage())) << "unsupported";
    EXPECT_EQ(*value({0x0C, 0x00, 0x00, 0x00, 0x01, 'L'}).string(), "L") << "long string";
    EXPECT_EQ(*value({0x0F, 0x00, 0x00, 0x00, 0x04, '<', 'a', '/', '>'}).string(), "<a/>");
    const AmfValue date = value({0x0B, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0, 0xFF, 0xC4});
    EXPECT_EQ(date.date()->unix_ms, 1.0);
    EXPECT_EQ(date.date()->zone_minutes, -60);
}

TEST(Amf0, reads_objects_and_arrays) {
    const AmfValue object = value({
        0x03,                                // object
        0x00, 0x01, 'a',  0x05,              // a: null
        0x00, 0x00, 0x01, 0x01,              // a name of no bytes: true
        0x00, 0x01, 'b',  0x03, 0, 0, 0x09,  // b: an empty object
        0x00, 0x00, 0x09,                    // end
    });
    ASSERT_NE(object.object(), nullptr);
    EXPECT_EQ(object.object()->kind, AmfObject::Kind::object);
    EXPECT_EQ(object.object()->members.size(), 3U);
    EXPECT_TRUE(object.object()->find("a")->is_null());
    EXPECT_TRUE(*object.object()->find("")->boolean());
    EXPECT_EQ(object.object()->find("c"), nullptr);
    const AmfValue ecma = value({
        0x08, 0xFF, 0xFF, 0xFF, 0xFF,  // ECMA array whose count is nonsense
        0x00, 0x01, 'x', 0x01, 0x01,   // x: true
        0x00, 0x00, 0x09,              // end
    });
    EXPECT_EQ(ecma.object()->kind, AmfObject::Kind::ecma_array);
    EXPECT_EQ(ecma.object()->members.size(), 1U);
    const AmfValue strict = value({0x0A, 0, 0, 0, 2, 0x05, 0x02, 0x00, 0x01, 's'});
    ASSERT_EQ(strict.array()->items.size(), 2U);
    EXPECT_EQ(*strict.array()->items[1].string(), "s");
    const AmfValue typed = value({0x10, 0, 1, 'C', 0, 1, 'n', 0x05, 0, 0, 0x09});
    EXPECT_TRUE(typed.object()->find("n")->is_null());
}

TEST(Amf0, keeps_the_bits_of_a_number) {
    for (const std::uint64_t bits :
         std::initializer_list<std::uint64_t>{0x7FF8'0000'0000'0001U, 0xFFF0'0000'0000'0000U,
                                              0x8000'0000'0000'0000U, 0x0000'0000'0000'0001U}) {
        Wire bytes(9);
        store_be64(bytes.data() + 1, bits);
        EXPECT_EQ(encoded(value(bytes)), bytes);
    }
    EXPECT_TRUE(std::isnan(*value({0x00, 0x7F, 0xF8, 0, 0, 0, 0, 0, 0}).number()));
}

AmfValue everything() {
    AmfObject inner;
    inner.add("deep", AmfArray{{AmfValue(AmfNull{}), AmfValue(AmfUndefined{}), AmfValue(true)}});
    AmfObject outer;
    outer.kind = AmfObject::Kind::ecma_array;
    outer.add("number", -0.5);
    outer.add("text", "with \xC3\xA4 and a NUL");
    outer.add("long", std::string(70'000, 'L'));
    outer.add("when", AmfDate{1.6e12, -120});
    outer.add("object", std::move(inner));
    return outer;
}

TEST(Amf0, reads_what_it_writes) {
    const Wire bytes = encoded(everything());
    EXPECT_EQ(encoded(value(bytes)), bytes);
}

TEST(Amf0, refuses_every_truncation_but_at_a_member_s_end) {
    const Wire bytes = encoded(everything());
    std::size_t accepted = 0;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        if (size == 200) size = bytes.size() - 200;  // within the long text all are alike
        const Wire cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        if (error(cut).empty()) ++accepted;
    }
    EXPECT_EQ(accepted, 8U) << "begin of the array, 4 members, begin, member and end of the inner";
    for (const Wire& cut :
         {Wire{0x00, 0, 0, 0, 0, 0, 0, 0}, Wire{0x01}, Wire{0x02, 0x00}, Wire{0x02, 0x00, 0x01},
          Wire{0x0B, 0, 0, 0, 0, 0, 0, 0, 0, 0}, Wire{0x0C, 0, 0, 0, 2, 'x'},
          Wire{0x0A, 0, 0, 0, 1}, Wire{0x08, 0, 0, 0}, Wire{0x03, 0x00}, Wire{0x03, 0x00, 0x00},
          Wire{0x03, 0x00, 0x01, 'a'}, Wire{0x10, 0x00, 0x02, 'C'}, Wire{0x11}, Wire{}}) {
        EXPECT_NE(error(cut).find("is cut short"), std::string::npos) << error(cut);
    }
}

TEST(Amf0, refuses_references_and_player_things) {
    EXPECT_EQ(error({0x07, 0x00, 0x00}), "amf: byte 0: marker 7 is not accepted");
    EXPECT_EQ(error({0x04}), "amf: byte 0: marker 4 is not accepted");
    EXPECT_EQ(error({0x0E}), "amf: byte 0: marker 14 is not accepted");
    EXPECT_EQ(error({0x09}), "amf: byte 0: marker 9 is not accepted");
    EXPECT_EQ(error({0x12}), "amf: byte 0: marker 18 is not accepted");
    EXPECT_EQ(error({0x03, 0, 1, 'a', 0x07, 0, 0}), "amf: byte 4: marker 7 is not accepted");
}

TEST(Amf0, bounds_depth) {
    Wire nested;
    for (int i = 0; i < 3; ++i) nested = nested + Wire{0x03, 0x00, 0x01, 'a'};
    nested.push_back(0x05);
    EXPECT_EQ(error(nested, {.depth_max = 3}), "");
    EXPECT_EQ(error(nested, {.depth_max = 2}), "amf: byte 9: nested too deep");
    Wire arrays;
    for (int i = 0; i < 20'000; ++i) arrays = arrays + Wire{0x0A, 0x00, 0x00, 0x00, 0x01};
    EXPECT_EQ(error(arrays), "amf: byte 81: nested too deep");
}

TEST(Amf0, bounds_the_number_of_values) {
    Wire array = {0x0A, 0x00, 0x00, 0x00, 0x04, 0x05, 0x05, 0x05, 0x05};
    EXPECT_EQ(error(array, {.values_max = 5}), "");
    EXPECT_EQ(error(array, {.values_max = 4}), "amf: byte 8: too many values in one message");
    Amf0Reader reader(array, {.values_max = 4});
    EXPECT_FALSE(reader.next());
}

TEST(Amf0, passes_over_long_lists_of_numbers) {
    AmfArray times;
    for (int i = 0; i < 20'000; ++i) times.items.emplace_back(2.0 * i);
    AmfObject keyframes;
    keyframes.add("times", times);
    keyframes.add("filepositions", times);
    AmfObject facts;
    facts.add("keyframes", keyframes);
    facts.add("width", 320.0);
    const Buffer bytes = encode_amf0(facts);
    Amf0Reader reader(bytes.bytes());
    const auto read = reader.next();
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_TRUE(reader.at_end());
    EXPECT_EQ(*read->object()->find("width")->number(), 320.0);
    const AmfValue* const index = read->object()->find("keyframes");
    EXPECT_TRUE(index->object()->find("times")->array()->items.empty());
    EXPECT_TRUE(index->object()->find("filepositions")->array()->items.empty());
    for (std::size_t n = 0; n < bytes.size(); n += 1'000) {
        EXPECT_FALSE(Amf0Reader(bytes.bytes().first(n)).next()) << n;
    }
}

TEST(Amf0, bounds_text_over_all_values) {
    const Wire texts = {0x02, 0, 2, 'a', 'b', 0x02, 0, 2, 'c', 'd'};
    Amf0Reader reader(texts, {.text_bytes_max = 3});
    EXPECT_TRUE(reader.next());
    EXPECT_EQ(reader.next().error().message, "amf: byte 8: too much text in one message");
    EXPECT_EQ(error({0x0C, 0xFF, 0xFF, 0xFF, 0xFF, 'x'}), "amf: byte 5: a string is cut short");
    EXPECT_EQ(error({0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x05}), "amf: byte 5: an array is cut short");
}

TEST(Amf0, writes_several_values_in_a_row) {
    EXPECT_EQ(wire(encode_amf0("_result", 1.0, AmfNull{}).bytes()),
              (Wire{
                  0x02, 0x00, 0x07, '_',  'r',  'e',  's',  'u',  'l',  't',  // string
                  0x00, 0x3F, 0xF0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,       // number 1
                  0x05,                                                       // null
              }));
}

TEST(AmfObject, sets_the_first_member_of_a_name) {
    AmfObject object;
    object.add("a", 1.0);
    object.add("a", 2.0);
    object.set("a", 3.0);
    object.set("b", "new");
    EXPECT_EQ(object.members.size(), 3U);
    EXPECT_EQ(*object.find("a")->number(), 3.0);
    EXPECT_EQ(*object.find("b")->string(), "new");
}

}  // namespace
}  // namespace st::flv
