#include "notify/signature.h"

#include <gtest/gtest.h>

namespace st::notify {
namespace {

constexpr char kSecret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

// The example of the reference libraries.
TEST(Signature, is_that_of_the_reference_libraries) {
    const Keys keys{*parse_secret(kSecret)};
    EXPECT_EQ(
        signature(keys, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1'614'265'330, R"({"test": 2432232314})"),
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(Signature, has_one_for_each_key_while_one_takes_anothers_place) {
    const std::string key = *parse_secret(kSecret);
    const std::string one = signature({key}, "a", 1, "b");
    EXPECT_EQ(signature({key, key}, "a", 1, "b"), one + " " + one);
    EXPECT_EQ(signature({}, "a", 1, "b"), "");
}

TEST(Secret, of_another_form_or_size_is_refused_without_quoting_it) {
    for (const std::string secret :
         {"", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_?", "whsec_c2hvcnQ="}) {
        const auto key = parse_secret(secret);
        ASSERT_FALSE(key) << secret;
        EXPECT_TRUE(key.error().message.starts_with("expected whsec_")) << key.error().message;
    }
    EXPECT_EQ(parse_secret(kSecret)->size(), 24U);
    EXPECT_FALSE(parse_secret("whsec_" + std::string(88, 'A')));  // 66 bytes
}

}  // namespace
}  // namespace st::notify
