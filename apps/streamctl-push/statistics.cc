#include "streamctl-push/statistics.h"

#include <iostream>
#include <utility>

#include "base/clock.h"
#include "base/units.h"
#include "control/json.h"
#include "json/write.h"
#include "streamctl/console/table.h"

namespace st::streamctl {

PushStatistics::Line PushStatistics::since_last(const PushCamera& camera) {
    Line line;
    line.name = camera.name();
    line.total = {camera.pictures_total(), camera.bytes_total()};
    line.queued_bytes = camera.queued_bytes();
    Count& before = before_[line.name];
    // A camera that was made anew, after its connection was lost, counts from zero.
    if (before.pictures > line.total.pictures) before = {};
    line.last_second = {line.total.pictures - before.pictures, line.total.bytes - before.bytes};
    before = line.total;
    return line;
}

void PushStatistics::show(const Line& line, double seconds) const {
    const double fps = static_cast<double>(line.last_second.pictures) / seconds;
    const double bitrate = static_cast<double>(line.last_second.bytes) * 8 / seconds;
    if (is_json_) {
        json::Object object;
        object.set("time", rfc3339(wall_us()));
        object.set("camera", line.name);
        object.set("cameras", line.cameras);
        object.set("fps_1s", fps);
        object.set("bitrate_1s", static_cast<std::uint64_t>(bitrate));
        object.set("pictures", line.total.pictures);
        object.set("bytes", line.total.bytes);
        object.set("queued_bytes", line.queued_bytes);
        std::cout << json::write(object) << std::endl;
        return;
    }
    std::cerr << line.name << ": ";
    if (line.cameras > 1) std::cerr << line.cameras << " cameras, ";
    std::cerr << fixed(fps, 1) << " pictures/s, " << fixed(bitrate / 1e6, 2) << " Mbit/s, "
              << line.total.pictures << " pictures in all, " << human_bytes(line.queued_bytes)
              << " waiting to be sent" << std::endl;
}

void PushStatistics::print(const std::vector<std::unique_ptr<PushCamera>>& cameras,
                           std::chrono::steady_clock::time_point now) {
    const std::chrono::duration<double> passed = now - std::exchange(at_, now);
    Line sum{"all", 0, {}, {}, 0};
    for (const auto& camera : cameras) {
        const Line line = since_last(*camera);
        if (!camera->is_sending()) continue;
        if (cameras.size() <= kCamerasShownMax) show(line, passed.count());
        ++sum.cameras;
        sum.last_second.pictures += line.last_second.pictures;
        sum.last_second.bytes += line.last_second.bytes;
        sum.total.pictures += line.total.pictures;
        sum.total.bytes += line.total.bytes;
        sum.queued_bytes += line.queued_bytes;
    }
    if (cameras.size() > kCamerasShownMax && sum.cameras > 0) {
        show(sum, passed.count());
    }
}

}  // namespace st::streamctl
