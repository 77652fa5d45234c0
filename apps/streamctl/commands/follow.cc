#include "streamctl/commands/follow.h"

#include <algorithm>
#include <cstdint>

#include "base/rough_time.h"
#include "base/units.h"
#include "streamctl/commands/capture.h"
#include "streamctl/commands/sentences.h"
#include "streamctl/commands/sizes.h"
#include "streamctl/console/table.h"
#include "streamctl/recordings/fetch_line.h"

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
    if (!status.disk_free_bytes) return "disk: its free space is unknown, it does not answer";
    std::string text = "disk: " + human_bytes(*status.disk_free_bytes) + " free";
    if (status.disk_seconds_left) {
        const auto left = seconds(static_cast<std::int64_t>(*status.disk_seconds_left));
        text += ", about " + rough_time(left) + " at the present rate";
    }
    return text;
}

std::optional<std::string> disk_trouble(ApiClient& client,
                                        const control::StartParameters& parameters,
                                        std::size_t cameras, std::optional<milliseconds> wanted) {
    const auto status = understood(control::decode_status(client.ask("server.status")));
    const std::uint64_t bits = parameters.bitrate_bps.value_or(kDefaultBitrate) * cameras;
    const std::uint64_t rate = status.bytes_per_second + bits / 8;
    const auto left_s = control::disk_seconds_left(status.disk_free_bytes, rate);
    if (!left_s) return std::nullopt;
    const auto left = seconds(static_cast<std::int64_t>(*left_s));
    const milliseconds least =
        wanted.value_or(milliseconds(static_cast<std::int64_t>(status.warn_free_ms)));
    if (left > least) return std::nullopt;
    return "the disk has room for about " + rough_time(left) + " (" +
           human_bytes(*status.disk_free_bytes) + " at " +
           fixed(static_cast<double>(rate) * 8 / 1e6, 1) + " Mbit/s)";
}

void warn_of_disk(ApiClient& client, const control::StartParameters& parameters,
                  std::size_t cameras, std::optional<milliseconds> duration, Console& console) {
    auto trouble = disk_trouble(client, parameters, cameras, std::nullopt);
    if (!trouble && duration) trouble = disk_trouble(client, parameters, cameras, duration);
    if (trouble) console.trouble(*trouble);
}

void WatchedCamera::drop_out(const std::string& why, Console& console) {
    if (absence_.begin()) console.trouble(camera_ + ": " + why);
}

StatusLine WatchedCamera::progress(const control::CameraStatus* status, seconds elapsed,
                                   std::optional<seconds> left) const {
    if (status == nullptr || is_away())
        return {camera_ + "  away: recording goes on when it is back", true};
    const bool has_lost = status->recording && status->recording->missing > 0;
    return {progress_line(*status, elapsed, left), has_lost};
}

std::optional<WatchedCamera::Over> WatchedCamera::look(const control::CameraStatus* status,
                                                       ApiClient& client, SizeWatch& sizes,
                                                       Console& console) {
    const Course course = course_of(sessions_.back(), status, client);
    for (const Step& step : course.steps) {
        sessions_.push_back(step.session);
        absence_.end();
        dropped_out_ = dropped_out_ || has_gap(step);
        const std::string said = camera_ + ": " + sentence(step);
        has_gap(step) ? console.trouble(said) : console.note(said);
    }
    switch (course.now) {
        case Course::Now::recording:
            if (absence_.end()) console.note(camera_ + ": is back, and goes on with its recording");
            sizes.look(*status);
            break;
        case Course::Now::ending:
            break;
        case Course::Now::away:
            if (absence_.is_for_good(status, Clock::now())) {
                dropped_out_ = true;
                return Over{Absence::kForGood};
            }
            drop_out(kConnectionLost, console);
            break;
        case Course::Now::no_room:
            drop_out(course.why + kWaitsForRoom, console);
            break;
        case Course::Now::over:
            return Over{course.why, course.is_failure};
    }
    return std::nullopt;
}

namespace {

/// Recordings that are watched until they are over.
class Follow {
 public:
    Follow(std::vector<WatchedCamera> started, const Options& options, ApiClient& client,
           Console& console)
        : options_(options),
          left_(std::move(started)),
          sizes_(options.start.parameters, console, true),
          client_(client),
          console_(console) {}
    ~Follow() { client_.on_interrupt({}); }
    Follow(const Follow&) = delete;
    Follow& operator=(const Follow&) = delete;

    int run();

 private:
    void look();
    void say_what_goes_on();

    const Options& options_;
    std::vector<WatchedCamera> left_;
    SizeWatch sizes_;
    ApiClient& client_;
    Console& console_;
    const Clock::time_point begin_ = Clock::now();
    bool dropped_out_ = false;
    bool has_failed_ = false;
    bool interrupted_ = false;
};

void Follow::look() {
    const auto cameras = cameras_by_name(client_);
    const auto since = std::chrono::duration_cast<seconds>(Clock::now() - begin_);
    std::vector<StatusLine> lines;
    std::erase_if(left_, [&](WatchedCamera& one) {
        const auto found = cameras.find(one.camera());
        const auto* status = found == cameras.end() ? nullptr : &found->second;
        const auto over = one.look(status, client_, sizes_, console_);
        dropped_out_ = dropped_out_ || one.dropped_out();
        if (over) {
            const std::string said = one.camera() + ": " + over->why;
            over->is_failure ? console_.trouble(said) : console_.note(said);
            has_failed_ = has_failed_ || over->is_failure;
        } else {
            lines.push_back(one.progress(status, since, std::nullopt));
        }
        return over.has_value();
    });
    console_.show_status(std::move(lines));
}

void Follow::say_what_goes_on() {
    std::vector<std::string> own;
    for (const WatchedCamera& one : left_) {
        if (one.is_own()) own.push_back(one.camera());
    }
    console_.note(own.empty() ? "the cameras keep recording"
                              : "the cameras keep recording until: " + stop_line(options_, own));
}

int Follow::run() {
    client_.on_interrupt([this] { return interrupted_ = true; });
    while (!left_.empty() && !interrupted_) {
        look();
        const auto next = Clock::now() + kLookEvery;
        while (!left_.empty() && !interrupted_ && Clock::now() < next) {
            if (client_.connection().wait(next) == Connection::Woke::interrupted)
                interrupted_ = true;
        }
    }
    console_.show_status({});
    if (interrupted_) {
        say_what_goes_on();
        return cli::kInterrupted;
    }
    if (has_failed_) return cli::kRefused;
    return dropped_out_ ? cli::kDamaged : cli::kDone;
}

}  // namespace

int follow(std::vector<WatchedCamera> started, const Options& options, ApiClient& client,
           Console& console) {
    return Follow(std::move(started), options, client, console).run();
}

}  // namespace st::streamctl
