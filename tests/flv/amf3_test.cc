#include "flv/amf3.h"

#include "bytes.h"

namespace st::flv {
namespace {

/// Reads `amf3` behind AMF0's marker that switches to it.
AmfValue value(const Wire& amf3) {
    const Wire bytes = Wire{0x11} + amf3;
    Amf0Reader reader(bytes);
    auto read = reader.next();
    EXPECT_TRUE(read) << read.error().message;
    EXPECT_TRUE(reader.at_end()) << "stopped at " << reader.position();
    return read ? *read : AmfValue();
}

std::string error(const Wire& amf3, AmfLimits limits = {}) {
    auto read = decode_amf3(amf3, limits);
    return read ? "" : read.error().message;
}

TEST(Amf3, reads_each_scalar) {
    EXPECT_TRUE(value({0x00}).is_undefined());
    EXPECT_TRUE(value({0x01}).is_null());
    EXPECT_FALSE(*value({0x02}).boolean());
    EXPECT_TRUE(*value({0x03}).boolean());
    EXPECT_EQ(*value({0x05, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0}).number(), 1.5);
    EXPECT_EQ(*value({0x06, 0x05, 'h', 'i'}).string(), "hi");
    EXPECT_EQ(value({0x08, 0x01, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0}).date()->unix_ms, 1.0);
    EXPECT_EQ(*value({0x07, 0x03, 'x'}).string(), "x");
    EXPECT_EQ(*value({0x0B, 0x03, 'x'}).string(), "x");
    EXPECT_EQ(*value({0x0C, 0x05, 0x00, 0xFF}).string(), std::string("\0\xFF", 2));
}

TEST(Amf3, reads_integers_of_each_length_with_their_sign) {
    EXPECT_EQ(*value({0x04, 0x7F}).number(), 127);
    EXPECT_EQ(*value({0x04, 0x81, 0x00}).number(), 128);
    EXPECT_EQ(*value({0x04, 0xFF, 0x7F}).number(), 16'383);
    EXPECT_EQ(*value({0x04, 0x81, 0x80, 0x00}).number(), 16'384);
    EXPECT_EQ(*value({0x04, 0x80, 0xC0, 0x80, 0x00}).number(), 2'097'152);
    EXPECT_EQ(*value({0x04, 0xBF, 0xFF, 0xFF, 0xFF}).number(), 268'435'455);
    EXPECT_EQ(*value({0x04, 0xFF, 0xFF, 0xFF, 0xFF}).number(), -1);
    EXPECT_EQ(*value({0x04, 0xC0, 0x80, 0x80, 0x00}).number(), -268'435'456);
}

TEST(Amf3, reads_objects_and_their_repeated_traits_and_strings) {
    const AmfValue two = value({
        0x09, 0x05, 0x01,              // array of 2 items, none named
        0x0A, 0x1B, 0x01,              // object, traits inline, dynamic, 1 name, no class name
        0x03, 'k',                     // the name
        0x06, 0x05, 'v',  '1',         // its value
        0x03, 'd',  0x06, 0x02, 0x01,  // d: string 1 of the table, "v1"; end
        0x0A, 0x01, 0x03, 0x01,        // object with traits 0; k: true; end
    });
    ASSERT_NE(two.array(), nullptr);
    ASSERT_EQ(two.array()->items.size(), 2U);
    const AmfObject& first = *two.array()->items[0].object();
    EXPECT_EQ(*first.find("k")->string(), "v1");
    EXPECT_EQ(*first.find("d")->string(), "v1");
    EXPECT_TRUE(*two.array()->items[1].object()->find("k")->boolean());
}

TEST(Amf3, reads_arrays_with_names_as_ecma_arrays) {
    const AmfValue both = value({0x09, 0x03, 0x03, 'n', 0x03, 0x01, 0x02});
    ASSERT_NE(both.object(), nullptr);
    EXPECT_EQ(both.object()->kind, AmfObject::Kind::ecma_array);
    EXPECT_TRUE(*both.object()->find("n")->boolean());
    EXPECT_FALSE(*both.object()->find("0")->boolean());
}

TEST(Amf3, begins_its_tables_anew_at_each_value) {
    const Wire bytes = {0x11, 0x06, 0x03, 'a', 0x11, 0x06, 0x00};
    Amf0Reader reader(bytes);
    EXPECT_TRUE(reader.next());
    EXPECT_EQ(reader.next().error().message, "amf3: byte 2: no string 0");
}

TEST(Amf3, refuses_references_to_what_could_be_cyclic) {
    EXPECT_EQ(error({0x0A, 0x00}), "amf3: byte 2: a reference to an object is not accepted");
    EXPECT_EQ(error({0x09, 0x00}), "amf3: byte 2: a reference to an array is not accepted");
    EXPECT_EQ(error({0x08, 0x00}), "amf3: byte 2: a reference to a date is not accepted");
    EXPECT_EQ(error({0x0C, 0x00}), "amf3: byte 2: a reference to a byte array is not accepted");
    EXPECT_EQ(error({0x0A, 0x07, 0x01}), "amf3: byte 2: an externalizable object is not accepted");
    EXPECT_EQ(error({0x0A, 0x05}), "amf3: byte 2: no traits 1");
    EXPECT_EQ(error({0x11, 0x01}), "amf3: byte 0: marker 17 is not accepted");
    EXPECT_EQ(error({0x0D, 0x01}), "amf3: byte 0: marker 13 is not accepted");
}

TEST(Amf3, refuses_every_truncation) {
    const Wire bytes = {0x09, 0x05, 0x01, 0x0A, 0x1B, 0x01, 0x03, 'k', 0x04, 0x81, 0x00,
                        0x01, 0x05, 0x3F, 0xF8, 0,    0,    0,    0,   0,    0};
    EXPECT_EQ(error(bytes), "");
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const Wire cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_NE(error(cut).find("cut short"), std::string::npos) << size << error(cut);
    }
}

TEST(Amf3, bounds_depth_values_and_text) {
    Wire nested;
    for (int i = 0; i < 3; ++i) nested = nested + Wire{0x09, 0x03, 0x01};
    nested.push_back(0x01);
    EXPECT_EQ(error(nested, {.depth_max = 4}), "");
    EXPECT_EQ(error(nested, {.depth_max = 3}), "amf3: byte 9: nested too deep");
    EXPECT_EQ(error(nested, {.values_max = 3}), "amf3: byte 9: too many values in one message");
    // Two references to a string of two bytes: read and kept (4), then twice more.
    const Wire repeated = {0x09, 0x07, 0x01, 0x06, 0x05, 'a', 'b', 0x06, 0x00, 0x06, 0x00};
    EXPECT_EQ(error(repeated, {.text_bytes_max = 8}), "");
    EXPECT_EQ(error(repeated, {.text_bytes_max = 7}),
              "amf3: byte 11: too much text in one message");
    EXPECT_EQ(error({0x09, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}), "amf3: byte 5: an array is cut short");
    EXPECT_EQ(error({0x0A, 0xFF, 0xFF, 0xFF, 0xFB, 0x01}),
              "amf3: byte 6: an object's traits are cut short");
}

TEST(Amf3, spends_the_limits_of_the_message_it_stands_in) {
    const Wire bytes = {0x0A, 0, 0, 0, 2, 0x11, 0x09, 0x05, 0x01, 0x01, 0x01, 0x05};
    EXPECT_TRUE(Amf0Reader(bytes, {.values_max = 6}).next());
    EXPECT_FALSE(Amf0Reader(bytes, {.values_max = 5}).next());
    EXPECT_TRUE(Amf0Reader(bytes, {.depth_max = 3}).next());
    EXPECT_FALSE(Amf0Reader(bytes, {.depth_max = 2}).next());
}

}  // namespace
}  // namespace st::flv
