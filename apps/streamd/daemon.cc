#include "streamd/daemon.h"

#include <Poco/Exception.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <thread>

#include "api/archive_routes.h"
#include "cli/exit_codes.h"
#include "cli/qr.h"
#include "cli/terminal.h"
#include "control/page_url.h"
#include "live/snapshots.h"
#include "loop/event_loop.h"
#include "server/server.h"
#include "streamd/address_watch.h"
#include "streamd/exit_deadline.h"
#include "streamd/local_access.h"
#include "streamd/log_sink.h"
#include "streamd/reload.h"
#include "streamd/server_setup.h"
#include "streamd/shutdown_words.h"
#include "streamd/watchdog.h"
#include "worker/pool.h"
#include "worker/program.h"

namespace st::streamd {
namespace {

/// How long the recordings may take to be finished after the first SIGTERM; below systemd's 90 s.
constexpr std::chrono::seconds kShutdownPatience{25};
/// How long all of the end may take; with the log's time it is below 30 s.
constexpr std::chrono::seconds kExitPatience{28};
constexpr std::chrono::seconds kLogPatience{1};
static_assert(kShutdownPatience + server::Server::kOvertime < kExitPatience);
constexpr int kHelperNice = 10;  ///< recording comes first
/// With fewer than these an installation may run into a limit that it did not choose.
constexpr std::uint64_t kConnectionsEnough = 256;

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

/// Fewer descriptors than `limits.connections` may need are news for who asked for so many, and for
/// everybody where they are few.
void raise_descriptors(const Config& config, const Log& log) {
    const std::uint64_t wanted = descriptors_for(config.limits.connections);
    const std::uint64_t have = raise_descriptor_limit(wanted);
    const bool is_default = config.limits.connections == LimitsConfig{}.connections;
    if (have >= wanted || (is_default && connections_for(have) >= kConnectionsEnough)) return;
    log.warning("descriptors: limits.connections " + std::to_string(config.limits.connections) +
                " may need " + std::to_string(wanted) + ", the limit is " + std::to_string(have) +
                ": at most " + std::to_string(connections_for(have)) +
                " connections; raise the limit (LimitNOFILE=, ulimit -n)");
}

worker::PoolOptions helper_options(unsigned finalisers) {
    worker::PoolOptions options;
    options.command = {worker::helper_program("streamd-media"), "serve"};
    options.helpers_max = finalisers + live::Snapshots::kThreads + api::ArchiveRoutes::kThreads;
    options.nice = kHelperNice;
    return options;
}

/// Everything between the first SIGTERM and the end.
class Shutdown {
 public:
    /// `queued_bytes`: set to what is not written when the recordings have been given their time.
    Shutdown(server::Server& server, loop::EventLoop& control, ExitDeadline& exit_deadline,
             std::atomic<std::uint64_t>& queued_bytes, const Log& log)
        : server_(server),
          control_(control),
          exit_deadline_(exit_deadline),
          queued_bytes_(queued_bytes),
          log_(log) {}
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
        const std::int64_t now_ns = monotonic_ns();
        exit_deadline_.set(now_ns + std::chrono::nanoseconds(kExitPatience).count());
        thread_ = std::thread([this, now_ns] {
            const std::int64_t deadline =
                now_ns + std::chrono::nanoseconds(kShutdownPatience).count();
            const auto left = server_.shut_down(deadline);
            queued_bytes_ = left.queued_bytes;
            const std::string words = words_of_left(left.recordings, left.queued_bytes);
            if (!words.empty()) log_.warning(words);
            control_.stop();
        });
    }

 private:
    server::Server& server_;
    loop::EventLoop& control_;
    ExitDeadline& exit_deadline_;
    std::atomic<std::uint64_t>& queued_bytes_;
    const Log& log_;
    std::thread thread_;
};

/// Without TLS where there is such a port: who does not trust us yet could not come otherwise. A
/// phone needs an address that is not this machine's own.
std::string authority_url(const server::Server& server) {
    std::string best;
    int best_rank = -1;
    for (const std::string& url : server.camera_urls()) {
        const bool is_plain = url.starts_with("ws://");
        const bool is_far = url.find("//127.") == std::string::npos;
        const int rank = (is_plain ? 2 : 0) + (is_far ? 1 : 0);
        if (rank <= best_rank) continue;
        best_rank = rank;
        const std::size_t host = url.find("//");
        best = (is_plain ? "http:" : "https:") + url.substr(host, url.find('/', host + 2) - host);
    }
    return best + "/ca";
}

/// For phones, whose browsers give a page the camera over https only.
void announce_camera_page(const server::Server& server, const Log& log) {
    const std::string base = control::page_base(server.camera_urls(), true);
    if (base.empty()) return;
    log.info("a phone becomes a camera at " + base + "camera");
    if (cli::is_terminal(STDERR_FILENO)) std::cerr << cli::qr_code(base + "camera");
}

void announce(const server::Server& server, const server::Options& options, const Log& log) {
    for (const std::string& url : server.camera_urls()) log.info("cameras connect to " + url);
    if (const auto rtmp = server.ports().rtmp) {
        log.info("streams by RTMP: rtmp://HOST:" + std::to_string(*rtmp) + "/APP/NAME");
    }
    log.info("recordings go to " + server.recordings_path());
    if (options.tls) {
        log.info("certificate: " + options.tls->description());
        for (const std::string& warning : options.tls->warnings()) log.warning(warning);
    }
    if (options.authority) {
        log.info("phones trust this server with the authority of " + authority_url(server) +
                 ", SHA-256 " + options.authority->fingerprint);
    }
    announce_camera_page(server, log);
    for (const auth::Role role :
         {auth::Role::camera, auth::Role::publish, auth::Role::play, auth::Role::control}) {
        log.info(auth::describe(options.policy, role));
    }
}

}  // namespace

void block_signals() {
    const sigset_t set = daemon_signals();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGCHLD, SIG_DFL);  // inherited as ignored, it would hide how children end
    ::signal(SIGXFSZ, SIG_IGN);  // a full quota is an error of write(), not our end
}

int run_daemon(const DaemonSetup& setup, Background* background) {
    const Config& config = setup.loaded.config;
    const auto sink = make_log_sink(config.log, background != nullptr);
    const Log log(sink);
    log.info("streamd " ST_VERSION);
    for (const std::string& warning : setup.loaded.warnings) log.warning(warning);
    raise_descriptors(config, log);
    // What is on the disk by then is whole, as after kill -9; the next start goes on from there.
    std::atomic<std::uint64_t> queued_bytes{0};
    ExitDeadline exit_deadline([&log, &sink, &queued_bytes] {
        log.error(words_of_exit(queued_bytes));
        sink->flush(kLogPatience);
        ::_exit(cli::kIoFailed);
    });
    loop::EventLoop control;
    const Certificates certificates = certificates_at_start(config);
    for (const std::string& note : certificates.notes) log.info(note);
    auto made = server_setup(config, certificates);
    LocalAccess local;
    made.options.policy.local_token = local.token_digest();
    const server::Options options = made.options;
    Reload reload(setup.sources, setup.loaded, options, *sink, log, control);
    made.configuration.list = [&reload] { return reload.entries(); };
    made.configuration.reload = [&reload](const std::string& by,
                                          const api::Configuration::ReloadDone& done) {
        reload.run(by, done);
    };
    worker::Pool helpers(helper_options(made.recorder.finalisers), log);
    made.recorder.run_job = [&helpers](const worker::Job& job) { return helpers.run(job); };
    server::Server server(std::move(made), log, control);
    const Reload::Attached attached(reload, server);
    Shutdown shutdown(server, control, exit_deadline, queued_bytes, log);
    const Signals signals(control, [&](int signal) {
        if (signal == SIGUSR1) return;
        if (signal != SIGHUP) return shutdown.on_signal();
        reload.run("SIGHUP", [](const auto&) {});  // the log says what came of it
    });
    std::optional<AddressWatch> addresses;
    if (config.tls.is_auto) addresses.emplace(control, [&reload] { reload.renew_certificate(); });
    local.open(server, config.control_socket, log);
    server.start();
    announce(server, options, log);
    if (!setup.ports_file.empty()) {
        replace_file(setup.ports_file, ports_json(server.ports()) + "\n");
    }
    notify_service_manager("READY=1\nSTATUS=serving");
    std::optional<Watchdog> watchdog;
    if (const auto interval = watchdog_interval()) {
        watchdog.emplace(
            control, *interval, [&server](const auto& done) { server.ask_loops(done); },
            [] { notify_service_manager("WATCHDOG=1"); });
    }
    if (background != nullptr) background->ready();
    control.run([&log](std::string_view what) {
        log.error("a control task failed: " + std::string(what));
    });
    log.info("stopped");
    return cli::kDone;
}

}  // namespace st::streamd
