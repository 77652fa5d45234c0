#include "streamd/daemon.h"

#include <Poco/Exception.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <thread>

#include "auth/access.h"
#include "base/units.h"
#include "base/url.h"
#include "cli/exit_codes.h"
#include "loop/event_loop.h"
#include "server/server.h"
#include "streamd/log_sink.h"

namespace st::streamd {
namespace {

/// How long the recordings may take to be finished after the first SIGTERM; below systemd's 90 s.
constexpr std::chrono::seconds kShutdownPatience{80};
/// Descriptors besides one per connection: listeners, loops, dumps of cameras, finalisers.
constexpr std::uint64_t kSpareDescriptors = 256;

sigset_t daemon_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&set, signal);
    return set;
}

class Signals final : public loop::Pollable {
 public:
    Signals(loop::EventLoop& loop, std::function<void(int)> on_signal)
        : loop_(loop), on_signal_(std::move(on_signal)) {
        const sigset_t set = daemon_signals();
        fd_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
        if (!fd_) throw std::runtime_error("signalfd failed");
        loop_.add(fd_.get(), *this, EPOLLIN);
    }
    ~Signals() override { loop_.remove(fd_.get(), *this); }

 private:
    void on_ready(std::uint32_t) override {
        signalfd_siginfo info{};
        while (::read(fd_.get(), &info, sizeof info) == sizeof info) {
            on_signal_(static_cast<int>(info.ssi_signo));
        }
    }

    loop::EventLoop& loop_;
    std::function<void(int)> on_signal_;
    Fd fd_;
};

auth::Mode to_mode(Access access, const char* role) {
    switch (access) {
        case Access::open:
            return auth::Mode::open;
        case Access::loopback:
            return auth::Mode::loopback;
        case Access::token:
        case Access::signed_url:
            break;
    }
    throw BadConfig(std::string("auth.") + role + ": this version knows open and loopback only");
}

server::Options server_options(const Config& config) {
    server::Options options;
    options.camera.ping_interval = config.camera.ping_interval;
    options.camera.ping_timeout = config.camera.ping_timeout;
    options.camera.takeover_after = config.camera.takeover_after;
    options.camera.stop_timeout = config.camera.stop_timeout;
    if (const auto& start = config.camera.auto_start) {
        camera::StartParameters parameters;
        if (start->width > 0) parameters.resolution = {start->width, start->height};
        if (start->aspect_width > 0)
            parameters.aspect = {start->aspect_width, start->aspect_height};
        parameters.bitrate_bps = start->bitrate_bps;
        parameters.fps = start->fps;
        options.camera.auto_start = parameters;
    }
    for (const CameraRule& rule : config.cameras) {
        server::NameRule made{std::nullopt, rule.model, rule.name};
        if (!rule.address.empty()) {
            auto range = auth::parse_range(rule.address);
            if (!range) throw BadConfig("cameras: " + range.error().message);
            made.address = *range;
        }
        options.name_rules.push_back(std::move(made));
    }
    options.limits.frame_bytes = config.limits.frame_bytes;
    options.limits.connections = config.limits.connections;
    options.limits.connections_per_address = config.limits.connections_per_address;
    options.limits.cameras = config.limits.cameras;
    options.policy.of(auth::Role::camera).mode = to_mode(config.auth.camera, "camera");
    options.policy.of(auth::Role::control).mode = to_mode(config.auth.control, "control");
    for (const std::string& proxy : config.auth.trusted_proxies) {
        auto range = auth::parse_range(proxy);
        if (!range) throw BadConfig("auth.trusted_proxies: " + range.error().message);
        options.policy.trusted_proxies.push_back(*range);
    }
    options.policy.hosts = config.web_hosts;
    options.max_session = config.recording.max_session;
    options.recordings_path = config.recording.path;
    return options;
}

/// The cores this process may run on: fewer than the machine has under taskset or in a container.
unsigned usable_cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return std::max(1U, static_cast<unsigned>(CPU_COUNT(&set)));
}

record::Options recorder_options(const Config& config) {
    record::Options options;
    const KeepConfig& keep = config.recording.keep;
    options.keep = {keep.dump, keep.mp4, keep.thumbnail, keep.h264};
    options.timing = static_cast<record::Timing>(config.recording.timing);
    options.sync_interval = config.recording.sync;
    options.buffer_bytes = config.recording.buffer_bytes;
    options.writers = std::min(2U, usable_cores());
    options.worker = {"/proc/self/exe", "--worker"};
    return options;
}
static_assert(static_cast<int>(Timing::constant) == static_cast<int>(record::Timing::constant));

/// What server.config shows: all but the secrets.
std::vector<control::ConfigEntry> shown(const std::vector<cli::Layers::Entry>& entries) {
    std::vector<control::ConfigEntry> out;
    for (const cli::Layers::Entry& entry : entries) {
        const bool is_secret = entry.path.ends_with(".secret") || entry.path.ends_with(".sha256");
        const bool is_set = is_secret && entry.value != "\"\"";
        // A source's URL may carry a camera's password.
        const std::string value =
            entry.path.starts_with("sources[") ? without_passwords(entry.value) : entry.value;
        out.push_back({entry.path, is_set ? "\"(hidden)\"" : value, entry.source});
    }
    return out;
}

server::Server::Setup server_setup(const Config& config) {
    server::Server::Setup setup;
    setup.options = server_options(config);
    setup.recorder = recorder_options(config);
    for (const ListenerConfig& listener : config.listeners) {
        if (listener.tls) throw BadConfig("listeners: this version has no TLS");
        setup.listen.push_back({listener.address, listener.port, listener.default_stream});
    }
    setup.threads = config.threads > 0 ? config.threads : usable_cores();
    setup.version = ST_VERSION;
    setup.started_us = wall_us();
    for (const SourceConfig& source : config.sources) {
        setup.sources.push_back(
            {source.path,
             source.command,
             source.url,
             {source.shutdown_timeout, source.crash_threshold, source.crash_window}});
    }
    setup.source_worker = {"/proc/self/exe", "--worker", "input"};
    return setup;
}

void check_descriptors(const Config& config, const Log& log) {
    // Every connection may be a camera that records: its socket and its dump.
    const std::uint64_t wanted = 2ULL * config.limits.connections + kSpareDescriptors;
    const std::uint64_t have = raise_descriptor_limit(wanted);
    if (have < wanted) {
        log.warning("descriptors: limit is " + std::to_string(have) + ", limits.connections " +
                    std::to_string(config.limits.connections) + " may need " +
                    std::to_string(wanted) + "; raise it (LimitNOFILE=, ulimit -n) or lower " +
                    "limits.connections");
    }
}

/// Everything between the first SIGTERM and the end.
class Shutdown {
 public:
    Shutdown(server::Server& server, loop::EventLoop& control, const Log& log)
        : server_(server), control_(control), log_(log) {}
    ~Shutdown() {
        if (thread_.joinable()) thread_.join();
    }

    void on_signal() {
        if (thread_.joinable()) {
            log_.warning("signal again: conversions are left to the next start");
            return server_.hurry();
        }
        log_.info("shutting down: finishing recordings");
        notify_service_manager("STOPPING=1");
        thread_ = std::thread([this] {
            const std::int64_t deadline =
                monotonic_ns() + std::chrono::nanoseconds(kShutdownPatience).count();
            const std::size_t left = server_.shut_down(deadline);
            if (left > 0) {
                log_.warning(std::to_string(left) +
                             " recordings are complete on disk; the next start makes their MP4s");
            }
            control_.stop();
        });
    }

 private:
    server::Server& server_;
    loop::EventLoop& control_;
    const Log& log_;
    std::thread thread_;
};

void announce(const server::Server& server, const Config& config, const Log& log) {
    for (const std::string& url : server.camera_urls()) log.info("cameras connect to " + url);
    log.info("recordings go to " + server.recordings_path());
    const server::Options options = server_options(config);
    for (const auth::Role role : {auth::Role::camera, auth::Role::control}) {
        log.info(auth::describe(options.policy, role));
    }
}

}  // namespace

void block_signals() {
    const sigset_t set = daemon_signals();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);  // a full quota is an error of write(), not our end
}

int run_daemon(const DaemonSetup& setup, Background* background) {
    const Log log(make_log_sink(setup.config.log));
    log.info("streamd " ST_VERSION);
    for (const std::string& warning : setup.warnings) log.warning(warning);
    check_descriptors(setup.config, log);

    loop::EventLoop control;
    auto made = server_setup(setup.config);
    made.configuration.list = [&setup] { return shown(setup.entries); };
    server::Server server(std::move(made), log, control);
    Shutdown shutdown(server, control, log);
    const Signals signals(control, [&](int signal) {
        if (signal == SIGHUP)
            return log.warning("SIGHUP: nothing to reload; restart to reconfigure");
        if (signal == SIGUSR1) return;
        shutdown.on_signal();
    });
    server.start();
    announce(server, setup.config, log);
    if (!setup.ports_file.empty()) {
        replace_file(setup.ports_file,
                     "{\"http\":" + std::to_string(server.ports().front()) + "}\n");
    }
    notify_service_manager("READY=1\nSTATUS=serving");
    if (background != nullptr) background->ready();
    control.run([&log](std::string_view what) {
        log.error("a control task failed: " + std::string(what));
    });
    log.info("stopped");
    return cli::kDone;
}

}  // namespace st::streamd
