#pragma once
/// What the cameras of a push sent in the last second: lines for people, or JSON. On their loop's
/// thread only.
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "streamctl-push/camera.h"

namespace st::streamctl {

class PushStatistics {
 public:
    /// More cameras than that are told of in one line.
    static constexpr std::size_t kCamerasShownMax = 8;

    PushStatistics(bool is_json, std::chrono::steady_clock::time_point now)
        : is_json_(is_json), at_(now) {}

    /// Prints what happened since the last call: to stdout as JSON, one object a line, else to
    /// stderr. Nothing of cameras that are not sending.
    void print(const std::vector<std::unique_ptr<PushCamera>>& cameras,
               std::chrono::steady_clock::time_point now);

 private:
    struct Count {
        std::uint64_t pictures = 0;
        std::uint64_t bytes = 0;
    };
    struct Line {
        std::string name;
        std::size_t cameras = 1;
        Count last_second;
        Count total;
        std::size_t queued_bytes = 0;
    };

    Line since_last(const PushCamera& camera);
    void show(const Line& line, double seconds) const;

    const bool is_json_;
    std::map<std::string, Count> before_;  ///< by the camera's name
    std::chrono::steady_clock::time_point at_;
};

}  // namespace st::streamctl
