/// The load of ./dev bench ingest: many cameras in one process, precisely paced, each playing the
/// same H.264 file from another key frame on. Says on stdout, one JSON object a line, when all are
/// connected, what a window of streaming cost the server, and how many pictures each camera sent.
///
///     load_ingest --port N --clip FILE --server-pid PID [--cameras 200] [--fps 30]
///                 [--warmup 2] [--window 8] [--autostart]
///
/// Cameras wait for start_capture and stream until stop_capture. With --autostart (for a server
/// that knows no commands) they start when all are connected and stop after the window. The
/// connections stay open until stdin ends.
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "base/clock.h"
#include "load_camera.h"
#include "load_clip.h"
#include "load_probe.h"

namespace st::bench {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr ws::MaskKey kKey{0x5A, 0xC3, 0x17, 0x8E};
constexpr int kLaggingBytes = 64 * 1024;

struct Options {
    int port = 0;
    std::string clip;
    int server_pid = 0;
    int cameras = 200;
    double fps = 30;
    double warmup_s = 2;
    double window_s = 8;
    bool autostart = false;
};

class Load {
 public:
    explicit Load(Options options)
        : options_(std::move(options)), clip_(read_clip(options_.clip, kKey)) {
        epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
        if (!epoll_) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    }

    void run() {
        const long rss_before = usage().rss_kb;
        connect_all();
        until([this] { return all(&Camera::is_connected); }, "all cameras to be connected", 60);
        std::printf(
            "{\"event\":\"connected\",\"cameras\":%zu,\"rss_kb_before\":%ld,\"rss_kb\":%ld}\n",
            cameras_.size(), rss_before, usage().rss_kb);
        std::fflush(stdout);
        if (options_.autostart) {
            for (auto& camera : cameras_) camera->start_unasked();
        }
        until([this] { return all(&Camera::is_streaming); }, "all cameras to be started", 120);
        begin_pacing();
        stream_for(options_.warmup_s);
        measure();
        if (options_.autostart) {
            for (auto& camera : cameras_) camera->stop();
        } else {
            until([this] { return all(&Camera::was_stopped); }, "all cameras to be stopped", 300);
        }
        until([this] { return none(&Camera::wants_to_write); }, "everything to be sent", 60);
        report_pictures();
        until([] { return stdin_ended(); }, "stdin to end", 3600);
        for (auto& camera : cameras_) camera->send_close();
    }

 private:
    using Question = bool (Camera::*)() const;

    bool all(Question question) const {
        return std::all_of(cameras_.begin(), cameras_.end(),
                           [question](const auto& camera) { return ((*camera).*question)(); });
    }
    bool none(Question question) const {
        return std::none_of(cameras_.begin(), cameras_.end(),
                            [question](const auto& camera) { return ((*camera).*question)(); });
    }
    Usage usage() const { return usage_of(options_.server_pid); }

    void connect_all() {
        for (int i = 0; i < options_.cameras; ++i) {
            cameras_.push_back(std::make_unique<Camera>(
                i, static_cast<std::uint16_t>(options_.port), clip_, kKey));
            epoll_event event{};
            event.events = EPOLLIN | EPOLLOUT | EPOLLET;
            event.data.ptr = cameras_.back().get();
            if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, cameras_.back()->fd(), &event) < 0) {
                throw std::system_error(errno, std::generic_category(), "epoll_ctl");
            }
        }
    }

    /// Handles what the sockets say until `deadline_ns`, or one batch of it.
    void handle_events(std::int64_t deadline_ns) {
        const std::int64_t wait_ns = std::max<std::int64_t>(0, deadline_ns - monotonic_ns());
        const timespec wait{wait_ns / kSecond, wait_ns % kSecond};
        std::array<epoll_event, 256> events{};
        const int count =
            ::epoll_pwait2(epoll_.get(), events.data(), events.size(), &wait, nullptr);
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            auto* camera = static_cast<Camera*>(event.data.ptr);
            if ((event.events & EPOLLOUT) != 0) camera->flush();
            if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) camera->on_readable();
        }
    }

    /// Sends every picture that is due, then handles events until the next one is.
    void turn() {
        const std::int64_t now = monotonic_ns();
        std::int64_t due = now + kSecond / 100;
        while (pace_start_ns_ != 0) {
            const double slots_per_s = options_.fps * static_cast<double>(cameras_.size());
            due = pace_start_ns_ +
                  static_cast<std::int64_t>(static_cast<double>(slot_) / slots_per_s *
                                            static_cast<double>(kSecond));
            if (due > now) break;
            late_max_ns_ = std::max(late_max_ns_, now - due);
            cameras_[slot_ % cameras_.size()]->send_picture(
                static_cast<std::uint64_t>(due / 1'000'000));
            ++slot_;
        }
        handle_events(due);
    }

    template <class Condition>
    void until(Condition condition, const char* what, int patience_s) {
        const std::int64_t deadline = monotonic_ns() + patience_s * kSecond;
        while (!condition()) {
            if (monotonic_ns() > deadline) {
                throw std::runtime_error(std::string("waited in vain for ") + what);
            }
            turn();
        }
    }

    void begin_pacing() { pace_start_ns_ = monotonic_ns(); }

    void stream_for(double seconds) {
        const std::int64_t end = monotonic_ns() + static_cast<std::int64_t>(seconds * 1e9);
        while (monotonic_ns() < end) turn();
    }

    struct Sent {
        std::uint64_t pictures = 0;
        std::uint64_t bytes = 0;
    };
    Sent sent() const {
        Sent sum;
        for (const auto& camera : cameras_) {
            sum.pictures += camera->pictures();
            sum.bytes += camera->wire_bytes();
        }
        return sum;
    }

    void measure() {
        late_max_ns_ = 0;
        const Sent sent_before = sent();
        const Usage before = usage();
        const std::int64_t start = monotonic_ns();
        stream_for(options_.window_s);
        const Usage after = usage();
        const double seconds = static_cast<double>(monotonic_ns() - start) / 1e9;
        const Sent sent_after = sent();
        const double gigabytes = static_cast<double>(sent_after.bytes - sent_before.bytes) / 1e9;
        const auto lagging =
            std::count_if(cameras_.begin(), cameras_.end(), [](const auto& camera) {
                return camera->queued_bytes() > 0 || camera->kernel_queued_bytes() > kLaggingBytes;
            });
        const double cpu_s = after.cpu_s() - before.cpu_s();
        std::printf(
            "{\"event\":\"measured\",\"window_s\":%.3f,\"pictures\":%llu,\"gigabytes\":%.4f,"
            "\"mbit_per_camera\":%.3f,\"cpu_s\":%.2f,\"user_s\":%.2f,\"cpu_s_per_gb\":%.3f,"
            "\"lagging\":%td,\"late_max_ms\":%.1f,\"rss_kb\":%ld}\n",
            seconds, static_cast<unsigned long long>(sent_after.pictures - sent_before.pictures),
            gigabytes, gigabytes * 8000 / seconds / static_cast<double>(cameras_.size()), cpu_s,
            after.user_s - before.user_s, cpu_s / gigabytes, lagging,
            static_cast<double>(late_max_ns_) / 1e6, after.rss_kb);
        std::fflush(stdout);
    }

    void report_pictures() const {
        std::printf("{\"event\":\"stopped\",\"pictures\":{");
        for (const auto& camera : cameras_) {
            std::printf("%s\"%s\":%llu", camera == cameras_.front() ? "" : ",",
                        camera->name().c_str(),
                        static_cast<unsigned long long>(camera->pictures()));
        }
        std::printf("}}\n");
        std::fflush(stdout);
    }

    static bool stdin_ended() {
        pollfd in{STDIN_FILENO, POLLIN, 0};
        if (::poll(&in, 1, 0) <= 0) return false;
        std::array<char, 64> dropped{};
        return ::read(STDIN_FILENO, dropped.data(), dropped.size()) <= 0;
    }

    Options options_;
    Clip clip_;
    Fd epoll_;
    std::vector<std::unique_ptr<Camera>> cameras_;
    std::int64_t pace_start_ns_ = 0;  ///< 0: not yet
    std::size_t slot_ = 0;            ///< the next picture: of camera slot_ % cameras
    std::int64_t late_max_ns_ = 0;
};

Options read_options(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        if (name == "--autostart") {
            options.autostart = true;
            continue;
        }
        if (i + 1 == argc) throw std::invalid_argument(name + " needs a value");
        const std::string value = argv[++i];
        if (name == "--port") {
            options.port = std::stoi(value);
        } else if (name == "--clip") {
            options.clip = value;
        } else if (name == "--server-pid") {
            options.server_pid = std::stoi(value);
        } else if (name == "--cameras") {
            options.cameras = std::stoi(value);
        } else if (name == "--fps") {
            options.fps = std::stod(value);
        } else if (name == "--warmup") {
            options.warmup_s = std::stod(value);
        } else if (name == "--window") {
            options.window_s = std::stod(value);
        } else {
            throw std::invalid_argument("unknown option " + name);
        }
    }
    if (options.port == 0 || options.clip.empty() || options.server_pid == 0) {
        throw std::invalid_argument("--port, --clip and --server-pid are needed");
    }
    return options;
}

}  // namespace
}  // namespace st::bench

int main(int argc, char** argv) {
    try {
        st::bench::Load(st::bench::read_options(argc, argv)).run();
        return 0;
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "load_ingest: %s\n", error.what());
        return 64;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "load_ingest: %s\n", error.what());
        return 1;
    }
}
