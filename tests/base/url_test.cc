#include "base/url.h"

#include <gtest/gtest.h>

namespace st {
namespace {

TEST(WithoutPasswords, hides_the_password_and_nothing_else) {
    EXPECT_EQ(without_passwords("rtsp://admin:s3cret@192.0.2.1:554/ch1?a=b:c@d"),
              "rtsp://admin:***@192.0.2.1:554/ch1?a=b:c@d");
    EXPECT_EQ(without_passwords("rtsp://admin:p@ss@cam/x"), "rtsp://admin:***@cam/x");
    EXPECT_EQ(without_passwords("http://[2001:db8::1]:80/x"), "http://[2001:db8::1]:80/x");
    EXPECT_EQ(without_passwords("rtsp://admin@cam/x"), "rtsp://admin@cam/x");
    EXPECT_EQ(without_passwords("open a://b:c@d: no, e://f:g@h"),
              "open a://b:***@d: no, e://f:***@h");
    EXPECT_EQ(without_passwords("lavfi:testsrc2=size=640x360"), "lavfi:testsrc2=size=640x360");
    EXPECT_EQ(without_passwords("srt://h:9?mode=caller&passphrase=a,b%20c&latency=2"),
              "srt://h:9?mode=caller&passphrase=***&latency=2");
    EXPECT_EQ(without_passwords("rtmp://h/a/b?Token=x: I/O error"),
              "rtmp://h/a/b?Token=*** I/O error");
    EXPECT_EQ(without_passwords("[\"http://h/?user=a&password=b\",\"--key=c\"]"),
              "[\"http://h/?user=a&password=***\",\"--key=c\"]");
    EXPECT_EQ(without_passwords("http://h/x?X-Amz-Signature=f&monkey=1&sign=2-3&keyframes=4"),
              "http://h/x?X-Amz-Signature=***&monkey=1&sign=***&keyframes=4");
    EXPECT_EQ(without_passwords("-headers 'Authorization: Bearer abc' -i x"),
              "-headers 'Authorization: ***' -i x");
    EXPECT_EQ(without_passwords("?token"), "?token");
    EXPECT_EQ(without_passwords("?token="), "?token=***");
    EXPECT_EQ(without_passwords("a://b:c"), "a://b:c");
    EXPECT_EQ(without_passwords(""), "");
}

}  // namespace
}  // namespace st
