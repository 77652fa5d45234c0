#include "takes/lerobot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>
#include <variant>

#include "json/write.h"
#include "takes/parquet.h"

namespace st::takes {
namespace {

using Whole = std::vector<std::int64_t>;
using Real = std::vector<double>;

constexpr std::string_view kFirstFile = "chunk-000/file-000";
constexpr unsigned kColourDepth = 3;  ///< the shape of statistics of colours: 3, 1, 1

std::string feature_of(std::string_view camera) {
    return "observation.images." + std::string(camera);
}

// ---- the table of frames

struct Frames {
    std::vector<float> timestamp;
    Whole index;  ///< also frame_index, as there is one episode
    Whole zero;   ///< episode_index and task_index
};

Frames frames_of(const LeRobotEpisode& episode) {
    Frames out;
    for (std::size_t i = 0; i < episode.frames; ++i)
        out.timestamp.push_back(static_cast<float>(static_cast<double>(i) / episode.fps));
    out.index.resize(episode.frames);
    std::iota(out.index.begin(), out.index.end(), 0);
    out.zero.resize(episode.frames);
    return out;
}

std::string data_table(const LeRobotEpisode& episode, const Frames& frames) {
    ParquetTable table;
    table.add("timestamp", std::span<const float>(frames.timestamp));
    table.add("frame_index", std::span<const std::int64_t>(frames.index));
    table.add("episode_index", std::span<const std::int64_t>(frames.zero));
    table.add("index", std::span<const std::int64_t>(frames.index));
    table.add("task_index", std::span<const std::int64_t>(frames.zero));
    return table.file(episode.library);
}

// ---- statistics

struct Statistic {
    const char* name;
    std::variant<Whole, Real> values;
    unsigned depth = 1;  ///< of lists in lists, see ParquetTable::add_list()
};
struct FeatureStatistics {
    std::string feature;
    std::vector<Statistic> statistics;
};

Statistic count_of(std::uint64_t values) {
    return {"count", Whole{static_cast<std::int64_t>(values)}};
}

/// `T`: as what the least and the greatest value are stored.
template <class T, class Value>
FeatureStatistics statistics_of(const char* feature, const std::vector<Value>& values) {
    const auto count = static_cast<double>(values.size());
    double sum = 0;
    for (const Value value : values) sum += static_cast<double>(value);
    double squares = 0;
    for (const Value value : values)
        squares += std::pow(static_cast<double>(value) - sum / count, 2);
    const auto [least, most] = std::ranges::minmax(values);
    return {feature,
            {{"min", std::vector<T>{static_cast<T>(least)}},
             {"max", std::vector<T>{static_cast<T>(most)}},
             {"mean", Real{sum / count}},
             {"std", Real{std::sqrt(squares / count)}},
             count_of(values.size())}};
}

FeatureStatistics statistics_of(const LeRobotCamera& camera) {
    const auto list = [](const std::array<double, 3>& of) { return Real(of.begin(), of.end()); };
    const media::Colours& colours = camera.colours;
    return {feature_of(camera.name),
            {{"min", list(colours.least), kColourDepth},
             {"max", list(colours.most), kColourDepth},
             {"mean", list(colours.mean), kColourDepth},
             {"std", list(colours.deviation), kColourDepth},
             count_of(colours.pictures)}};
}

std::vector<FeatureStatistics> statistics_of(const LeRobotEpisode& episode, const Frames& frames) {
    std::vector<FeatureStatistics> out;
    for (const LeRobotCamera& camera : episode.cameras) out.push_back(statistics_of(camera));
    out.push_back(statistics_of<double>("timestamp", frames.timestamp));
    out.push_back(statistics_of<std::int64_t>("frame_index", frames.index));
    out.push_back(statistics_of<std::int64_t>("episode_index", frames.zero));
    out.push_back(statistics_of<std::int64_t>("index", frames.index));
    out.push_back(statistics_of<std::int64_t>("task_index", frames.zero));
    return out;
}

/// With a fraction in any case: the loader takes the type of its arrays from that.
json::Value number_of(double value) {
    const json::Value out(value);
    const json::Number* const number = out.number();
    return number != nullptr && number->is_whole() ? json::Number{number->text + ".0"} : out;
}
json::Value number_of(std::int64_t value) { return value; }

json::Array nested(const Statistic& statistic) {
    json::Array out;
    const auto add = [&](const auto& values) {
        for (const auto value : values) {
            json::Value inner = number_of(value);
            for (unsigned i = 1; i < statistic.depth; ++i) inner = json::Array{inner};
            out.push_back(std::move(inner));
        }
    };
    std::visit(add, statistic.values);
    return out;
}

std::string stats(const std::vector<FeatureStatistics>& features) {
    json::Object all;
    for (const FeatureStatistics& one : features) {
        json::Object of_it;
        for (const Statistic& statistic : one.statistics)
            of_it.set(statistic.name, nested(statistic));
        all.set(one.feature, of_it);
    }
    return json::write_indented(all) + "\n";
}

// ---- the table of episodes

std::string episodes_table(const LeRobotEpisode& episode,
                           const std::vector<FeatureStatistics>& features) {
    const auto frames = static_cast<std::int64_t>(episode.frames);
    const std::int64_t first = 0;
    ParquetTable table;
    table.add("episode_index", first);
    table.add_list("tasks", std::span<const std::string>(&episode.task, 1));
    table.add("length", frames);
    table.add("data/chunk_index", first);
    table.add("data/file_index", first);
    table.add("dataset_from_index", first);
    table.add("dataset_to_index", frames);
    for (const LeRobotCamera& camera : episode.cameras) {
        const std::string film = "videos/" + feature_of(camera.name) + "/";
        table.add(film + "chunk_index", first);
        table.add(film + "file_index", first);
        table.add(film + "from_timestamp", 0.0);
        table.add(film + "to_timestamp", static_cast<double>(episode.frames) / episode.fps);
    }
    for (const FeatureStatistics& one : features) {
        for (const Statistic& statistic : one.statistics) {
            const std::string name = "stats/" + one.feature + "/" + statistic.name;
            const auto add = [&]<class T>(const std::vector<T>& values) {
                table.add_list(name, std::span<const T>(values), statistic.depth);
            };
            std::visit(add, statistic.values);
        }
    }
    table.add("meta/episodes/chunk_index", first);
    table.add("meta/episodes/file_index", first);
    return table.file(episode.library);
}

// ---- the table of tasks

json::Object pandas_column(const char* name, const char* type, const char* numpy) {
    json::Object out;
    out.set("name", name);
    out.set("field_name", name);
    out.set("pandas_type", type);
    out.set("numpy_type", numpy);
    out.set("metadata", json::Value());
    return out;
}

/// `task` is the index of the DataFrame: the loader looks for tasks there.
std::string tasks_table(const LeRobotEpisode& episode) {
    json::Object encoding;
    encoding.set("encoding", "UTF-8");
    json::Object names = pandas_column("", "unicode", "object");
    names.set("name", json::Value());
    names.set("field_name", json::Value());
    names.set("metadata", encoding);
    json::Object pandas;
    pandas.set("index_columns", json::Array{"task"});
    pandas.set("column_indexes", json::Array{names});
    pandas.set("columns", json::Array{pandas_column("task_index", "int64", "int64"),
                                      pandas_column("task", "unicode", "object")});
    pandas.set("pandas_version", "2.0.0");
    ParquetTable table;
    table.add("task_index", std::int64_t{0});
    table.add("task", episode.task);
    table.add_metadata("pandas", json::write(pandas));
    return table.file(episode.library);
}

// ---- info.json

json::Object feature(const char* type) {
    json::Object out;
    out.set("dtype", type);
    out.set("shape", json::Array{1});
    out.set("names", json::Value());
    return out;
}

json::Object film_feature(const LeRobotCamera& camera, unsigned fps) {
    json::Object film;
    film.set("video.height", camera.colours.height);
    film.set("video.width", camera.colours.width);
    film.set("video.codec", "h264");
    film.set("video.pix_fmt", "yuv420p");
    film.set("video.is_depth_map", false);
    film.set("video.fps", fps);
    film.set("video.channels", 3);
    film.set("has_audio", false);
    json::Object out;
    out.set("dtype", "video");
    out.set("shape", json::Array{camera.colours.height, camera.colours.width, 3});
    out.set("names", json::Array{"height", "width", "channels"});
    out.set("info", film);
    return out;
}

std::string info(const LeRobotEpisode& episode) {
    const std::string file = "chunk-{chunk_index:03d}/file-{file_index:03d}";
    json::Object splits;
    splits.set("train", "0:1");
    json::Object features;
    for (const LeRobotCamera& camera : episode.cameras)
        features.set(feature_of(camera.name), film_feature(camera, episode.fps));
    features.set("timestamp", feature("float32"));
    for (const char* name : {"frame_index", "episode_index", "index", "task_index"})
        features.set(name, feature("int64"));
    json::Object out;
    out.set("codebase_version", "v3.0");
    out.set("robot_type", json::Value());
    out.set("total_episodes", 1);
    out.set("total_frames", episode.frames);
    out.set("total_tasks", 1);
    out.set("chunks_size", 1000);
    out.set("data_files_size_in_mb", 100);
    out.set("video_files_size_in_mb", 200);
    out.set("fps", episode.fps);
    out.set("splits", splits);
    out.set("data_path", "data/" + file + ".parquet");
    out.set("video_path", "videos/{video_key}/" + file + ".mp4");
    out.set("features", features);
    return json::write_indented(out) + "\n";
}

}  // namespace

std::string lerobot_film(std::string_view camera) {
    return "videos/" + feature_of(camera) + "/" + std::string(kFirstFile) + ".mp4";
}

std::vector<LeRobotFile> lerobot_files(const LeRobotEpisode& episode) {
    const std::string first = std::string(kFirstFile) + ".parquet";
    const Frames frames = frames_of(episode);
    const auto statistics = statistics_of(episode, frames);
    return {{"data/" + first, data_table(episode, frames)},
            {"meta/episodes/" + first, episodes_table(episode, statistics)},
            {"meta/tasks.parquet", tasks_table(episode)},
            {"meta/stats.json", stats(statistics)},
            {"meta/info.json", info(episode)}};
}

}  // namespace st::takes
