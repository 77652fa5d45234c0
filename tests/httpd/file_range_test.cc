#include "httpd/file_range.h"

#include <gtest/gtest.h>

namespace st::httpd {
namespace {

void expect(std::string_view header, int status, std::uint64_t offset, std::uint64_t bytes) {
    SCOPED_TRACE(header);
    const ByteRange range = read_range(header, 1000);
    EXPECT_EQ(range.status, status);
    if (status == 416) return;
    EXPECT_EQ(range.offset, offset);
    EXPECT_EQ(range.bytes, bytes);
}

TEST(ReadRange, takes_first_last_open_and_suffix_ranges) {
    expect("bytes=0-0", 206, 0, 1);
    expect("bytes=10-19", 206, 10, 10);
    expect("bytes=990-5000", 206, 990, 10);
    expect("bytes=500-", 206, 500, 500);
    expect("bytes=-100", 206, 900, 100);
    expect("bytes=-5000", 206, 0, 1000);
    expect("BYTES=1-2", 206, 1, 2);
}

TEST(ReadRange, says_416_when_nothing_of_it_is_there) {
    expect("bytes=1000-", 416, 0, 0);
    expect("bytes=1000-1001", 416, 0, 0);
    expect("bytes=-0", 416, 0, 0);
    EXPECT_EQ(read_range("bytes=0-", 0).status, 416);
    EXPECT_EQ(read_range("bytes=-1", 0).status, 416);
}

TEST(ReadRange, ignores_what_it_cannot_read) {
    for (const char* header :
         {"bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=0-1,5-6", "items=0-1", "0-1",
          "bytes=99999999999999999999-", "bytes=1--2", ""}) {
        expect(header, 200, 0, 1000);
    }
}

}  // namespace
}  // namespace st::httpd
