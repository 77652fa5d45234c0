#include "streamctl/commands/follow.h"

#include <algorithm>
#include <cstdint>

#include "base/rough_time.h"
#include "base/units.h"
#include "streamctl/commands/capture.h"
#include "streamctl/commands/sentences.h"
#include "streamctl/console/table.h"

namespace st::streamctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kLookEvery = seconds(1);
/// What a camera is asked for that is told nothing else.
constexpr std::uint64_t kDefaultBitrate = 4'000'000;

/// "1:02:03", "0:12"
std::string clock(seconds time) {
    const std::int64_t all = std::max<std::int64_t>(0, time.count());
    const auto two = [](std::int64_t value) {
        return (value < 10 ? "0" : "") + std::to_string(value);
    };
    if (all < 3600) return std::to_string(all / 60) + ":" + two(all % 60);
    return std::to_string(all / 3600) + ":" + two(all / 60 % 60) + ":" + two(all % 60);
}

}  // namespace

std::string progress_line(const control::CameraStatus& camera, seconds elapsed,
                          std::optional<seconds> left) {
    std::string text = camera.name + "  " + clock(elapsed);
    if (left) text += ", " + clock(*left) + " left";
    if (!camera.recording) return text + "  " + std::string(to_text(camera.state));
    const control::RecordingNow& now = *camera.recording;
    // What matters most stands first: a narrow terminal cuts the rest.
    text += "  " + std::to_string(now.missing) + " lost  " + counted(now.pictures, "picture") +
            "  " + fixed(camera.fps_1s, 1) + " fps";
    return now.part > 1 ? text + "  part " + std::to_string(now.part) : text;
}

std::string disk_line(const control::ServerStatus& status) {
    std::string text = "disk: " + human_bytes(status.disk_free_bytes) + " free";
    if (status.disk_seconds_left) {
        const auto left = seconds(static_cast<std::int64_t>(*status.disk_seconds_left));
        text += ", about " + rough_time(left) + " at the present rate";
    }
    return text;
}

std::optional<std::string> disk_trouble(ApiClient& client,
                                        const control::StartParameters& parameters,
                                        std::size_t cameras, std::optional<milliseconds> wanted) {
    const auto status = understood(control::decode_status(client.status()));
    const std::uint64_t bits = parameters.bitrate_bps.value_or(kDefaultBitrate) * cameras;
    const std::uint64_t rate = status.bytes_per_second + bits / 8;
    if (rate == 0 || status.disk_total_bytes == 0) return std::nullopt;
    const auto left = seconds(static_cast<std::int64_t>(status.disk_free_bytes / rate));
    const milliseconds least =
        wanted.value_or(milliseconds(static_cast<std::int64_t>(status.warn_free_ms)));
    if (left > least) return std::nullopt;
    return "the disk has room for about " + rough_time(left) + " (" +
           human_bytes(status.disk_free_bytes) + " at " +
           fixed(static_cast<double>(rate) * 8 / 1e6, 1) + " Mbit/s)";
}

void warn_of_disk(ApiClient& client, const control::StartParameters& parameters,
                  std::size_t cameras, std::optional<milliseconds> duration, Console& console) {
    auto trouble = disk_trouble(client, parameters, cameras, std::nullopt);
    if (!trouble && duration) trouble = disk_trouble(client, parameters, cameras, duration);
    if (trouble) console.trouble(*trouble);
}

int follow(const std::vector<std::string>& sessions, ApiClient& client, Console& console) {
    bool interrupted = false;
    client.on_interrupt([&] { return interrupted = true; });
    const auto begin = Clock::now();
    std::vector<std::string> left = sessions;
    while (!left.empty() && !interrupted) {
        const auto cameras = cameras_by_name(client);
        std::vector<std::string> lines;
        std::vector<std::string> still;
        for (const auto& [name, camera] : cameras) {
            if (!camera.session ||
                std::find(left.begin(), left.end(), *camera.session) == left.end()) {
                continue;
            }
            still.push_back(*camera.session);
            const auto since = std::chrono::duration_cast<seconds>(Clock::now() - begin);
            lines.push_back(progress_line(camera, since, std::nullopt));
        }
        for (const std::string& session : left) {
            if (std::find(still.begin(), still.end(), session) != still.end()) continue;
            const auto recording = understood(control::decode_recording(client.recording(session)));
            const auto camera = cameras.find(recording.camera);
            if (has_rolled_over(recording) && camera != cameras.end() && camera->second.session) {
                still.push_back(*camera->second.session);
                console.note(recording.camera + ": goes on in a new recording, " + still.back());
                continue;
            }
            console.note(recording.camera + ": " + end_sentence(recording));
        }
        left = still;
        console.show_status(lines);
        const auto next = Clock::now() + kLookEvery;
        while (!left.empty() && !interrupted && Clock::now() < next) {
            if (client.connection().wait(next) == Connection::Woke::interrupted) interrupted = true;
        }
    }
    console.show_status({});
    if (!interrupted) return cli::kDone;
    console.note("the cameras go on; streamctl stop ends their recordings");
    return cli::kInterrupted;
}

}  // namespace st::streamctl
