#include "mp4/boxes.h"

#include <gtest/gtest.h>

namespace st::mp4 {
namespace {

using Octets = std::vector<std::uint8_t>;

TEST(Boxes, fields_are_big_endian) {
    Boxes out;
    out.u8(0x01);
    out.u16(0x0203);
    out.u32(0x04050607);
    out.u64(0x08090A0B0C0D0E0F);
    out.text("ab");
    out.zeros(2);
    EXPECT_EQ(out.take(),
              (Octets{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 'a', 'b', 0, 0}));
}

TEST(Boxes, a_time_is_as_wide_as_its_version_says) {
    Boxes out;
    out.time(0, 5);
    out.time(1, 6);
    EXPECT_EQ(out.take(), (Octets{0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 6}));
}

TEST(Box, gets_its_size_when_it_ends_and_boxes_nest) {
    Boxes out;
    {
        const Box outer(out, "moov");
        const Box inner(out, "free", 1, 0x0203);
        out.u8(9);
    }
    EXPECT_EQ(out.take(), (Octets{0, 0, 0, 21, 'm', 'o', 'o', 'v',              //
                                  0, 0, 0, 13, 'f', 'r', 'e', 'e', 1, 0, 2, 3,  //
                                  9}));
}

TEST(Box, has_its_size_in_a_file_too_also_after_part_of_it_was_flushed) {
    const auto file = SampleFile::to_memory();
    file->append(Octets{0xAA});
    Boxes out(*file);
    {
        const Box box(out, "data");
        for (std::uint32_t i = 0; i < 50'000; ++i) out.u32(i);
    }
    out.flush();
    const Bytes all = file->front(1 + 8 + 200'000);
    EXPECT_EQ(load_be32(all.data() + 1), 200'008U);
    EXPECT_EQ(load_be32(all.data() + 9 + 4 * 49'999), 49'999U);
}

}  // namespace
}  // namespace st::mp4
