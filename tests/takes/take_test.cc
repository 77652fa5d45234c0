/// Recordings made by hand, as a server leaves them, and the take that they make.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include "takes/pairing.h"
#include "takes/take_files.h"
#include "takes/takes.h"

namespace st::takes {
namespace {

namespace fs = std::filesystem;

TEST(Pairing, is_the_distance_to_the_nearest_picture_of_each_other_camera) {
    const std::vector<Taken> two{{"a", {0, 100, 200, 300}}, {"b", {110, 215, 500}}};
    const auto pairing = pair_cameras(two);
    ASSERT_TRUE(pairing);
    // a: 200 -> 10 or 15, 300 -> 85; b: 110 -> 10, 215 -> 15.
    EXPECT_EQ(pairing->worst_us, 85);
    EXPECT_EQ(pairing->p95_us, 85);
}

TEST(Pairing, needs_pictures_of_two_cameras_at_the_same_time) {
    EXPECT_FALSE(pair_cameras(std::vector<Taken>{{"a", {0, 1, 2}}}));
    EXPECT_FALSE(pair_cameras(std::vector<Taken>{{"a", {0, 1}}, {"b", {5, 6}}}));
    EXPECT_FALSE(pair_cameras(std::vector<Taken>{{"a", {0, 10}}, {"a", {5, 6}}}));
}

struct Made {
    std::string camera;
    std::int64_t first_us = 0;  ///< monotonic
    std::int64_t wall_apart_us = 1'700'000'000'000'000;
    std::string bound = "900";
    std::uint64_t lost = 0;
    unsigned pictures = 90;
    std::string state = "done";
    bool kept = false;
};

class TakeFiles : public testing::Test {
 protected:
    TakeFiles() {
        std::string name = testing::TempDir() + "takes-XXXXXX";
        folder_ = ::mkdtemp(name.data());
    }
    ~TakeFiles() override { fs::remove_all(folder_); }

    static std::string table_of(const Made& made) {
        mux::PictureTable table;
        table.files = {"stream.mp4"};
        for (unsigned i = 0; i < made.pictures; ++i) {
            mux::PictureRow row;
            row.picture = i;
            row.take_us = std::int64_t{33'333} * i;
            row.wall_us = made.first_us + made.wall_apart_us + *row.take_us;
            row.arrival_us = *row.take_us + 5'000;
            row.pts_us = *row.take_us;
            row.duration_us = 33'333;
            row.bytes = 1000;
            table.rows.push_back(row);
        }
        return to_csv(table);
    }

    /// The recording's id.
    std::string make(const Made& made) {
        const std::string id = made.camera + "_20260131_08150" + std::to_string(made_++);
        fs::create_directories(folder_ / id);
        const std::string table = table_of(made);
        std::ofstream(folder_ / id / "pictures.csv") << table;
        std::ofstream(folder_ / id / "stream.mp4") << "abc";
        std::ostringstream session;
        session << R"({"version":1,"id":")" << id << R"(","camera":")" << made.camera
                << R"(","peer":"","path":"","take":"walk","state":")" << made.state
                << R"(","started_at":"2026-01-31T08:15:0)" << made_
                << R"(.000Z","ended_at":"2026-01-31T08:16:00.000Z","pictures":)" << made.pictures
                << R"(,"bytes":90000,"seq_missing":)" << made.lost << R"(,"kept":)"
                << (made.kept ? "true" : "false")
                << R"(,"fps":30.0,"duration_ms":3000,"capabilities":{"deviceModel":"Pixel 8"},)"
                << R"("clock":{"unit":"us","method":"exchange"},"times":{"first_us":)"
                << made.first_us << R"(,"first_wall_us":)" << made.first_us + made.wall_apart_us
                << R"(,"bound_us":)" << made.bound << R"(,"assumed_us":0},"files":[)"
                << R"({"name":"stream.mp4","kind":"mp4","bytes":3,"pictures":)" << made.pictures
                << R"(},{"name":"pictures.csv","kind":"pictures","bytes":)" << table.size()
                << "}]}";
        std::ofstream(folder_ / id / "session.json") << session.str();
        return id;
    }

    Result<Manifest> written() {
        archive::Catalogue catalogue(folder_, Log());
        return write_take(catalogue, folder_, "walk", "1.2");
    }
    mux::PictureTable stored_table(const std::string& id) const {
        std::ifstream in(folder_ / id / "pictures.csv");
        std::stringstream text;
        text << in.rdbuf();
        auto table = mux::read_picture_table(text.str());
        EXPECT_TRUE(table);
        return table ? std::move(*table) : mux::PictureTable();
    }

    fs::path folder_;
    int made_ = 1;
};

TEST_F(TakeFiles, one_zero_stands_for_all_recordings_and_stays) {
    const std::string a = make({.camera = "a", .first_us = 50'010'000});
    const std::string b = make({.camera = "b", .first_us = 50'000'000});
    const auto manifest = written();
    ASSERT_TRUE(manifest) << manifest.error().message;
    EXPECT_EQ(manifest->zero_wall_us, 1'700'000'050'000'000);
    EXPECT_EQ(manifest->verdict, Verdict::ok) << manifest->why.front();
    ASSERT_EQ(manifest->cameras.size(), 2U);
    const Part& part = manifest->cameras[0].parts[0];
    EXPECT_EQ(part.file, a + "/stream.mp4");
    EXPECT_EQ(part.first_us, 10'000);
    EXPECT_EQ(part.last_us, 10'000 + 89 * 33'333);
    EXPECT_EQ(part.bound_us, 900);
    EXPECT_EQ(manifest->cameras[0].model, "Pixel 8");
    ASSERT_TRUE(manifest->pairing);
    EXPECT_EQ(manifest->pairing->worst_us, 10'000);

    const auto rows = stored_table(a).rows;
    EXPECT_EQ(rows[3].take_us, 10'000 + 3 * 33'333);
    EXPECT_EQ(rows[3].arrival_us, *rows[3].take_us + 5'000);
    EXPECT_EQ(rows[3].wall_us, manifest->zero_wall_us + *rows[3].take_us);
    archive::Catalogue catalogue(folder_, Log());
    EXPECT_NE(catalogue.get(a)->json.find(
                  "\"bytes\":" + std::to_string(fs::file_size(folder_ / a / "pictures.csv"))),
              std::string::npos)
        << "session.json tells the table's size";

    // What is added later does not move it.
    const std::string c = make({.camera = "c", .first_us = 70'000'000});
    fs::remove_all(folder_ / b);
    const auto again = written();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->zero_wall_us, manifest->zero_wall_us);
    EXPECT_EQ(stored_table(c).rows[0].take_us, 20'000'000);
    EXPECT_EQ(stored_table(a).rows[0].take_us, 10'000);
    const auto stored = read_manifest(folder_, "walk");
    ASSERT_TRUE(stored);
    EXPECT_EQ(encode(*stored), encode(*again));
}

TEST_F(TakeFiles, after_a_restart_of_the_machine_the_wall_clock_ties_them) {
    make({.camera = "a", .first_us = 900'000'000});
    const std::string b = make({.camera = "b",
                                .first_us = 5'000'000,
                                .wall_apart_us = 1'700'000'000'000'000 + 955'000'000});
    ASSERT_TRUE(written());
    EXPECT_EQ(stored_table(b).rows[0].take_us, 60'000'000);
}

TEST_F(TakeFiles, says_what_to_look_at) {
    make({.camera = "a", .lost = 4});
    make({.camera = "b", .bound = "null"});
    make({.camera = "c", .bound = "22600"});
    const auto manifest = written();
    ASSERT_TRUE(manifest);
    EXPECT_EQ(manifest->verdict, Verdict::check);
    EXPECT_EQ(manifest->why,
              (std::vector<std::string>{
                  "a: 4 messages are missing", "b: how far off its times are is not known",
                  "c: its times are known to ±22.6 ms, which is more than half of the 33.3 ms "
                  "between two of its pictures"}));
}

TEST_F(TakeFiles, is_not_made_while_one_records) {
    make({.camera = "a"});
    make({.camera = "b", .state = "recording"});
    EXPECT_EQ(written().error().code, kConflict);
    EXPECT_FALSE(fs::exists(folder_ / "takes"));
}

TEST_F(TakeFiles, a_manifest_that_is_none_is_said) {
    EXPECT_FALSE(decode_manifest("{}"));
    EXPECT_FALSE(decode_manifest(R"({"version":1})"));
    EXPECT_FALSE(decode_manifest("[]"));
}

TEST_F(TakeFiles, the_server_makes_it_and_reads_the_files_afterwards) {
    const std::string a = make({.camera = "a"});
    archive::Catalogue catalogue(folder_, Log());
    std::promise<Manifest> told;
    {
        Takes takes(catalogue, folder_, "1.2", Log(),
                    [&](const Manifest& manifest) { told.set_value(manifest); });
        takes.recording_ended("walk");
        EXPECT_EQ(told.get_future().get().cameras.size(), 1U);
        const auto listed = takes.list();
        ASSERT_EQ(listed.size(), 1U);
        EXPECT_EQ(listed[0].bound_us, 900);
        EXPECT_EQ(listed[0].verdict, Verdict::ok);
        const auto judged =
            takes.judge("walk", Verdict::failed, "sync-check: ", {"a is 20 ms off"});
        ASSERT_TRUE(judged);
        EXPECT_EQ(takes.get("walk")->why, std::vector<std::string>{"sync-check: a is 20 ms off"});
        EXPECT_EQ(takes.get("run").error().code, kNotFound);
        std::vector<std::string> removed;
        ASSERT_TRUE(takes.remove(
            "walk", [&](const record::RecordingEntry& entry) { removed.push_back(entry.id); }));
        EXPECT_EQ(removed, std::vector<std::string>{a});
        EXPECT_FALSE(fs::exists(folder_ / a));
        EXPECT_EQ(takes.get("walk").error().code, kNotFound);
    }
    Manifest manifest;
    manifest.cameras = {{"b", {}, {Part()}}};
    const std::string b = make({.camera = "b"});
    manifest.cameras[0].parts[0].recording = b;
    manifest.cameras[0].parts[0].file = b + "/stream.mp4";
    ASSERT_TRUE(add_digests(catalogue, manifest, [] { return false; }));
    EXPECT_EQ(manifest.cameras[0].parts[0].sha256,
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        << "of \"abc\", FIPS 180-2";
}

TEST_F(TakeFiles, none_of_it_is_deleted_while_one_is_kept) {
    const std::string a = make({.camera = "a"});
    make({.camera = "b", .kept = true});
    archive::Catalogue catalogue(folder_, Log());
    Takes takes(catalogue, folder_, "1.2", Log(), [](const Manifest&) {});
    const auto untouched = [](const record::RecordingEntry& entry) { FAIL() << entry.id; };
    EXPECT_EQ(takes.remove("walk", untouched).error().code, kConflict);
    EXPECT_TRUE(fs::exists(folder_ / a));
}

}  // namespace
}  // namespace st::takes
