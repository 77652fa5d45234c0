#pragma once
/// The server: listeners, network loops, the parts the connections share, the recorder.
/// Constructed and destroyed on the thread that runs the control loop.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/configuration.h"
#include "base/log.h"
#include "httpd/net_loop.h"
#include "httpd/static_folders.h"
#include "live/source.h"
#include "record/recorder.h"
#include "server/listeners.h"
#include "server/options.h"

namespace st::server {

class Server {
 public:
    struct Setup {
        Options options;
        record::Options recorder;
        std::vector<ListenAddress> listen;
        unsigned threads = 1;  ///< network loops
        std::string version;
        std::int64_t started_us = 0;
        api::Configuration configuration;
        std::vector<live::SourceOptions> sources;
        std::vector<std::string> source_worker;  ///< see live::Source
        std::string pages_folder;                ///< see httpd::Pages
        std::vector<httpd::StaticFolder> static_folders;
    };

    /// Binds everything, opens the recordings folder and begins to finish what an earlier run left.
    /// Throws std::runtime_error with a text for the user: what is wrong, and the next step.
    Server(Setup setup, Log log, loop::EventLoop& control);
    /// Waits for as long as a task waits for its disk, also for one that shut_down() went on
    /// without.
    ~Server();

    /// Listens on a Unix socket too: who may open it has the roles that are `local`. Before
    /// start(). Throws std::runtime_error with a text for the user.
    void open_control_socket(const std::string& path, mode_t mode);
    /// Accepts connections from now on.
    void start();

    Ports ports() const;
    /// What a camera can be pointed at, one per interface address, e.g.
    /// ws://192.168.1.4:50001/ingest/NAME.
    std::vector<std::string> camera_urls() const;
    const std::string& recordings_path() const;

    /// Makes what those options need and is not there yet, for reconfigure(). One thread at a time,
    /// which may block. Throws std::runtime_error or std::system_error: then they cannot be had.
    void prepare(const Options& next);
    /// Puts other options in force, as a reload does. `what`, and who asked for
    /// it (`by`), are told in the event server.reloaded.
    /// The control loop's thread.
    void reconfigure(Options next, const control::ReloadReply& what, const std::string& by);

    /// For connections to come. Any thread.
    void use_certificate(loop::TlsContextPtr tls, api::AuthorityPtr authority);

    /// Calls `done` on the control loop once each network loop has had a turn: they live. Any
    /// thread.
    void ask_loops(const std::function<void()>& done);

    /// What shut_down() went on without.
    struct Left {
        std::size_t recordings = 0;      ///< to be finished by the next start
        std::uint64_t queued_bytes = 0;  ///< received, and not written yet; written while this ends
    };
    /// What shut_down() may take beyond its deadline.
    static constexpr std::chrono::milliseconds kOvertime{2'500};
    /// Stops accepting, ends all sessions and closes all connections; then finishes the recordings,
    /// at the latest at `deadline_ns` (monotonic): beyond it only what was received is written, and
    /// the disk is given a moment. Blocks: not on the control loop, which must go on meanwhile.
    Left shut_down(std::int64_t deadline_ns);
    /// Makes shut_down() give up conversions. Any thread.
    void hurry();

 private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace st::server
