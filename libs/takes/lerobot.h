#pragma once
/// A dataset of LeRobot, version 3.0, of one episode: all but its films. Pure.
/// huggingface.co/docs/lerobot/lerobot-dataset-v3, and the loader itself, src/lerobot/datasets of
/// github.com/huggingface/lerobot. The index of tasks.parquet is that of a pandas DataFrame
/// (pandas.pydata.org/docs/development/developer.html).
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "media/movie_facts.h"

namespace st::takes {

struct LeRobotCamera {
    std::string name;
    media::Colours colours;  ///< of its film
};

struct LeRobotEpisode {
    std::string task;  ///< what is done, in words
    unsigned fps = 0;
    std::size_t frames = 0;  ///< of every camera
    std::vector<LeRobotCamera> cameras;
    std::string_view library;  ///< see ParquetTable::file()
};

struct LeRobotFile {
    std::string path;  ///< below the dataset's folder
    std::string bytes;
};

/// Where the film of a camera belongs: H.264, yuv420p, without sound.
std::string lerobot_film(std::string_view camera);

std::vector<LeRobotFile> lerobot_files(const LeRobotEpisode& episode);

}  // namespace st::takes
