#include "mux/report_json.h"

#include <gtest/gtest.h>

#include <limits>

#include "json/read.h"

namespace st::mux {
namespace {

Report made() {
    Report report;
    report.input = "caf\xE9.fdump";  // Latin-1, as an old disk may have it
    report.input_format = "fdump";
    report.input_bytes = 123'456;
    report.messages = 60;
    report.pictures = 57;
    report.key_frames = 2;
    report.bytes = 120'000;
    report.dropped = {1, 2, 3, 4, 5};
    report.seq_gaps = {{8, 2}, {20, 1}};
    report.seq_gap_count = 2;
    report.seq_missing = 3;
    report.seq_restarts = 1;
    report.timing = "device";
    report.timing_why = "it is \"even\"";
    report.fps = 29.97004;
    report.fps_device = 30;
    report.fps_arrival = std::numeric_limits<double>::infinity();
    report.fps_estimate = {25.5, "device", true, 59, {}};
    report.bitrate_bps = 4'000'000;
    report.duration_ms = 1'900;
    report.width = 320;
    report.height = 240;
    report.first_picture_wall_us = 1'700'000'000'000'000;
    report.clock_unit = "us";
    report.clock.method = clock::Method::exchange;
    report.clock.offset_us = -5;
    report.clock.drift_ppm = -12;
    report.clock.bound_us = 900;
    report.clock.rtt_us = 800;
    report.clock.exchanges = 7;
    report.clock_origin_us = 77;
    report.repairs = 6;
    report.alignment = Alignment{};
    report.alignment->begins_us = 100'000'000;
    report.alignment->network_error_ms = 1.4;
    report.alignment->was_pinged = true;
    report.files = {{"out/caf\xC3\xA9.mp4", "caf\xC3\xA9.mp4", "mp4", 9, 1'900, 57, 320, 240}};
    report.damage = {{"caf\xE9.fdump", 500, 20, "a wrong checksum"}};
    report.damage_count = 1;
    report.damage_bytes = 20;
    report.notes = {"one", "two"};
    return report;
}

TEST(ReportJson, says_all_in_the_order_that_people_know) {
    EXPECT_EQ(
        to_json(made()),
        R"({"input":"caf?.fdump","input_format":"fdump","input_bytes":123456,"messages":60,)"
        R"("pictures":57,"key_frames":2,"bytes":120000,"dropped":{"bad":1,"repeated":2,)"
        R"("undecodable":12,"lost_pictures":4,"unknown_form":5},"timing":"device",)"
        R"("timing_why":"it is \"even\"","fps":29.97,"fps_device":30,"fps_arrival":null,)"
        R"("fps_estimate":{"fps":25.5,"source":"device","clamped":true,"frame_count":59,)"
        R"("without_config":null},"bitrate_bps":4000000,"duration_ms":1900,"width":320,)"
        R"("height":240,"first_picture_wall_us":1700000000000000,"first_taken_wall_us":null,)"
        R"("clock":{"unit":"us","method":"exchange","offset_us":-5,"drift_ppm":-12,"bound_us":900,)"
        R"("origin_us":77,"rtt_us":800,"exchanges":7,"spread_us":null,"repairs":6},)"
        R"("alignment":{"begins_ms":100000,"error_ms":null,"clock_error_ms":null,)"
        R"("network_error_ms":1.4,"network":"pinged","camera_error_ms":0},"closed":true,)"
        R"("seq_gaps":[{"after":8,"missing":2},{"after":20,"missing":1}],"seq_gap_count":2,)"
        R"("seq_missing":3,"seq_restarts":1,"files":[{"name":"café.mp4","path":"out/café.mp4",)"
        R"("kind":"mp4","bytes":9,"duration_ms":1900,"pictures":57,"width":320,"height":240}],)"
        R"("damage":[{"file":"caf?.fdump","offset":500,"bytes":20,"what":"a wrong checksum"}],)"
        R"("damage_count":1,"damage_bytes":20,"notes":["one","two"]})");
}

TEST(ReportJson, of_nothing_has_every_key) {
    const json::Object empty = to_object({});
    const json::Object full = to_object(made());
    ASSERT_EQ(empty.size(), full.size());
    for (std::size_t i = 0; i < empty.size(); ++i) {
        EXPECT_EQ(empty.members()[i].key, full.members()[i].key);
    }
    EXPECT_TRUE(empty["alignment"].is_null());
    EXPECT_TRUE((*empty["clock"].object())["offset_us"].is_null());
    EXPECT_TRUE(json::read(to_json({})));
}

TEST(ReportJson, has_paths_only_where_they_are_wanted) {
    const json::Array files = file_list(made(), false);
    ASSERT_EQ(files.size(), 1U);
    EXPECT_EQ(files[0].object()->find("path"), nullptr);
    EXPECT_EQ((*files[0].object())["name"].text_or_empty(), "caf\xC3\xA9.mp4");
}

}  // namespace
}  // namespace st::mux
