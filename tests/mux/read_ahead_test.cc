#include "mux/read_ahead.h"

#include <gtest/gtest.h>

#include "base/fd.h"
#include "mux/recording.h"

namespace st::mux {
namespace {

using ReadsAhead = Muxing;

TEST_F(ReadsAhead, gives_every_byte_in_order_whatever_is_asked_for) {
    for (const std::size_t size : {0UL, 1UL, 1'048'575UL, 1'048'576UL, 1'048'577UL, 5'000'003UL}) {
        Octets bytes(size);
        for (std::size_t i = 0; i < size; ++i)
            bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
        const Fd fd(::open(write("file", bytes).c_str(), O_RDONLY));
        ReadAhead ahead(fd.get());
        Octets got;
        Octets block(700'001);
        for (std::size_t step = 1;; step = step * 3 % block.size() + 1) {
            const auto count = ahead.take(std::span(block).first(step));
            ASSERT_GE(count, 0);
            if (count == 0) break;
            add(got, Bytes(block).first(static_cast<std::size_t>(count)));
        }
        EXPECT_EQ(got == bytes, true) << size;
        EXPECT_EQ(ahead.take(block), 0) << "the end stays";
    }
}

TEST_F(ReadsAhead, says_why_it_cannot_read) {
    const Fd folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY));
    ReadAhead ahead(folder.get());
    Octets block(10);
    EXPECT_EQ(ahead.take(block), -1);
    EXPECT_EQ(errno, EISDIR);
}

TEST_F(ReadsAhead, may_be_left_at_any_time) {
    const std::string file = write("file", Octets(6'000'000));
    for (int reads = 0; reads < 5; ++reads) {
        const Fd fd(::open(file.c_str(), O_RDONLY));
        ReadAhead ahead(fd.get());
        Octets block(900'000);
        for (int i = 0; i < reads; ++i) EXPECT_GT(ahead.take(block), 0);
    }
}

TEST_F(ReadsAhead, a_large_input_is_converted_as_without) {
    const auto messages = make_messages(4300);
    Job one = job(recorded_dump(messages).bytes);
    ASSERT_GT(std::filesystem::file_size(one.input), std::size_t{8} << 20);
    ASSERT_TRUE(convert(one));
    const Octets without = read_file(one.output);
    one.reads_ahead = true;
    const auto report = convert(one);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->pictures, 4300U);
    EXPECT_EQ(read_file(one.output) == without, true);
}

}  // namespace
}  // namespace st::mux
