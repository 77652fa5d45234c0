#include "takes/lerobot.h"

#include <gtest/gtest.h>

#include <map>

#include "json/read.h"
#include "json/write.h"

namespace st::takes {
namespace {

std::map<std::string, std::string> files_of_two_cameras() {
    LeRobotEpisode episode;
    episode.task = "walk";
    episode.fps = 50;
    episode.frames = 3;
    episode.library = "a version 1";
    for (const char* name : {"left", "right"}) {
        media::Colours colours;
        colours.pictures = 3;
        colours.width = 320;
        colours.height = 240;
        colours.least = {0, 0.25, 0};
        colours.most = {1, 0.5, 1};
        colours.mean = {0.5, 0.375, 0.5};
        colours.deviation = {0.25, 0.125, 0};
        episode.cameras.push_back({name, colours});
    }
    std::map<std::string, std::string> out;
    for (LeRobotFile& file : lerobot_files(episode)) out[file.path] = std::move(file.bytes);
    return out;
}

json::Value json_of(const std::string& text) {
    auto value = json::read(text);
    EXPECT_TRUE(value) << text;
    return value ? *value : json::Value();
}

TEST(LeRobot, has_its_files_where_its_loader_looks) {
    std::vector<std::string> paths;
    for (const auto& [path, bytes] : files_of_two_cameras()) paths.push_back(path);
    EXPECT_EQ(paths,
              (std::vector<std::string>{
                  "data/chunk-000/file-000.parquet", "meta/episodes/chunk-000/file-000.parquet",
                  "meta/info.json", "meta/stats.json", "meta/tasks.parquet"}));
    EXPECT_EQ(lerobot_film("left"), "videos/observation.images.left/chunk-000/file-000.mp4");
}

TEST(LeRobot, describes_films_and_columns) {
    const json::Value info = json_of(files_of_two_cameras()["meta/info.json"]);
    const json::Object& features = *(*info.object())["features"].object();
    EXPECT_EQ(features.size(), 7U);
    EXPECT_EQ(json::write(features["observation.images.right"]),
              R"({"dtype":"video","shape":[240,320,3],"names":["height","width","channels"],)"
              R"("info":{"video.height":240,"video.width":320,"video.codec":"h264",)"
              R"("video.pix_fmt":"yuv420p","video.is_depth_map":false,"video.fps":50,)"
              R"("video.channels":3,"has_audio":false}})");
    EXPECT_EQ(json::write(features["timestamp"]),
              R"({"dtype":"float32","shape":[1],"names":null})");
    EXPECT_EQ(json::write(features["task_index"]), R"({"dtype":"int64","shape":[1],"names":null})");
}

TEST(LeRobot, has_statistics_with_a_fraction_where_they_are_real) {
    const std::string text = files_of_two_cameras()["meta/stats.json"];
    const json::Object stats = *json_of(text).object();
    EXPECT_EQ(stats.size(), 7U);
    EXPECT_EQ(
        json::write(stats["observation.images.left"]),
        R"({"min":[[[0.0]],[[0.25]],[[0.0]]],"max":[[[1.0]],[[0.5]],[[1.0]]],)"
        R"("mean":[[[0.5]],[[0.375]],[[0.5]]],"std":[[[0.25]],[[0.125]],[[0.0]]],"count":[3]})");
    EXPECT_EQ(json::write(stats["episode_index"]),
              R"({"min":[0],"max":[0],"mean":[0.0],"std":[0.0],"count":[3]})");
    // of 0, 1 and 2: the root of 2/3
    EXPECT_EQ(json::write(stats["frame_index"]),
              R"({"min":[0],"max":[2],"mean":[1.0],"std":[0.816496580927726],"count":[3]})");
}

}  // namespace
}  // namespace st::takes
