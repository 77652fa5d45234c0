#include "control/take.h"

#include <gtest/gtest.h>

namespace st::control {
namespace {

TEST(Take, is_what_it_was_encoded_from) {
    Take take;
    take.name = "walk1";
    take.zero = "2026-01-31T08:15:30.250Z";
    take.error_ms = 32.5;
    take.recordings = {{"cam1_20260131_081530", "cam1", "cam1_20260131_081530.mp4", 300, 9990, 0,
                        32.5, 2.5, 10, true, 20, -123456.5, 41.25},
                       {"cam2_20260131_081530", "cam2", "cam2_20260131_081530.mp4", 1, 0, 1234,
                        std::nullopt, std::nullopt, 20, false, 20, std::nullopt, std::nullopt}};
    const auto decoded = decode_take(encode(take));
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(*decoded, take);
    EXPECT_TRUE(encode(take).starts_with(
        R"({"version":1,"take":"walk1","zero":"2026-01-31T08:15:30.250Z","error_ms":32.5,)"
        R"("recordings":[{"id":"cam1_20260131_081530",)"));
    take.name.reset();
    take.error_ms.reset();
    EXPECT_EQ(*decode_take(encode(take)), take);
}

TEST(Take, misses_what_a_recording_must_say_by_its_place) {
    const auto decoded =
        decode_take(R"({"zero":"x","recordings":[{"id":"a","camera":"b","file":"c"}]})");
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().field, "recordings[0].begins_us");
}

}  // namespace
}  // namespace st::control
