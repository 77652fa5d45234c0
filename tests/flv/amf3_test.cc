#include "amf_values.h"

namespace st::flv {
namespace {

/// Behind AMF0's marker that switches to it.
Wire switched(const Wire& amf3) { return Wire{0x11} + amf3; }
AmfValue value(const Wire& amf3) { return amf0::value(switched(amf3)); }
std::string error(const Wire& amf3, AmfLimits limits = {}) {
    return amf0::error(switched(amf3), limits);
}

TEST(Amf3, reads_each_scalar) {
    EXPECT_TRUE(std::holds_alternative<AmfUndefined>(value({0x00}).storage()));
    EXPECT_TRUE(value({0x01}).is_null());
    EXPECT_FALSE(*value({0x02}).boolean());
    EXPECT_TRUE(*value({0x03}).boolean());
    EXPECT_EQ(*value({0x05, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0}).number(), 1.5);
    EXPECT_EQ(*value({0x06, 0x05, 'h', 'i'}).string(), "hi");
    EXPECT_EQ(*value({0x06, 0x01}).string(), "");
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

TEST(Amf3, refuses_objects_and_references) {
    for (const int marker : {0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x10, 0x11, 0xFF}) {
        EXPECT_EQ(error({static_cast<std::uint8_t>(marker), 0x01}),
                  "amf: byte 1: AMF3 marker " + std::to_string(marker) + " is not accepted");
    }
    EXPECT_EQ(error({0x06, 0x00}), "amf: byte 1: AMF3 marker 6 is not accepted")
        << "a string by reference, where none came before";
}

TEST(Amf3, refuses_what_is_cut_short_or_over_a_limit) {
    for (const Wire& whole : {Wire{0x05, 0, 0, 0, 0, 0, 0, 0, 0}, Wire{0x06, 0x05, 'h', 'i'},
                              Wire{0x04, 0xFF, 0xFF, 0xFF, 0xFF}}) {
        for (std::size_t n = 0; n < whole.size(); ++n) {
            const Wire cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
            EXPECT_NE(error(cut), "") << n;
        }
        EXPECT_EQ(error(whole), "");
    }
    AmfLimits limits;
    limits.text_bytes_max = 1;
    EXPECT_NE(error({0x06, 0x05, 'h', 'i'}, limits), "");
}

}  // namespace
}  // namespace st::flv
