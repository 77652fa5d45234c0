#include "control/take.h"

#include <gtest/gtest.h>

namespace st::control {
namespace {

TEST(Take, is_written_as_documented) {
    Take take;
    take.name = "walk1";
    take.zero = "2026-01-31T08:15:30.250Z";
    take.error_ms = 32.5;
    take.recordings = {{"cam1_20260131_081530", "cam1", "cam1_20260131_081530.mp4", 300, 9990, 0,
                        32.5, 2.5, 10, true, 20, -123456.5, 41.25},
                       {"cam2_20260131_081530", "cam2", "cam2_20260131_081530.mp4", 1, 0, 1234,
                        std::nullopt, std::nullopt, 20, false, 20, std::nullopt, std::nullopt}};
    EXPECT_EQ(
        encode(take),
        R"({"version":1,"take":"walk1","zero":"2026-01-31T08:15:30.250Z","error_ms":32.5,)"
        R"("recordings":[{"id":"cam1_20260131_081530","camera":"cam1",)"
        R"("file":"cam1_20260131_081530.mp4","pictures":300,"duration_ms":9990,"begins_us":0,)"
        R"("error_ms":32.5,"clock_error_ms":2.5,"network_error_ms":10,"was_pinged":true,)"
        R"("camera_error_ms":20,"clock_offset_us":-123456.5,"clock_drift_ppm":41.25},)"
        R"({"id":"cam2_20260131_081530","camera":"cam2","file":"cam2_20260131_081530.mp4",)"
        R"("pictures":1,"duration_ms":0,"begins_us":1234,"error_ms":null,"clock_error_ms":null,)"
        R"("network_error_ms":20,"was_pinged":false,"camera_error_ms":20,"clock_offset_us":null,)"
        R"("clock_drift_ppm":null}]})");
    take.name.reset();
    take.error_ms.reset();
    take.recordings.clear();
    EXPECT_EQ(encode(take),
              R"({"version":1,"take":null,"zero":"2026-01-31T08:15:30.250Z","error_ms":null,)"
              R"("recordings":[]})");
}

}  // namespace
}  // namespace st::control
