/// Recordings made by hand, as a server leaves them, and the take that they make.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/fsuid.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <sstream>
#include <thread>

#include "mux/picture_table.h"
#include "support/temporary_folder.h"
#include "takes/pairing.h"
#include "takes/take_files.h"
#include "takes/takes.h"

namespace st::takes {
namespace {

namespace fs = std::filesystem;

std::optional<Pairing> pair(
    const std::vector<std::pair<std::string, std::vector<std::int64_t>>>& cameras) {
    std::vector<Taken> taken;
    for (const auto& [camera, us] : cameras) taken.push_back({camera, us});
    return pair_cameras(taken);
}

TEST(Pairing, is_the_distance_to_the_nearest_picture_of_each_other_camera) {
    const auto pairing = pair({{"a", {0, 100, 200, 300}}, {"b", {110, 215, 500}}});
    ASSERT_TRUE(pairing);
    // a: 200 -> 10 or 15, 300 -> 85; b: 110 -> 10, 215 -> 15.
    EXPECT_EQ(pairing->worst_us, 85);
    EXPECT_EQ(pairing->p95_us, 85);
}

TEST(Pairing, needs_pictures_of_two_cameras_at_the_same_time) {
    EXPECT_FALSE(pair({{"a", {0, 1, 2}}}));
    EXPECT_FALSE(pair({{"a", {0, 1}}, {"b", {5, 6}}}));
    EXPECT_FALSE(pair({{"a", {0, 10}}, {"a", {5, 6}}}));
}

TEST(Pairing, of_recordings_that_overlap_only_in_part_counts_what_they_share) {
    // a goes on alone before and behind b.
    const auto pairing = pair({{"a", {0, 100, 200, 300, 400}}, {"b", {190, 310}}});
    ASSERT_TRUE(pairing);
    // a: 200 -> 10, 300 -> 10; b: 190 -> 10, 310 -> 10.
    EXPECT_EQ(pairing->worst_us, 10);
}

TEST(Pairing, of_pictures_that_are_far_apart_is_told_to_a_millisecond) {
    // b's pictures are an hour from the nearest of a, but the first and the last.
    const auto pairing =
        pair({{"a", {0, 7'200'000'000}}, {"b", {0, 3'600'000'000, 3'600'000'700, 7'200'000'000}}});
    ASSERT_TRUE(pairing);
    EXPECT_EQ(pairing->worst_us, 3'600'000'000);
    EXPECT_NEAR(static_cast<double>(pairing->p95_us), 3'600'000'000, 1'000);
}

/// Of "abc", FIPS 180-2.
constexpr char kDigestOfAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

struct Made {
    std::string camera;
    std::int64_t first_us = 0;  ///< monotonic
    std::int64_t wall_apart_us = 1'700'000'000'000'000;
    std::string bound = "900";
    std::uint64_t lost = 0;
    std::uint64_t lost_pictures = 0;
    std::uint64_t unknown_form = 0;
    unsigned pictures = 90;
    std::string state = "done";
    bool kept = false;
    unsigned part = 1;
    std::string end_reason = "stopped";
    std::int64_t interval_us = 33'333;
    std::int64_t gap_us = 0;  ///< longer between the two pictures in the middle
    std::string boot_id{};
    std::string take = "walk";  ///< "": none
};

/// Once the condition holds, or after half a minute.
void wait_until(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!holds() && std::chrono::steady_clock::now() < end)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_TRUE(holds());
}

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
            row.take_us = made.interval_us * i + (i >= made.pictures / 2 ? made.gap_us : 0);
            row.wall_us = made.first_us + made.wall_apart_us + *row.take_us;
            row.arrival_us = *row.take_us + 5'000;
            row.pts_us = *row.take_us;
            row.duration_us = made.interval_us;
            row.bytes = 1000;
            table.rows.push_back(row);
        }
        return to_csv(table);
    }

    void wait_until_digested() const {
        wait_until([&] {
            const auto manifest = read_manifest(folder_, "walk");
            return manifest && std::ranges::all_of(manifest->cameras, [](const Camera& camera) {
                       return camera.parts[0].sha256.has_value();
                   });
        });
    }

    /// The recording's id.
    std::string make(const Made& made) {
        const std::string id = made.camera + "_20260131_08150" + std::to_string(made_++);
        fs::create_directories(folder_ / id);
        const std::string table = table_of(made);
        std::ofstream(folder_ / id / "pictures.csv") << table;
        std::ofstream(folder_ / id / "stream.mp4") << "abc";
        const std::string files =
            made.pictures == 0 ? ""
                               : R"({"name":"stream.mp4","kind":"mp4","bytes":3,"pictures":)" +
                                     std::to_string(made.pictures) +
                                     R"(},{"name":"pictures.csv","kind":"pictures","bytes":)" +
                                     std::to_string(table.size()) + "}";
        std::ostringstream session;
        session << R"({"version":1,"id":")" << id << R"(","camera":")" << made.camera
                << R"(","peer":"","boot_id":")" << made.boot_id << R"(","path":"","take":)"
                << (made.take.empty() ? "null" : '"' + made.take + '"') << R"(,"state":")"
                << made.state << R"(","started_at":"2026-01-31T08:15:0)" << made_
                << R"(.000Z","ended_at":"2026-01-31T08:16:00.000Z","pictures":)" << made.pictures
                << R"(,"bytes":90000,"seq_missing":)" << made.lost
                << R"(,"dropped":{"unknown_form":)" << made.unknown_form << R"(,"lost_pictures":)"
                << made.lost_pictures << R"(},"kept":)" << (made.kept ? "true" : "false")
                << R"(,"part":)" << made.part << R"(,"end_reason":")" << made.end_reason
                << R"(","fps":)" << 1e6 / static_cast<double>(made.interval_us)
                << R"(,"duration_ms":3000,"capabilities":{"deviceModel":"Pixel 8"},)"
                << R"("clock":{"unit":"us","method":"exchange"},"times":{"first_us":)"
                << made.first_us << R"(,"first_wall_us":)" << made.first_us + made.wall_apart_us
                << R"(,"bound_us":)" << made.bound << R"(,"assumed_us":0},"files":[)" << files
                << R"(],"error":)" << (made.state == "failed" ? R"("no room")" : "null") << "}";
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
    make({.camera = "d", .lost_pictures = 1});
    make({.camera = "e", .unknown_form = 7});
    const auto manifest = written();
    ASSERT_TRUE(manifest);
    EXPECT_EQ(manifest->verdict, Verdict::check);
    EXPECT_EQ(
        manifest->why,
        (std::vector<std::string>{
            "a: 4 messages are missing", "b: how far off its times are is not known",
            "c: its times are known to ±22.6 ms, which is more than half of the 33.3 ms "
            "between two of its pictures",
            "d: 1 picture cannot be decoded", "e: 7 messages are not H.264 in a known form"}));
}

using Sentences = std::vector<std::string>;

TEST_F(TakeFiles, one_camera_alone_is_in_order_and_has_no_pairs) {
    make({.camera = "a"});
    const auto manifest = written();
    ASSERT_TRUE(manifest);
    EXPECT_EQ(manifest->verdict, Verdict::ok);
    EXPECT_FALSE(manifest->pairing);
}

TEST_F(TakeFiles, a_bound_is_held_against_the_cameras_own_rate) {
    make({.camera = "fast", .bound = "8400", .interval_us = 16'667});
    make({.camera = "slow", .bound = "8400", .interval_us = 40'000});
    const auto manifest = written();
    ASSERT_TRUE(manifest);
    EXPECT_EQ(manifest->why, Sentences{"fast: its times are known to ±8.4 ms, which is more than "
                                       "half of the 16.7 ms between two of its pictures"});
    EXPECT_EQ(manifest->cameras[0].parts[0].bound_us, 8'400) << "it is told all the same";
    // A picture of the slow one has one of the fast one within 8.3 ms, not the other way round.
    ASSERT_TRUE(manifest->pairing);
    EXPECT_GT(manifest->pairing->worst_us, 8'400);
    EXPECT_LE(manifest->pairing->worst_us, 20'000);
}

TEST_F(TakeFiles, a_gap_shows_in_the_pairing_of_the_others_pictures) {
    make({.camera = "a", .lost = 30, .gap_us = 1'000'000});
    make({.camera = "b"});
    const auto manifest = written();
    ASSERT_TRUE(manifest);
    EXPECT_EQ(manifest->verdict, Verdict::check);
    EXPECT_EQ(manifest->why, Sentences{"a: 30 messages are missing"});
    EXPECT_NEAR(static_cast<double>(manifest->pairing->worst_us), 516'667, 17'000)
        << "half of the gap";
}

TEST_F(TakeFiles, between_two_parts_of_a_camera_there_is_nothing_to_pair) {
    make({.camera = "a", .pictures = 200});  // 6.7 s
    make({.camera = "b", .pictures = 30, .end_reason = "disconnected"});
    make({.camera = "b", .first_us = 4'000'010, .pictures = 30, .part = 2});
    const auto manifest = written();
    ASSERT_TRUE(manifest);
    ASSERT_EQ(manifest->cameras.size(), 2U);
    ASSERT_EQ(manifest->cameras[1].parts.size(), 2U);
    EXPECT_EQ(manifest->cameras[1].parts[1].first_us, 4'000'010);
    EXPECT_EQ(manifest->why, Sentences{"b: dropped out and came back: its pictures have a gap"});
    ASSERT_TRUE(manifest->pairing);
    EXPECT_LE(manifest->pairing->worst_us, 16'667) << "not 1.5 s, to what is not there";
}

TEST_F(TakeFiles, a_file_that_was_full_leaves_no_gap) {
    make({.camera = "a", .pictures = 180});
    make({.camera = "b", .end_reason = "max_bytes"});
    make({.camera = "b", .first_us = 90 * 33'333, .part = 2});
    const auto manifest = written();
    ASSERT_TRUE(manifest);
    EXPECT_EQ(manifest->why, Sentences{});
    EXPECT_EQ(manifest->verdict, Verdict::ok);
    EXPECT_EQ(manifest->pairing->worst_us, 0);
}

TEST_F(TakeFiles, of_one_start_of_the_machine_goes_by_the_clock_that_nobody_sets) {
    constexpr std::int64_t kApartUs = 1'700'000'000'000'000;
    // The wall clock was set back by an hour before the second part.
    make({.camera = "a", .first_us = 1'000'000, .boot_id = "one"});
    make({.camera = "a",
          .first_us = 61'000'000,
          .wall_apart_us = kApartUs - 3'600'000'000,
          .part = 2,
          .boot_id = "one"});
    auto manifest = written();
    ASSERT_TRUE(manifest);
    ASSERT_EQ(manifest->cameras.size(), 1U);
    ASSERT_EQ(manifest->cameras[0].parts.size(), 2U);
    EXPECT_EQ(manifest->cameras[0].parts[0].first_us, 0);
    EXPECT_EQ(manifest->cameras[0].parts[1].first_us, 60'000'000);
    // The machine was restarted: its clock began anew.
    make({.camera = "b",
          .first_us = 2'000'000,
          .wall_apart_us = kApartUs + 100'000'000,
          .boot_id = "two"});
    manifest = written();
    ASSERT_TRUE(manifest);
    EXPECT_EQ(manifest->cameras[1].parts[0].first_us, 101'000'000);
}

TEST_F(TakeFiles, one_that_was_deleted_and_made_again_under_its_name_counts_from_its_own_begin) {
    fs::remove_all(folder_ / make({.camera = "a", .first_us = 1'000'000}));
    const std::string kept = make({.camera = "b", .first_us = 1'000'000});
    ASSERT_TRUE(written());
    const std::string later = make({.camera = "a", .first_us = 61'000'000});
    auto manifest = written();
    ASSERT_TRUE(manifest);
    EXPECT_EQ(manifest->zero_monotonic_us, 1'000'000) << "it goes on";
    fs::remove_all(folder_ / kept);
    fs::remove_all(folder_ / later);
    make({.camera = "a", .first_us = 161'000'000});
    manifest = written();
    ASSERT_TRUE(manifest);
    EXPECT_EQ(manifest->zero_monotonic_us, 161'000'000);
    EXPECT_EQ(manifest->cameras.at(0).parts.at(0).first_us, 0);
}

TEST_F(TakeFiles, a_camera_that_dropped_out_for_good_is_said) {
    make({.camera = "a", .end_reason = "disconnected"});
    make({.camera = "b", .pictures = 30, .end_reason = "crash"});
    make({.camera = "c", .pictures = 30, .end_reason = "camera_error"});
    make({.camera = "d", .pictures = 30, .end_reason = "disk"});
    make({.camera = "e", .pictures = 0, .state = "failed", .end_reason = "disk"});
    const auto manifest = written();
    ASSERT_TRUE(manifest);
    EXPECT_EQ(manifest->verdict, Verdict::check);
    EXPECT_EQ(manifest->why[0], "a: dropped out and did not come back");
    EXPECT_EQ(manifest->why[1], "b: its recording ended when the server was killed");
    EXPECT_EQ(manifest->why[2], "c: its recording ended with an error of the camera");
    EXPECT_EQ(manifest->why[3], "d: its recording ended as nothing more could be written");
    EXPECT_EQ(manifest->why[4].substr(0, 3), "e: ");
    EXPECT_NE(manifest->why[4].find("failed: no room"), std::string::npos);
}

TEST_F(TakeFiles, a_camera_that_stopped_by_itself_long_before_the_others_is_said) {
    make({.camera = "a", .pictures = 300});  // 10 s
    make({.camera = "b", .pictures = 90, .end_reason = "camera_stopped"});
    make({.camera = "c", .pictures = 270, .end_reason = "camera_stopped"});
    make({.camera = "d", .pictures = 90});
    const auto manifest = written();
    ASSERT_TRUE(manifest);
    EXPECT_EQ(manifest->why, Sentences{"b: stopped by itself, 7.0 s before the last one"})
        << "c ended with the others, and of d somebody wanted it";
    EXPECT_EQ(manifest->verdict, Verdict::check);
}

TEST_F(TakeFiles, a_take_without_a_picture_has_failed) {
    make({.camera = "a", .pictures = 0, .state = "failed"});
    const auto manifest = written();
    ASSERT_TRUE(manifest);
    EXPECT_EQ(manifest->verdict, Verdict::failed);
    EXPECT_EQ(manifest->why.back(), "there are no pictures");
    EXPECT_FALSE(manifest->pairing);
    ASSERT_EQ(manifest->cameras.size(), 1U);
    EXPECT_EQ(manifest->cameras[0].parts[0].file, "");
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
        ASSERT_EQ(listed.items.size(), 1U);
        EXPECT_EQ(listed.items[0].take, "walk");
        const Summary sum = takes.summary("walk");
        EXPECT_EQ(sum.recordings, 1U);
        EXPECT_EQ(sum.bound_us, 900);
        EXPECT_EQ(sum.verdict, Verdict::ok);
        EXPECT_TRUE(takes.is_described("walk"));
        EXPECT_FALSE(takes.is_described("run"));
        const auto judged =
            takes.judge("walk", Verdict::failed, "sync-check: ", {"a is 20 ms off"});
        ASSERT_TRUE(judged);
        EXPECT_EQ(takes.get("walk")->why, std::vector<std::string>{"sync-check: a is 20 ms off"});
        EXPECT_EQ(takes.get("run").error().code, kNotFound);
        // What was found out stays, whatever happens to its recordings.
        const std::string later = make({.camera = "c", .first_us = 50'000});
        catalogue.changed(later);
        wait_until_digested();  // else its thread would write as well
        ASSERT_TRUE(write_take(catalogue, folder_, "walk", "1.2"));
        EXPECT_EQ(takes.get("walk")->verdict, Verdict::failed);
        EXPECT_EQ(takes.get("walk")->why, std::vector<std::string>{"sync-check: a is 20 ms off"});
        ASSERT_TRUE(takes.judge("walk", Verdict::ok, "sync-check: ", {}));
        wait_until_digested();
        ASSERT_TRUE(write_take(catalogue, folder_, "walk", "1.2"));
        EXPECT_EQ(takes.get("walk")->verdict, Verdict::ok);
        std::vector<std::string> removed;
        ASSERT_TRUE(takes.remove(
            "walk", [&](const record::RecordingEntry& entry) { removed.push_back(entry.id); }));
        EXPECT_EQ(removed, (std::vector<std::string>{a, later}));
        EXPECT_FALSE(fs::exists(folder_ / a));
        EXPECT_EQ(takes.get("walk").error().code, kNotFound);
    }
    Part part;
    part.recording = make({.camera = "b"});
    part.file = part.recording + "/stream.mp4";
    const auto digest = digest_of(catalogue, part, [] { return false; });
    ASSERT_TRUE(digest);
    EXPECT_EQ(digest->sha256, kDigestOfAbc);
    EXPECT_FALSE(digest_of(catalogue, part, [] { return true; }));
    const fs::path film = folder_ / part.file;
    EXPECT_FALSE(digest_of(catalogue, part, [&] {
        std::ofstream(film.string() + ".part") << "abc";
        fs::rename(film.string() + ".part", film);
        return false;
    })) << "another film lies there when it has been read";
}

TEST_F(TakeFiles, a_take_that_cannot_be_stored_is_made_as_soon_as_it_can) {
    make({.camera = "a"});
    archive::Catalogue catalogue(folder_, Log());
    std::ofstream(folder_ / "takes") << "no folder";
    std::promise<Manifest> told;
    Takes takes(catalogue, folder_, "1.2", Log(),
                [&](const Manifest& manifest) { told.set_value(manifest); });
    takes.recording_ended("walk");
    auto made = told.get_future();
    EXPECT_EQ(made.wait_for(std::chrono::milliseconds(500)), std::future_status::timeout);
    fs::remove(folder_ / "takes");
    ASSERT_EQ(made.wait_for(std::chrono::seconds(30)), std::future_status::ready);
    EXPECT_TRUE(takes.is_described("walk"));
}

TEST_F(TakeFiles, one_file_that_is_gone_leaves_the_others_their_digests) {
    const std::string a = make({.camera = "a"});
    const std::string b = make({.camera = "b"});
    fs::remove(folder_ / a / "stream.mp4");
    archive::Catalogue catalogue(folder_, Log());
    ASSERT_TRUE(write_take(catalogue, folder_, "walk", "1.2")) << "of an earlier run of the server";
    Takes takes(catalogue, folder_, "1.2", Log(), [](const Manifest&) {});
    ASSERT_TRUE(takes.get("walk"));
    wait_until(
        [&] { return read_manifest(folder_, "walk")->cameras[1].parts[0].sha256.has_value(); });
    const auto manifest = read_manifest(folder_, "walk");
    EXPECT_EQ(manifest->cameras[0].parts[0].sha256, std::nullopt);
    EXPECT_EQ(manifest->cameras[1].parts[0].sha256, kDigestOfAbc);
}

TEST_F(TakeFiles, a_film_that_was_made_anew_has_its_own_digest) {
    const std::string a = make({.camera = "a"});
    archive::Catalogue catalogue(folder_, Log());
    Takes takes(catalogue, folder_, "1.2", Log(), [](const Manifest&) {});
    const auto digest = [&] {
        const auto manifest = takes.get("walk");
        return manifest ? manifest->cameras[0].parts[0].sha256 : std::nullopt;
    };
    wait_until([&] { return digest() == kDigestOfAbc; });
    std::ofstream(folder_ / a / "stream.mp4") << "other";
    const fs::path manifest = folder_ / "takes/walk.json";
    fs::last_write_time(manifest, fs::last_write_time(manifest) - std::chrono::hours(1));
    EXPECT_NE(digest(), kDigestOfAbc) << "at once";
    wait_until([&] { return digest().has_value(); });
    EXPECT_NE(digest(), kDigestOfAbc);
}

TEST_F(TakeFiles, films_that_are_as_they_were_keep_their_digests) {
    const std::string a = make({.camera = "a"});
    const std::string b = make({.camera = "b"});
    archive::Catalogue catalogue(folder_, Log());
    Takes takes(catalogue, folder_, "1.2", Log(), [](const Manifest&) {});
    ASSERT_TRUE(takes.get("walk"));
    wait_until_digested();
    const std::string c = make({.camera = "c"});
    catalogue.changed(c);
    ASSERT_TRUE(catalogue.remove(b));
    const auto rest = takes.get("walk");
    ASSERT_TRUE(rest) << rest.error().message;
    ASSERT_EQ(rest->cameras.size(), 2U);
    EXPECT_EQ(rest->cameras[0].parts[0].sha256, kDigestOfAbc) << "it is not read again";
    wait_until_digested();
    // One that was made anew, of the same size and of before take.json.
    const fs::path film = folder_ / a / "stream.mp4";
    std::ofstream(film.string() + ".part") << "xyz";
    fs::last_write_time(film.string() + ".part", fs::last_write_time(film) - std::chrono::hours(1));
    fs::rename(film.string() + ".part", film);
    EXPECT_NE(takes.get("walk")->cameras[0].parts[0].sha256, kDigestOfAbc);
    wait_until_digested();
    EXPECT_NE(takes.get("walk")->cameras[0].parts[0].sha256, kDigestOfAbc);
}

TEST_F(TakeFiles, while_the_catalogue_is_being_built_the_one_that_is_there_is_given) {
    make({.camera = "a"});
    ASSERT_TRUE(written());
    // A catalogue that is never built.
    for (const char* more : {"", "-wal", "-shm"})
        fs::remove(folder_ / (std::string(archive::kCatalogueName) + more));
    fs::create_directories(folder_ / archive::kCatalogueName / "x");
    archive::Catalogue catalogue(folder_, Log());
    Takes takes(catalogue, folder_, "1.2", Log(), [](const Manifest&) {});
    const auto known = takes.get("walk");
    ASSERT_TRUE(known) << known.error().message;
    EXPECT_EQ(known->cameras.size(), 1U);
    EXPECT_EQ(takes.get("run").error().code, kUnavailable);
}

TEST_F(TakeFiles, one_that_is_damaged_or_of_an_earlier_version_is_set_aside_and_made_anew) {
    const std::string a = make({.camera = "a"});
    ASSERT_TRUE(written());
    archive::Catalogue catalogue(folder_, Log());
    Takes takes(catalogue, folder_, "1.2", Log(), [](const Manifest&) {});
    for (const char* text : {"", "{\"version\":2,", "[]", "{\"version\":1}"}) {
        std::ofstream(folder_ / "takes/walk.json") << text;
        const auto made = takes.get("walk");
        ASSERT_TRUE(made) << made.error().message;
        EXPECT_EQ(made->cameras.size(), 1U);
        wait_until_digested();
        EXPECT_EQ(test::read_text(folder_ / "takes/walk.json.bad"), text);
    }
    EXPECT_TRUE(takes.remove("walk", [](const record::RecordingEntry&) {}));
    EXPECT_TRUE(fs::is_empty(folder_ / "takes")) << "what was set aside goes with the take";
}

TEST_F(TakeFiles, one_of_a_newer_server_is_said_and_stays) {
    const std::string a = make({.camera = "a"});
    ASSERT_TRUE(written());
    const std::string table = test::read_text(folder_ / a / "pictures.csv");
    archive::Catalogue catalogue(folder_, Log());
    Takes takes(catalogue, folder_, "1.2", Log(), [](const Manifest&) {});
    const fs::path manifest = folder_ / "takes/walk.json";
    for (const auto& [text, version] :
         {std::pair(R"({"version":3,"zero_wall_us":1})", "3"), std::pair("{}", "none"),
          std::pair(R"({"version":"2"})", "none")}) {
        std::ofstream(manifest) << text;
        const auto known = takes.get("walk");
        ASSERT_FALSE(known) << text;
        EXPECT_EQ(known.error().code, kBroken);
        EXPECT_EQ(known.error().message,
                  manifest.string() + ": take.json: its version is " + version + ", not 2");
        EXPECT_EQ(write_take(catalogue, folder_, "walk", "1.2").error().code, kBroken)
            << "nor does the end of a recording replace it";
        EXPECT_EQ(takes.judge("walk", Verdict::failed, "x", {"x"}).error().code, kBroken);
        EXPECT_EQ(test::read_text(manifest), text);
    }
    EXPECT_EQ(test::read_text(folder_ / a / "pictures.csv"), table);
}

TEST_F(TakeFiles, one_that_cannot_be_read_just_now_keeps_its_zero) {
    make({.camera = "a"});
    const auto before = written();
    ASSERT_TRUE(before);
    archive::Catalogue catalogue(folder_, Log());
    Takes takes(catalogue, folder_, "1.2", Log(), [](const Manifest&) {});
    const fs::path manifest = folder_ / "takes/walk.json";
    const std::string text = test::read_text(manifest);
    fs::permissions(folder_, fs::perms(0755));
    fs::permissions(manifest, fs::perms::none);
    // Root may read everything.
    const auto me = static_cast<uid_t>(::setfsuid(65'534));
    const auto known = takes.get("walk");
    ::setfsuid(me);
    fs::permissions(manifest, fs::perms(0644));
    ASSERT_FALSE(known);
    EXPECT_EQ(known.error().code, kBroken);
    EXPECT_EQ(known.error().message, "read " + manifest.string() + ": Permission denied");
    EXPECT_EQ(test::read_text(manifest), text);
    const auto again = takes.get("walk");
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->zero_wall_us, before->zero_wall_us);
    EXPECT_FALSE(fs::exists(manifest.string() + kSetAside));
}

TEST_F(TakeFiles, only_recordings_of_takes_are_listed_the_newest_take_first) {
    make({.camera = "a"});
    make({.camera = "b", .take = ""});
    make({.camera = "a", .take = "run"});
    make({.camera = "b"});
    archive::Catalogue catalogue(folder_, Log());
    Takes takes(catalogue, folder_, "1.2", Log(), [](const Manifest&) {});
    std::vector<std::string> names;
    for (const archive::TakeRow& row : takes.list().items) names.push_back(row.take);
    EXPECT_EQ(names, (std::vector<std::string>{"run", "walk"}));
    EXPECT_EQ(takes.summary("walk").recordings, 2U);
    EXPECT_EQ(takes.summary("run").recordings, 1U);
    EXPECT_EQ(takes.summary("hop").recordings, 0U);
}

TEST_F(TakeFiles, what_was_deleted_of_a_take_is_not_in_it) {
    make({.camera = "a"});
    const std::string b = make({.camera = "b"});
    archive::Catalogue catalogue(folder_, Log());
    Takes takes(catalogue, folder_, "1.2", Log(), [](const Manifest&) {});
    ASSERT_EQ(takes.get("walk")->cameras.size(), 2U);
    ASSERT_TRUE(catalogue.remove(b));
    const auto rest = takes.get("walk");
    ASSERT_TRUE(rest) << rest.error().message;
    ASSERT_EQ(rest->cameras.size(), 1U);
    EXPECT_EQ(rest->cameras[0].camera, "a");
    EXPECT_EQ(read_manifest(folder_, "walk")->cameras.size(), 1U) << "take.json has it so";
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
