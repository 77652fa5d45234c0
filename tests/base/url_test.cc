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
    EXPECT_EQ(without_passwords("a://b:c"), "a://b:c");
    EXPECT_EQ(without_passwords(""), "");
}

}  // namespace
}  // namespace st
